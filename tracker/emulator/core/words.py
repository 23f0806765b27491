"""Scenario words that every provider's emulator understands. A table, no behaviour."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

__all__ = ["CORE_WORDS", "CoreWord", "ParameterKind", "WordSpec", "Words", "describe_choice"]


class ParameterKind(StrEnum):
    """The forms of what may follow the `=` of a scenario word."""

    NONE = "none"
    COUNT = "count"
    SECONDS = "seconds"
    TRIES = "tries"
    """A count (`3`) or a time (`2s`): how long something goes wrong."""
    WORD = "word"


@dataclass(frozen=True, slots=True)
class WordSpec:
    """One scenario word: what it does and what it takes."""

    summary: str
    param: ParameterKind = ParameterKind.NONE
    default: str = ""
    choices: tuple[str, ...] = ()
    """Allowed words; empty: any."""
    aliases: tuple[str, ...] = ()
    """Other spellings of the same word."""


Words = Mapping[str, WordSpec]
"""Scenario words by name."""


def describe_choice(summary: str, *choices: str) -> WordSpec:
    """Describe a word that takes one of these; the first when it stands alone."""
    return WordSpec(summary, ParameterKind.WORD, choices[0], choices)


class CoreWord(StrEnum):
    """The scenario words of the core."""

    OK = "ok"
    FAILED = "failed"
    MODERATED = "moderated"
    REFUSED = "refused"
    FALSE_FAILURE = "false_failure"
    OVERTURNED = "overturned"
    SLOW = "slow"
    HOLD = "hold"
    STUCK = "stuck"
    UNKNOWN_WORD = "unknown_word"
    NO_CALLBACK = "no_callback"
    FINAL_ONLY = "final_only"
    DUPLICATED = "duplicated"
    REORDERED = "reordered"
    DELAYED = "delayed"
    FORGED = "forged"
    BAD_SIGNATURE = "bad_signature"
    UNSIGNED = "unsigned"
    STALE_SIGNATURE = "stale_signature"
    CALLBACK_FIRST = "callback_first"
    BUSY = "busy"
    RATE_LIMITED = "rate_limited"
    UNAVAILABLE = "unavailable"
    DOWN = "down"
    ERROR_LOST = "error_lost"
    ERROR_CREATED = "error_created"
    HTML_ERROR = "html_error"
    HTML_ERROR_CREATED = "html_error_created"
    CUT_BEFORE_ACCEPT = "cut_before_accept"
    CUT_AFTER_ACCEPT = "cut_after_accept"
    TIMEOUT = "timeout"
    LAX_IDS = "lax_ids"
    FORGOTTEN = "forgotten"
    DENIED = "denied"
    PURGED = "purged"
    LAGGING = "lagging"
    MUTE_QUERY = "mute_query"
    RATE_LIMITED_QUERY = "rate_limited_query"
    CUT_QUERY = "cut_query"
    SLOW_QUERY = "slow_query"
    HTML_QUERY = "html_query"
    HTML_OK = "html_ok"
    CANCEL_TOO_LATE = "cancel_too_late"
    CANCEL_SLOW = "cancel_slow"
    CANCEL_LOST = "cancel_lost"
    CANCEL_ERASES = "cancel_erases"
    RESIGNED = "resigned"
    MEDIA_EXPIRED = "media_expired"


_COUNT, _SECONDS, _TRIES = ParameterKind.COUNT, ParameterKind.SECONDS, ParameterKind.TRIES

CORE_WORDS: Words = MappingProxyType(
    {
        CoreWord.OK: WordSpec(
            "submitted, processing, succeed, each called back once", aliases=("success",)
        ),
        CoreWord.FAILED: WordSpec("accepted, later failed"),
        CoreWord.MODERATED: WordSpec("accepted, later failed with the risk control text"),
        CoreWord.REFUSED: WordSpec("refused at create for its content"),
        CoreWord.FALSE_FAILURE: WordSpec("failed first, and a step later succeeded after all"),
        CoreWord.OVERTURNED: WordSpec("succeeded first, and a step later failed"),
        CoreWord.SLOW: WordSpec("every step takes N seconds", _SECONDS, "30"),
        CoreWord.HOLD: WordSpec("nothing moves by itself; move it by the control route"),
        CoreWord.STUCK: WordSpec("goes through every step but the verdict, and stays there"),
        CoreWord.UNKNOWN_WORD: WordSpec(
            "an extra status word before processing", ParameterKind.WORD, "marinating"
        ),
        CoreWord.NO_CALLBACK: WordSpec(
            "no callback is ever sent (also: silent)", aliases=("silent",)
        ),
        CoreWord.FINAL_ONLY: WordSpec("only the verdict is called back"),
        CoreWord.DUPLICATED: WordSpec("each callback N times at once", _COUNT, "3"),
        CoreWord.REORDERED: WordSpec("the verdict is called back before processing is"),
        CoreWord.DELAYED: WordSpec("callbacks N seconds late", _SECONDS, "10"),
        CoreWord.FORGED: WordSpec(
            "two forged callbacks: wrong last path segment, and another task's ids"
        ),
        CoreWord.BAD_SIGNATURE: WordSpec("callbacks carry a signature that does not match"),
        CoreWord.UNSIGNED: WordSpec("callbacks carry no signature although a secret is set"),
        CoreWord.STALE_SIGNATURE: WordSpec("callbacks are signed with a time ten minutes ago"),
        CoreWord.CALLBACK_FIRST: describe_choice(
            "callbacks are answered before the create is: up to the verdict, or to processing",
            *("verdict", "processing"),
        ),
        CoreWord.BUSY: WordSpec("HTTP 429, too many at once, for the first N creates", _TRIES, "2"),
        CoreWord.RATE_LIMITED: WordSpec("HTTP 429 with Retry-After, N creates", _TRIES, "2"),
        CoreWord.UNAVAILABLE: WordSpec("HTTP 503 for the first N creates", _TRIES, "2"),
        CoreWord.DOWN: WordSpec("as the global scenario: every call is answered HTTP 503"),
        CoreWord.ERROR_LOST: WordSpec("HTTP 500, not created", _TRIES, "1"),
        CoreWord.ERROR_CREATED: WordSpec("HTTP 500, but created"),
        CoreWord.HTML_ERROR: WordSpec("HTTP 502 with an HTML page, not created", _TRIES, "1"),
        CoreWord.HTML_ERROR_CREATED: WordSpec("HTTP 502 with an HTML page, but created"),
        CoreWord.CUT_BEFORE_ACCEPT: WordSpec("connection aborted, not created", _TRIES, "1"),
        CoreWord.CUT_AFTER_ACCEPT: WordSpec(
            "created, then the connection is aborted with no answer"
        ),
        CoreWord.TIMEOUT: WordSpec("created, then never answered"),
        CoreWord.LAX_IDS: WordSpec("an external id may be used twice: counts what was really sent"),
        CoreWord.FORGOTTEN: WordSpec("not found by queries N s after creation", _SECONDS, "0"),
        CoreWord.DENIED: WordSpec("not found by the first N queries after creation", _TRIES, "2"),
        CoreWord.PURGED: WordSpec("purged N s after its end", _SECONDS, "0"),
        CoreWord.LAGGING: WordSpec("lists show the task N s after its creation", _SECONDS, "30"),
        CoreWord.MUTE_QUERY: WordSpec("the first N queries answer HTTP 500", _TRIES, "3"),
        CoreWord.RATE_LIMITED_QUERY: WordSpec(
            "the first N queries answer HTTP 429 with Retry-After", _TRIES, "3"
        ),
        CoreWord.CUT_QUERY: WordSpec(
            "the connection of the first N queries is aborted", _TRIES, "3"
        ),
        CoreWord.SLOW_QUERY: WordSpec("queries are answered after N seconds", _SECONDS, "2"),
        CoreWord.HTML_QUERY: WordSpec(
            "the first N queries answer HTTP 404 and a page", _TRIES, "3"
        ),
        CoreWord.HTML_OK: WordSpec("the first N queries answer HTTP 200 and a page", _TRIES, "3"),
        CoreWord.CANCEL_TOO_LATE: WordSpec("a cancel comes too late, and the task goes on"),
        CoreWord.CANCEL_SLOW: WordSpec("a cancel takes effect a step later"),
        CoreWord.CANCEL_LOST: WordSpec("a cancel is acknowledged, but the task goes on"),
        CoreWord.CANCEL_ERASES: WordSpec("a cancel erases the task"),
        CoreWord.RESIGNED: WordSpec("result addresses are signed anew in every answer"),
        CoreWord.MEDIA_EXPIRED: WordSpec(
            "result addresses answer HTTP 403 N s after they were signed", _SECONDS, "60"
        ),
    }
)
