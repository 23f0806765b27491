"""Spell a secret as answers do that encode what they repeat: base64, hex, UTF-16, capitals.

Redaction looks for these where few secrets are to be found, such as those of one call.
"""

import re
from base64 import b64encode
from collections.abc import Iterable

LEAST = 16
"""Characters of the shortest secret that is spelt so; shorter ones stand in other texts too."""
_PROBE = 8
"""Characters of a spelling that are searched for first: fewer are found faster than many."""
_PLAIN = re.compile(f"[A-Za-z0-9]{{{_PROBE}}}")
_URL_PROBES = ("Y2FsbGJhY2tz", "NhbGxiYWNrc", "jYWxsYmFja3", "63616c6c6261636b", "63616C6C6261636B")
"""How `callbacks`, which stands in the URL of every callback, is spelt wherever it begins."""
_SELDOM = "\0QZXJKVYWUGFHBPMDLNORCISATEqzjxkvwy"
"""Characters that few JSON texts hold, the rarest first."""


class EncodedSecrets:
    """Knows how some secrets are spelt, and looks for them in little time."""

    def __init__(self, secrets: Iterable[str]) -> None:
        """secrets: those below LEAST characters are left alone."""
        spelt = {secret: encoded(secret) for secret in secrets}
        by_probe = {
            _probe_of(spelling): spellings for spellings in spelt.values() for spelling in spellings
        }
        self._sought = [(_rarest(probe), probe, by_probe[probe]) for probe in by_probe]

    def found_in(self, text: str, token: str) -> tuple[str, ...]:
        """Return the spellings that a text may hold; nothing for most texts.

        token: of the callback URL that the text came to. It is looked for where the URL is.
        """
        found: set[str] = set()
        # A text is searched for one character in a fraction of the time that eight take.
        for seldom, probe, spellings in self._sought:
            if seldom in text and probe in text:
                found.update(spellings)
        for seldom, probe in _OF_URLS:
            if seldom in text and probe in text:
                found.update(encoded(token))
        return tuple(found)


def encoded(secret: str) -> tuple[str, ...]:
    """Return a secret's other spellings; none of a short one."""
    if len(secret) < LEAST:
        return ()
    raw = secret.encode("utf-8", "replace")
    pieces = {_core(raw, before) for before in range(3)}
    found = {
        *pieces,
        *(piece.replace("+", "-").replace("/", "_") for piece in pieces),
        *(raw.hex(), raw.hex().upper(), secret.upper(), secret.lower()),
        *(secret.encode(f"utf-16-{end}", "replace").decode("latin-1") for end in ("le", "be")),
    }
    return tuple(found - {secret})


def _core(raw: bytes, before: int) -> str:
    """Return the characters of base64 that a secret alone decides, with so many bytes before it."""
    text = b64encode(b"\0" * before + raw).decode().rstrip("=")
    is_whole = (before + len(raw)) % 3 == 0
    return text[before and before + 1 : None if is_whole else -1]


def _probe_of(spelling: str) -> str:
    """Return a part of a spelling that is written in one way only: no escape stands for a letter.

    A later one: the beginnings of keys are alike.
    """
    plain = _PLAIN.findall(spelling)
    return plain[-1] if plain else spelling[:_PROBE]


def _rarest(probe: str) -> str:
    """Return the character of a probe that the fewest texts hold."""
    return next((one for one in _SELDOM if one in probe), probe[0])


_OF_URLS = tuple((_rarest(probe), probe) for probe in _URL_PROBES)
