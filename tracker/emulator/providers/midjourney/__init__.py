"""Midjourney proxies: two open ones, and a gateway in front of one."""

from tracker.emulator.providers.midjourney.provider import create

__all__ = ["create"]
