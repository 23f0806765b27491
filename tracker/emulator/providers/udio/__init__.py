"""Udio behind gateways: songs by their ids, and tasks."""

from tracker.emulator.providers.udio.provider import create

__all__ = ["create"]
