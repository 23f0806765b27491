"""The clock of an event loop, set ahead: what has a limit of time ends when a test says so."""

import asyncio

import pytest


class LoopTime:
    """The clock of the event loop that runs."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._ahead_s = 0.0
        loop = asyncio.get_running_loop()
        real = loop.time
        monkeypatch.setattr(loop, "time", lambda: real() + self._ahead_s)

    def move(self, seconds: float) -> None:
        """Let so many seconds pass at once."""
        self._ahead_s += seconds
