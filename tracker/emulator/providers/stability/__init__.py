"""Stability: the REST API, v2beta."""

from tracker.emulator.providers.stability.provider import create

__all__ = ["create"]
