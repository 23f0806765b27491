"""Read an answer that is either one object or a stream of events: its own beginning says which.

Headers do not: gateways send events as `application/json`, and an object where events were asked
for. Seen in public code on 2026-11-30.
"""

from collections.abc import Mapping
from typing import Any

from tracker.domain.errors import BrokenTransfer
from tracker.providers.kit.event_stream import EventStream
from tracker.providers.kit.reading import read_json

_MOST_TEXT = 1024 * 1024
"""Bytes of an answer without its files."""
_MARK_OF_ORDER = b"\xef\xbb\xbf"
"""Some writers of UTF-8 begin with it."""


class EventedAnswer:
    """Takes the pieces of an answer. See ports/adapter.StreamReader; a class gives its `finish`."""

    def __init__(self) -> None:
        """Nothing has come yet."""
        self._begun = bytearray()
        self._events: EventStream | None = None

    @property
    def has_events(self) -> bool:
        """Tell whether events have come; else the answer is one object."""
        return self._events is not None

    @property
    def progress(self) -> None:
        """Return nothing: pictures have no percentage."""
        return

    def read_whole(self) -> Any:
        """Return the JSON of an answer that is one object; None where it is none."""
        return _parse(self._begun)

    def read_event(self, event: Mapping[str, Any]) -> str:
        """Return what an event tells the client that waits; keep what the end needs."""
        raise NotImplementedError

    def feed(self, piece: bytes) -> str:
        """Return what more of the body tells. Raises BrokenTransfer for an endless object."""
        if self._events is not None:
            return "".join(map(self._parse_event, self._events.feed(piece)))
        self._begun += piece
        if len(self._begun) > _MOST_TEXT:
            raise BrokenTransfer(f"the answer is larger than {_MOST_TEXT} bytes")
        start = self._begun[:64].removeprefix(_MARK_OF_ORDER).lstrip()
        if _MARK_OF_ORDER.startswith(start) or start.startswith((b"{", b"[", b"<", b'"')):
            return ""
        self._events, begun = EventStream(), bytes(self._begun)
        return "".join(map(self._parse_event, self._events.feed(begun)))

    def read_rest(self) -> str:
        """Return what the end of the body adds."""
        return (
            ""
            if self._events is None
            else "".join(map(self._parse_event, self._events.read_rest()))
        )

    def _parse_event(self, data: str) -> str:
        event = _parse(data)
        return self.read_event(event) if isinstance(event, dict) else ""


def _parse(text: bytes | bytearray | str) -> Any:
    try:
        return read_json(bytes(text) if not isinstance(text, str) else text.encode())
    except ValueError:
        return None
