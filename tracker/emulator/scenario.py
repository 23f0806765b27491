"""Scenarios: the words for what goes wrong, and their parser. Knows no task, clock or socket."""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType

__all__ = ["SPECS", "Name", "Param", "Scenario", "ScenarioError", "Spec", "find_marker"]


class ScenarioError(ValueError):
    """A scenario text that cannot be understood; the message says why."""


class Name(StrEnum):
    """Every scenario word."""

    OK = "ok"
    FAILED = "failed"
    MODERATED = "moderated"
    REFUSED = "refused"
    SLOW = "slow"
    HOLD = "hold"
    STUCK = "stuck"
    NO_CALLBACK = "no_callback"
    DUPLICATED = "duplicated"
    REORDERED = "reordered"
    DELAYED = "delayed"
    FORGED = "forged"
    BAD_SIGNATURE = "bad_signature"
    CALLBACK_FIRST = "callback_first"
    BUSY = "busy"
    RATE_LIMITED = "rate_limited"
    UNAVAILABLE = "unavailable"
    DOWN = "down"
    ERROR_5000_LOST = "error_5000_lost"
    ERROR_5000_CREATED = "error_5000_created"
    ERROR_5002_LOST = "error_5002_lost"
    ERROR_5002_CREATED = "error_5002_created"
    HTML_ERROR = "html_error"
    HTML_ERROR_CREATED = "html_error_created"
    CUT_BEFORE_ACCEPT = "cut_before_accept"
    CUT_AFTER_ACCEPT = "cut_after_accept"
    TIMEOUT = "timeout"
    LAX_IDS = "lax_ids"
    UNKNOWN_WORD = "unknown_word"
    UPPER_CASE = "upper_case"
    SECONDS = "seconds"
    ENVELOPED = "enveloped"
    OTHER_ID = "other_id"
    THIN_CALLBACK = "thin_callback"
    CODE_STRING = "code_string"
    FORGOTTEN = "forgotten"
    MUTE_QUERY = "mute_query"
    SLOW_QUERY = "slow_query"


class Param(StrEnum):
    """What may follow the `=` of a scenario word."""

    NONE = "none"
    COUNT = "count"
    SECONDS = "seconds"
    TRIES = "tries"
    """A count (`3`) or a time (`2s`): how long something goes wrong."""
    WORD = "word"


@dataclass(frozen=True, slots=True)
class Spec:
    """One scenario word: what it does and what it takes."""

    summary: str
    param: Param = Param.NONE
    default: str = ""
    choices: tuple[str, ...] = ()
    """Allowed words; empty: any."""


SPECS: Mapping[Name, Spec] = MappingProxyType(
    {
        Name.OK: Spec("submitted, processing, succeed, each called back once"),
        Name.FAILED: Spec("accepted, later failed"),
        Name.MODERATED: Spec("accepted, later failed with the risk control text"),
        Name.REFUSED: Spec("refused at create: HTTP 400, code 1301"),
        Name.SLOW: Spec("every step takes N seconds", Param.SECONDS, "30"),
        Name.HOLD: Spec("nothing moves by itself; move it by the control route"),
        Name.STUCK: Spec("reaches processing and stays there"),
        Name.NO_CALLBACK: Spec("no callback is ever sent (also: silent)"),
        Name.DUPLICATED: Spec("each callback N times at once", Param.COUNT, "3"),
        Name.REORDERED: Spec("the verdict is called back before processing is"),
        Name.DELAYED: Spec("callbacks N seconds late", Param.SECONDS, "10"),
        Name.FORGED: Spec("two forged callbacks: wrong last path segment, and another task's ids"),
        Name.BAD_SIGNATURE: Spec("callbacks carry a signature that does not match"),
        Name.CALLBACK_FIRST: Spec(
            "callbacks are answered before the create is: up to the verdict, or to processing",
            Param.WORD,
            "verdict",
            ("verdict", "processing"),
        ),
        Name.BUSY: Spec("HTTP 429, code 1303 for the first N creates", Param.TRIES, "2"),
        Name.RATE_LIMITED: Spec("HTTP 429, code 1302, Retry-After, N creates", Param.TRIES, "2"),
        Name.UNAVAILABLE: Spec("HTTP 503, code 5001 for the first N creates", Param.TRIES, "2"),
        Name.DOWN: Spec("as the global scenario: every call is answered HTTP 503, code 5001"),
        Name.ERROR_5000_LOST: Spec("HTTP 500, code 5000, not created", Param.TRIES, "1"),
        Name.ERROR_5000_CREATED: Spec("HTTP 500, code 5000, but created"),
        Name.ERROR_5002_LOST: Spec("HTTP 504, code 5002, not created", Param.TRIES, "1"),
        Name.ERROR_5002_CREATED: Spec("HTTP 504, code 5002, but created"),
        Name.HTML_ERROR: Spec("HTTP 502 with an HTML page, not created", Param.TRIES, "1"),
        Name.HTML_ERROR_CREATED: Spec("HTTP 502 with an HTML page, but created"),
        Name.CUT_BEFORE_ACCEPT: Spec("connection aborted, not created", Param.TRIES, "1"),
        Name.CUT_AFTER_ACCEPT: Spec("created, then the connection is aborted with no answer"),
        Name.TIMEOUT: Spec("created, then never answered"),
        Name.LAX_IDS: Spec("an external id may be used twice: counts what was really sent"),
        Name.UNKNOWN_WORD: Spec("an extra status word before processing", Param.WORD, "marinating"),
        Name.UPPER_CASE: Spec("status words in capitals"),
        Name.SECONDS: Spec("times in whole seconds"),
        Name.ENVELOPED: Spec("callback bodies inside the answer envelope"),
        Name.OTHER_ID: Spec("callbacks name another task id than the create answer did"),
        Name.THIN_CALLBACK: Spec("callbacks list only images and videos, nothing else"),
        Name.CODE_STRING: Spec('code is "success" instead of 0'),
        Name.FORGOTTEN: Spec("not found by queries N s after creation", Param.SECONDS, "0"),
        Name.MUTE_QUERY: Spec("the first N queries answer HTTP 500, code 5000", Param.TRIES, "3"),
        Name.SLOW_QUERY: Spec("queries are answered after N seconds", Param.SECONDS, "2"),
    }
)

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
