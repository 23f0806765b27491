"""Flux of Black Forest Labs: two regions of the API, and a gateway in front of it."""

from tracker.emulator.providers.flux.provider import create

__all__ = ["create"]
