"""Which bytes of a file a request asks for (RFC 9110 section 14)."""

import re
from dataclasses import dataclass

_SINGLE = re.compile(r"bytes\s*=[\s,]*([0-9]{0,999})\s*-\s*([0-9]{0,999})[\s,]*", re.IGNORECASE)
"""Lists may hold empty members (RFC 9110 section 5.6.1.2)."""


@dataclass(frozen=True, slots=True)
class ByteRange:
    """Bytes from `start` to before `end` of `size`."""

    start: int
    end: int
    size: int

    @property
    def is_whole(self) -> bool:
        """Return true if it is the whole file."""
        return (self.start, self.end) == (0, self.size)

    @property
    def content_range(self) -> str:
        """The Content-Range field of an answer that holds it."""
        return f"bytes {self.start}-{self.end - 1}/{self.size}"


def find_range(header: str | None, size: int) -> ByteRange | None:
    """Return the one range that a Range field asks for; None where no byte of it is there.

    What is no single range of bytes is ignored, as RFC 9110 lets servers do: the whole file.
    """
    found = _SINGLE.fullmatch(header.strip()) if header else None
    first, last = found.groups() if found else ("", "")
    if not first and not last:
        return ByteRange(0, size, size)
    if not first:
        length = min(int(last), size)
        return ByteRange(size - length, size, size) if length else None
    start = int(first)
    if last and int(last) < start:
        return ByteRange(0, size, size)
    if start >= size:
        return None
    return ByteRange(start, min(int(last) + 1, size) if last else size, size)
