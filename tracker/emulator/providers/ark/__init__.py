"""Ark: the video tasks of Volcengine and BytePlus."""

from tracker.emulator.providers.ark.provider import create

__all__ = ["create"]
