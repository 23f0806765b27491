"""Read a secret as it was meant: pasted, or read from a file that keeps quotation marks.

`docker run --env-file` and Kubernetes keep the marks of `NAME="value"`, which a shell and `.env`
files drop (docs.docker.com/reference/cli/docker/container/run, looked at 2026-11-28). Light: the
commands and the client start with it.
"""

import unicodedata

_PAIRS = {
    '"': '"',
    "'": "'",
    "`": "`",
    "“": "”",
    "‘": "’",
    "„": "“",
    "«": "»",
    "「": "」",
    "『": "』",
}
_MARKS = frozenset(_PAIRS) | frozenset(_PAIRS.values())
_FILLERS = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")
"""Letters and marks that show nothing."""


def strip_secret(text: str) -> str:
    """Return a secret without white space, invisible characters and paired quotation marks around.

    What stands inside stays.
    """
    while (inner := _remove_pair(_trim_text(text))) != text:
        text = inner
    return text


def split_secrets(text: str) -> tuple[str, ...]:
    """Return the secrets of a list with commas, each bare; the marks may be around all of it."""
    inner = strip_secret(text)
    whole = text if _MARKS.intersection(inner) else inner
    return tuple(word for part in whole.split(",") if (word := strip_secret(part)))


def find_lone_mark(text: str) -> str | None:
    """Return the quotation mark at one end of a secret that has no partner at the other."""
    ends = (text[:1], text[-1:])
    return next((end for end in ends if end and end in _MARKS), None)


def is_invisible(char: str) -> bool:
    """Tell whether a character shows nothing: formats, selectors of variants, fillers."""
    is_selector = "\ufe00" <= char <= "\ufe0f" or "\U000e0100" <= char <= "\U000e01ef"
    return is_selector or char in _FILLERS or unicodedata.category(char) in ("Cf", "Zl", "Zp")


def _trim_text(text: str) -> str:
    start, end = 0, len(text)
    while start < end and _is_blank(text[start]):
        start += 1
    while end > start and _is_blank(text[end - 1]):
        end -= 1
    return text[start:end]


def _is_blank(char: str) -> bool:
    return char.isspace() or is_invisible(char)


def _remove_pair(text: str) -> str:
    is_quoted = len(text) > 1 and _PAIRS.get(text[0]) == text[-1]
    return text[1:-1] if is_quoted else text
