"""Domo: the official API."""

from tracker.emulator.providers.domo.provider import create

__all__ = ["create"]
