"""Events of a stream, by their standard and by what senders leave out of it.

https://html.spec.whatwg.org/multipage/server-sent-events.html, read 2026-11-29.
"""

import pytest

from tracker.domain.errors import BrokenTransfer
from tracker.providers.kit.event_stream import LONGEST_EVENT, EventStream


def _read(body: bytes, step: int) -> list[str]:
    stream = EventStream()
    found = [data for at in range(0, len(body), step) for data in stream.feed(body[at : at + step])]
    return found + list(stream.read_rest())


@pytest.mark.parametrize("step", [1, 2, 3, 10**6])
@pytest.mark.parametrize("end", [b"\n", b"\r", b"\r\n"])
@pytest.mark.parametrize(
    ("body", "events"),
    [
        (b"data: YHOO\ndata: +2\ndata: 10\n\n", ["YHOO\n+2\n10"]),
        (
            b": test\n\ndata: first\nid: 1\n\ndata:second\nid\n\ndata:  third\n",
            ["first", "second", " third"],
        ),
        (b"data\n\ndata\ndata\n\ndata:", ["", "\n", ""]),
        (b"data:test\n\ndata: test\n\n", ["test", "test"]),
        (b'data: {"a":\ndata:  1}\n\n', ['{"a":\n 1}']),
        (b"\xef\xbb\xbfdata: a\nretry: 10\nevent: x\nunknown: y\n\n\n\n", ["a"]),
        (b"\xef\xbb\xbf\xef\xbb\xbfdata: a\n\ndata: b\n\n", ["b"]),
        # What senders leave out: blank lines, and the end of the last line.
        (b'data: {"a": 1}\ndata: {"b": 2}\ndata: [DONE]', ['{"a": 1}', '{"b": 2}', "[DONE]"]),
        (b"data: text\ndata: [DONE]\n", ["text", "[DONE]"]),
        (b'data: [DONE]\ndata: {"late": 1}', ["[DONE]", '{"late": 1}']),
        (b"", []),
        (b"\xef\xbb\xbf", []),
    ],
)
def test_events_are_cut_by_the_standard(
    body: bytes, events: list[str], end: bytes, step: int
) -> None:
    assert _read(body.replace(b"\n", end), step) == events


def test_an_event_is_told_at_its_blank_line_and_not_later() -> None:
    stream = EventStream()
    assert list(stream.feed(b"data: a\r\n")) == []
    assert list(stream.feed(b"\r")) == ["a"]
    assert list(stream.feed(b"\ndata: b\r\n\r\n")) == ["b"]


@pytest.mark.parametrize("line", [b"x", b"data: x\n"])
def test_an_event_without_an_end_is_given_up(line: bytes) -> None:
    stream = EventStream()
    with pytest.raises(BrokenTransfer, match="longer than"):
        list(stream.feed(line * (LONGEST_EVENT // (len(line) - line.endswith(b"\n")) + 2)))
