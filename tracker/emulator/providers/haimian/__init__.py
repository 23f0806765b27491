"""Haimian music: the web page's calls, and Volcengine's music API."""

from tracker.emulator.providers.haimian.provider import create

__all__ = ["create"]
