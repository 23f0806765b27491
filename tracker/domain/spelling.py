"""Find what a misspelt word probably means. Pure."""

from collections.abc import Iterable


def find_closest(word: str, known: Iterable[str], *, cutoff: float = 0.5) -> str | None:
    """Return the known word that is most like this one; None when none is alike.

    cutoff: how much alike, from 0 to 1, as difflib measures it.
    """
    from difflib import get_close_matches  # noqa: PLC0415 - only where a word was wrong

    by_lower = {one.lower(): one for one in known}
    found = get_close_matches(word.lower(), by_lower, n=1, cutoff=cutoff)
    return by_lower[found[0]] if found else None


def build_hint(word: str, known: Iterable[str]) -> str:
    """Return `; did you mean X?` for an error's end; empty when nothing is alike."""
    found = find_closest(word, known)
    return f"; did you mean {found}?" if found else ""
