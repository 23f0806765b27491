"""Runway: the official API, and the dialects of two kinds of gateways."""

from tracker.emulator.providers.runway.provider import create

__all__ = ["create"]
