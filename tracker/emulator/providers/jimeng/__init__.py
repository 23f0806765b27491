"""Jimeng: Volcengine's visual API, which checks signatures, and relays in front of it."""

from tracker.emulator.providers.jimeng.provider import create

__all__ = ["create"]
