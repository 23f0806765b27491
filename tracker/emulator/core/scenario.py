"""Scenarios: the parser of the words for what goes wrong. Knows no task, clock or socket."""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from types import MappingProxyType

from tracker.emulator.core.words import CORE_WORDS, ParameterKind, Words, WordSpec

__all__ = ["Scenario", "ScenarioError", "Tries", "find_marker"]


class ScenarioError(ValueError):
    """A scenario text that cannot be understood; the message says why."""


_MARKER = re.compile(r"\[scenario:([^\[\]]{1,500})\]")
_WORD = re.compile(r"[A-Za-z0-9_-]{1,64}")
_MAX_NUMBER = 1_000_000_000
_MAX_TEXT = 500


@dataclass(frozen=True, slots=True)
class Tries:
    """For how long something goes wrong: a number of tries or a time, never both."""

    count: int | None = None
    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Scenario:
    """A parsed scenario: words, each with its parameter as text (default filled in)."""

    params: Mapping[str, str] = field(default_factory=dict)
    words: Words = field(default_factory=lambda: CORE_WORDS, compare=False, repr=False)
    """The vocabulary that it was parsed with."""

    @classmethod
    def parse(cls, text: str, words: Words = CORE_WORDS) -> "Scenario":
        """Read `slow=30,duplicated=5` with a vocabulary. Empty text means ok.

        Raises ScenarioError.
        """
        if len(text) > _MAX_TEXT:
            message = f"a scenario has at most {_MAX_TEXT} characters"
            raise ScenarioError(message)
        params: dict[str, str] = {}
        for item in filter(None, (part.strip() for part in text.split(","))):
            word, _, given = item.partition("=")
            name = _find_name(word.strip(), words)
            params[name] = _parse_parameter(name, words[name], given.strip())
        return cls(MappingProxyType(params), words)

    def __str__(self) -> str:
        """Write the text that parses to this scenario again."""
        return ",".join(f"{n}={p}" if p else str(n) for n, p in self.params.items()) or "ok"

    def has(self, name: str) -> bool:
        """Return whether this word was given."""
        return name in self.params

    def count(self, name: str) -> int:
        """Return the word's number; its default when the word was not given."""
        return int(self.read_word(name))

    def read_seconds(self, name: str) -> float:
        """Return the word's time in seconds; its default when the word was not given."""
        return _parse_seconds(self.read_word(name))

    def read_word(self, name: str) -> str:
        """Return the word's parameter; its default when the word was not given."""
        given = self.params.get(name)
        return self.words[name].default if given is None else given

    def read_tries(self, name: str) -> Tries:
        """Return for how long this word makes trouble."""
        text = self.read_word(name)
        return Tries(seconds=_parse_seconds(text)) if text.endswith("s") else Tries(count=int(text))


def find_marker(text: str) -> str | None:
    """Return the inside of the first `[scenario:…]` in a text, for example in a prompt."""
    found = _MARKER.search(text)
    return found.group(1) if found else None


def _find_name(word: str, words: Words) -> str:
    for name, spec in words.items():
        if word == name or word in spec.aliases:
            return str(name)
    message = f"unknown scenario {word[:64]!r}; known: {', '.join(words)}"
    near = get_close_matches(word.lower(), words, n=1)
    raise ScenarioError(f"{message}; did you mean {near[0]}?" if near else message)


def _parse_parameter(name: str, spec: WordSpec, given: str) -> str:
    if not given:
        return spec.default
    match spec.param:
        case ParameterKind.WORD:
            good = bool(_WORD.fullmatch(given)) and (not spec.choices or given in spec.choices)
        case ParameterKind.COUNT:
            good = _is_count(given)
        case ParameterKind.SECONDS:
            good = _is_seconds(given)
        case ParameterKind.TRIES:
            good = _is_seconds(given) if given.endswith("s") else _is_count(given)
        case ParameterKind.NONE:
            good = False
    if not good:
        message = f"scenario {name!s} takes {spec.param.value}, not {given[:64]!r}"
        raise ScenarioError(message)
    return given


def _is_count(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= len(str(_MAX_NUMBER))


def _is_seconds(text: str) -> bool:
    try:
        number = _parse_seconds(text)
    except ValueError:
        return False
    return math.isfinite(number) and 0 <= number <= _MAX_NUMBER


def _parse_seconds(text: str) -> float:
    return float(text.removesuffix("s"))
