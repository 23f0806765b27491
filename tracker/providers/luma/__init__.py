"""Luma's Dream Machine API: the adapter, and the front for its clients."""
