"""Wan: the task API of DashScope."""

from tracker.emulator.providers.wan.provider import create

__all__ = ["create"]
