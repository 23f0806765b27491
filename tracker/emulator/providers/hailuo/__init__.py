"""MiniMax Hailuo: both generations of its API."""

from tracker.emulator.providers.hailuo.provider import create

__all__ = ["create"]
