"""Luma: the Dream Machine API."""

from tracker.emulator.providers.luma.provider import create

__all__ = ["create"]
