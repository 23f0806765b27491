"""Stability AI's REST API (v2beta): the adapter, and the front for its clients."""
