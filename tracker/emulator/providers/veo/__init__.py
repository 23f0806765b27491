"""Veo: the Gemini API, Vertex AI and Interactions."""

from tracker.emulator.providers.veo.provider import create

__all__ = ["create"]
