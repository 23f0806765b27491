"""Creates of the made-up provider whose answer is a stream, and how its front shows them."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from tracker.domain.observation import Observation
from tracker.domain.outcome import Accepted, SubmitOutcome, Unknown
from tracker.domain.task import Task
from tracker.providers.ports.account import Account
from tracker.providers.ports.adapter import Sending

TELL = "tell"
"""The operation. Its answer has a line of JSON for each piece: `{text}`, and at last `{end}`."""
LASTS_S = 60.0


class MadeUpReader:
    """Reads lines; the one with a statement under `end` ends them."""

    def __init__(self, observe: Callable[[dict[str, Any]], Observation]) -> None:
        self._observe = observe
        self._line = b""
        self._end: dict[str, Any] | None = None
        self.progress: float | None = None

    def feed(self, piece: bytes) -> str:
        """Return the text of the lines that are whole by now."""
        *lines, self._line = (self._line + piece).split(b"\n")
        text = ""
        for line in lines:
            said = json.loads(line)
            self._end = said.get("end", self._end)
            text += said.get("text", "")
            self.progress = said.get("progress", self.progress)
        return text

    def read_rest(self) -> str:
        """Return nothing: a line that has no end is none."""
        return ""

    def finish(self, text: str, broken: str | None) -> SubmitOutcome:
        """Believe the end alone, of what did not break."""
        if self._end is None or broken is not None:
            return Unknown(broken or f"no end after {text!r}")
        return Accepted(None, said=self._observe(self._end))


@dataclass(frozen=True)
class MadeUpStreams:
    """See providers/ports/adapter.py. observe: reads a statement."""

    observe: Callable[[dict[str, Any]], Observation]

    def get_time_limit_s(self, account: Account, operation: str) -> float | None:
        """One operation streams."""
        del account
        return LASTS_S if operation == TELL else None

    def make_reader(self, sending: Sending, headers: Mapping[str, str]) -> MadeUpReader:
        """All answers alike."""
        del sending, headers
        return MadeUpReader(self.observe)


class MadeUpTextStream:
    """Plain text: the id, what comes, and at last the state."""

    media_type = "text/plain"
    has_files = False
    beat = b"~"

    def begin(self, task: Task) -> bytes:
        """Name the task."""
        return f"{task.id}\n".encode()

    def write_piece(self, task: Task, text: str) -> bytes:
        """Return the text unchanged."""
        del task
        return text.encode()

    def end(self, task: Task) -> bytes:
        """Tell the state."""
        return f"\n{task.state.value}".encode()
