"""Scenarios: the parser of the words for what goes wrong. Knows no task, clock or socket."""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from tracker.emulator.providers.kling.words import SPECS, Name, Param

__all__ = ["Scenario", "ScenarioError", "Tries", "find_marker"]


class ScenarioError(ValueError):
    """A scenario text that cannot be understood; the message says why."""


_ALIASES: Mapping[str, Name] = {
    "silent": Name.NO_CALLBACK,
    "success": Name.OK,
    "error_5000": Name.ERROR_5000_LOST,
    "error_5002": Name.ERROR_5002_LOST,
}
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

    params: Mapping[Name, str] = field(default_factory=dict)

    @classmethod
    def parse(cls, text: str) -> "Scenario":
        """Read `slow=30,duplicated=5`. Empty text means ok.

        Raises ScenarioError.
        """
        if len(text) > _MAX_TEXT:
            message = f"a scenario has at most {_MAX_TEXT} characters"
            raise ScenarioError(message)
        params: dict[Name, str] = {}
        for item in filter(None, (part.strip() for part in text.split(","))):
            word, _, given = item.partition("=")
            name = _name(word.strip())
            params[name] = _parameter(name, given.strip())
        return cls(MappingProxyType(params))

    def __str__(self) -> str:
        """The text that parses to this scenario again."""
        return ",".join(f"{n}={p}" if p else str(n) for n, p in self.params.items()) or "ok"

    def has(self, name: Name) -> bool:
        """Whether this word was given."""
        return name in self.params

    def count(self, name: Name) -> int:
        """The word's number; its default when the word was not given."""
        return int(self.params.get(name, SPECS[name].default))

    def seconds(self, name: Name) -> float:
        """The word's time in seconds; its default when the word was not given."""
        return _seconds(self.params.get(name, SPECS[name].default))

    def word(self, name: Name) -> str:
        """The word's own word; its default when the word was not given."""
        return self.params.get(name, SPECS[name].default)

    def tries(self, name: Name) -> Tries:
        """For how long this word makes trouble."""
        text = self.params.get(name, SPECS[name].default)
        return Tries(seconds=_seconds(text)) if text.endswith("s") else Tries(count=int(text))


def find_marker(text: str) -> str | None:
    """The inside of the first `[scenario:…]` in a text, for example in a prompt."""
    found = _MARKER.search(text)
    return found.group(1) if found else None


def _name(word: str) -> Name:
    try:
        return _ALIASES.get(word) or Name(word)
    except ValueError:
        message = f"unknown scenario {word[:64]!r}; known: {', '.join(Name)}"
        raise ScenarioError(message) from None


def _parameter(name: Name, given: str) -> str:
    spec = SPECS[name]
    if not given:
        return spec.default
    if spec.param is Param.WORD:
        good = _WORD.fullmatch(given) and (not spec.choices or given in spec.choices)
    elif spec.param is Param.COUNT:
        good = _is_count(given)
    elif spec.param is Param.SECONDS:
        good = _is_seconds(given)
    elif spec.param is Param.TRIES:
        good = _is_seconds(given) if given.endswith("s") else _is_count(given)
    else:
        good = False
    if not good:
        message = f"scenario {name!s} takes {spec.param.value}, not {given[:64]!r}"
        raise ScenarioError(message)
    return given


def _is_count(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= len(str(_MAX_NUMBER))


def _is_seconds(text: str) -> bool:
    try:
        number = _seconds(text)
    except ValueError:
        return False
    return math.isfinite(number) and 0 <= number <= _MAX_NUMBER


def _seconds(text: str) -> float:
    return float(text.removesuffix("s"))
