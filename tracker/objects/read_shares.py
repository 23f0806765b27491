"""How much of a file is read at once, by how many files are read: who reads may take none of it."""

from collections.abc import Iterator
from contextlib import contextmanager

FIRST_BYTES = 64 * 1024
"""Of a file's first block: a player need not wait for more."""
_LEAST_BYTES, _MOST_BYTES = 16 * 1024, 1024 * 1024
"""Of each further block."""
_HELD_BYTES = 16 * 1024 * 1024
"""Of the blocks of all, where they are larger than the least."""


class ReadShares:
    """Shares memory among the files that one store reads now."""

    def __init__(self) -> None:
        """Nothing is read."""
        self._open = 0

    @contextmanager
    def begin(self) -> Iterator[None]:
        """Read one file more within the block."""
        self._open += 1
        try:
            yield
        finally:
            self._open -= 1

    @property
    def block_bytes(self) -> int:
        """Return how long a block may be now."""
        return min(_MOST_BYTES, max(_LEAST_BYTES, _HELD_BYTES // max(self._open, 1)))
