"""Suno's four protocols in front of our tasks."""

from tracker.providers.suno.front.front import SunoFront

__all__ = ["SunoFront"]
