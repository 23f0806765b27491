"""Vidu: the enterprise API."""

from tracker.emulator.providers.vidu.provider import create

__all__ = ["create"]
