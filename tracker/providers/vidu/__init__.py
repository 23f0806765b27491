"""Vidu: the adapter, and the front for its clients."""
