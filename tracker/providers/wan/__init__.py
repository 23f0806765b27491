"""Wan of DashScope (Model Studio): the adapter, and the front for its clients."""
