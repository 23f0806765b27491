"""Spell a secret as answers do that encode what they repeat: base64, hex, UTF-16, capitals.

Few characters of each spelling are searched for first, so that most texts cost little.
"""

import re
from base64 import b64encode
from collections.abc import Iterable

LEAST = 16
"""Characters of the shortest secret that is spelt so; shorter ones stand in other texts too."""
_PROBE = 12
"""Characters of a spelling that are searched for first: fewer are found faster than many."""
_PLAIN = re.compile("[A-Za-z0-9._~\0-]+")
_URL_PROBES = ("Y2FsbGJhY2tz", "NhbGxiYWNrc", "jYWxsYmFja3", "63616c6c6261636b", "63616C6C6261636B")
"""How `callbacks`, which stands in the URL of every callback, is spelt wherever it begins."""
_SELDOM = "\0QZXJKVYWUGFHBPMDLNORCISATEqzjxkvwy"
"""Characters that few JSON texts hold, the rarest first."""


class _Probes:
    """Texts that are looked for in a text which holds few of them, mostly none."""

    def __init__(self, probes: Iterable[str]) -> None:
        # A text is searched for one character in a fraction of the time that twelve take.
        self._by_seldom: dict[str, list[str]] = {}
        for probe in probes:
            self._by_seldom.setdefault(_choose_rarest(probe), []).append(probe)

    def find_in(self, text: str) -> list[str]:
        """Return those that a text holds."""
        found: list[str] = []
        for seldom, probes in self._by_seldom.items():
            if seldom in text:
                found += [probe for probe in probes if probe in text]
        return found


class EncodedSecrets:
    """Knows how some secrets are spelt, and looks for them in little time."""

    def __init__(self, secrets: Iterable[str]) -> None:
        """secrets: those below LEAST characters are left alone."""
        self._by_probe: dict[str, list[str]] = {}
        for secret in secrets:
            spellings = list_spellings(secret)
            for spelling in spellings:
                # Ends of keys may be alike, too: one probe then stands for several.
                self._by_probe.setdefault(_probe_of(spelling), []).extend(spellings)
        self._probes = _Probes(self._by_probe)

    def find_in(self, text: str) -> tuple[str, ...]:
        """Return the spellings that a text may hold; nothing for most texts."""
        probes = self._probes.find_in(text)
        return tuple({one for probe in probes for one in self._by_probe[probe]}) if probes else ()


def may_hold_callback_url(text: str) -> bool:
    """Return whether a text may hold the URL of a callback in base64 or hex."""
    return bool(_OF_URLS.find_in(text))


def list_spellings(secret: str) -> tuple[str, ...]:
    """Return a secret's other spellings; none of a short one."""
    if len(secret) < LEAST:
        return ()
    raw = secret.encode("utf-8", "replace")
    pieces = {_find_core(raw, before) for before in range(3)}
    found = {
        *pieces,
        *(piece.replace("+", "-").replace("/", "_") for piece in pieces),
        *(raw.hex(), raw.hex().upper(), secret.upper(), secret.lower()),
        *(secret.encode(f"utf-16-{end}", "replace").decode("latin-1") for end in ("le", "be")),
    }
    return tuple(found - {secret})


def _find_core(raw: bytes, before: int) -> str:
    """Return the characters of base64 that a secret alone decides, with so many bytes before it."""
    text = b64encode(b"\0" * before + raw).decode().rstrip("=")
    is_whole = (before + len(raw)) % 3 == 0
    return text[before and before + 1 : None if is_whole else -1]


def _probe_of(spelling: str) -> str:
    """Return a part of a spelling that is written in one way only: nothing in it is escaped.

    A later one where there are several: the beginnings of keys are alike.
    """
    plain = max(reversed(_PLAIN.findall(spelling)), key=len, default=spelling)
    return plain[-_PROBE:]


def _choose_rarest(probe: str) -> str:
    """Return the character of a probe that the fewest texts hold."""
    return next((one for one in _SELDOM if one in probe), probe[0])


_OF_URLS = _Probes(_URL_PROBES)
