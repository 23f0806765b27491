"""fal: its queue, the calls of `fal.run` that wait, and the keys that sign its webhooks."""

from tracker.emulator.providers.fal.provider import create

__all__ = ["create"]
