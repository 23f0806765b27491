"""Recraft: pictures in the answer to the call, and the price in it."""

from tracker.emulator.providers.recraft.provider import create

__all__ = ["create"]
