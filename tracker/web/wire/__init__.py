"""Connections, before a request is whole: what they may send and hold, and for how long."""
