"""Connections, before a request is whole."""
