"""Suno: gateways, raw songs, resellers, a self-hosted server."""

from tracker.emulator.providers.suno.provider import create

__all__ = ["create"]
