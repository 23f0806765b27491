"""Find out whether a piece of a longer text may end within something that is looked for."""

from typing import AnyStr


def count_overlap(piece: AnyStr, mark: AnyStr) -> int:
    """Return how many characters or bytes at the end of a piece are the beginning of a mark."""
    sizes = range(min(len(piece), len(mark) - 1), 0, -1)
    return next((size for size in sizes if piece.endswith(mark[:size])), 0)
