"""Flux of Black Forest Labs: the official API, and gateways that serve it."""
