"""Kling: both dialects of its API, and three gateways that relay it."""

from tracker.emulator.providers.kling.provider import create

__all__ = ["create"]
