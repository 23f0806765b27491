"""MiniMax Hailuo, both generations of its API: the adapter, and the front for its clients."""
