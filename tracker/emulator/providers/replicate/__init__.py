"""Replicate: predictions by model, version or deployment, with signed callbacks."""

from tracker.emulator.providers.replicate.provider import create

__all__ = ["create"]
