"""The Kling-compatible front: Kling's routes, envelope, words and error codes."""

from tracker.providers.kling.front.front import PREFIXES, SAID, KlingFront

__all__ = ["PREFIXES", "SAID", "KlingFront"]
