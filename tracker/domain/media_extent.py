"""The end of a file by its own account: whether what came of it is whole. Pure.

A length that an origin announces may be too short. Most containers say how long they are, or how
they end. What a file says is followed while its bytes come, by a few bytes of each of its pieces:
see extent_walks.py. Whatever is behind the end is not looked at, and a length that is not known is
no flaw.
"""

from tracker.domain.extent_walks import WALKS, Walk, Wish, walk_boxes
from tracker.domain.model_extent_walks import (
    MODEL_WALKS,
    may_be_safetensors,
    walk_safetensors,
)
from tracker.domain.sound_extent_walks import SOUND_WALKS

_MOST_STEPS = 100_000
"""Pieces that are followed; a file of more, such as one of empty chunks, is believed."""


class MediaExtent:
    """Follows one file. Use it once."""

    def __init__(self) -> None:
        """Nothing has come yet."""
        self._walk = _walk_file()
        self._wish: Wish | None = next(self._walk)
        self._held = b""
        self._size = self._steps = 0
        self._is_over = False

    def feed(self, piece: bytes) -> None:
        """Take the next bytes of the file."""
        start = self._size - len(self._held)
        self._size += len(piece)
        data = self._held + piece if self._held else piece
        self._held = b""
        while self._wish is not None:
            at, wanted, _ = self._wish
            begin = max(at - start, 0)
            if isinstance(wanted, int):
                if begin + wanted > len(data):
                    self._held = data[begin:]
                    return
                self._step(data[begin : begin + wanted])
            elif (found := data.find(wanted, begin)) < 0:
                self._held = data[max(begin, len(data) - len(wanted) + 1) :]
                return
            else:
                self._step((start + found).to_bytes(8))

    @property
    def is_hint(self) -> bool:
        """Tell whether players do without what this file says of its length, right or wrong."""
        return self._wish is not None and self._wish[2] is None

    def find_flaw(self) -> str | None:
        """Return why what has come is not whole; None where it is, or where nobody knows."""
        if self._wish is None:
            return None
        at, _, may_end = self._wish
        if self._size < at:
            return f"the file is cut: it says that it has {at} bytes or more, and {self._size} came"
        return None if may_end else f"the file is cut: {self._size} bytes came without its end"

    def is_whole(self) -> bool:
        """Return whether the file says that all of it has come."""
        if self._wish is None:
            return self._is_over
        at, _, may_end = self._wish
        return 0 < at <= self._size and may_end is True

    def _step(self, seen: bytes) -> None:
        self._steps += 1
        try:
            self._wish = self._walk.send(seen)
        except StopIteration as over:
            self._wish, self._is_over = None, over.value
        if self._steps > _MOST_STEPS:
            self._wish = None


def _walk_file() -> Walk:
    first = yield 0, 12, True
    if first[4:8] == b"ftyp":
        return (yield from walk_boxes())
    for mark, walk in (*WALKS.items(), *SOUND_WALKS.items(), *MODEL_WALKS.items()):
        if first.startswith(mark):
            return (yield from walk())
    if may_be_safetensors(first):
        return (yield from walk_safetensors(int.from_bytes(first[:8], "little")))
    return False
