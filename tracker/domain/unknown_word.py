"""How a receipt says which status word of a provider is unknown, and how that is read again."""

_BEFORE, _AFTER = "the status word '", "' is unknown"
_LONGEST = 200


def reason_of(word: str) -> str:
    """Return the reason that a receipt of an unknown word is kept with."""
    return f"{_BEFORE}{word[:_LONGEST]}{_AFTER}"


def word_of(reason: str) -> str:
    """Return the word that a receipt's reason names; the whole reason where it names none."""
    is_ours = reason.startswith(_BEFORE) and reason.endswith(_AFTER)
    return reason[len(_BEFORE) : -len(_AFTER)] if is_ours else reason
