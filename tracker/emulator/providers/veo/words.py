"""Scenario words for what Google alone gets wrong. A table, no behaviour."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from tracker.emulator.core.words import ParameterKind, WordSpec

__all__ = ["VEO_WORDS", "VeoWord"]


class VeoWord(StrEnum):
    """The scenario words of Google."""

    FILTERED = "filtered"
    PARTLY_FILTERED = "partly_filtered"
    NOTHING = "nothing"
    NO_URI = "no_uri"
    INLINE_MB = "inline_mb"
    QUOTA = "quota"
    NO_BILLING = "no_billing"
    KEY_INVALID = "key_invalid"
    ACTION_NEEDED = "action_needed"
    INCOMPLETE = "incomplete"
    OVER_BUDGET = "over_budget"
    WRONG_AUDIENCE = "wrong_audience"
    HS256 = "hs256"
    TOKEN_ENDED = "token_ended"  # noqa: S105 - no secret
    KEYS_ROTATED = "keys_rotated"
    KEYS_DOWN = "keys_down"
    EXCHANGE_REFUSED = "exchange_refused"
    EXCHANGE_DOWN = "exchange_down"
    SHORT_TOKENS = "short_tokens"
    WEBHOOK_DEAD = "webhook_dead"


_COUNT, _TRIES = ParameterKind.COUNT, ParameterKind.TRIES

VEO_WORDS: Mapping[str, WordSpec] = MappingProxyType(
    {
        VeoWord.FILTERED: WordSpec("done without a video: all were filtered for their content"),
        VeoWord.PARTLY_FILTERED: WordSpec("half of the videos were filtered for their content"),
        VeoWord.NOTHING: WordSpec(
            "the first N answers after the end have neither a video nor a reason", _TRIES, "1000"
        ),
        VeoWord.NO_URI: WordSpec("done with videos that name no address"),
        VeoWord.INLINE_MB: WordSpec("videos within answers of Vertex AI have N MB", _COUNT, "40"),
        VeoWord.QUOTA: WordSpec("HTTP 429 with RetryInfo alone, for N creates", _TRIES, "1"),
        VeoWord.NO_BILLING: WordSpec("HTTP 400, FAILED_PRECONDITION: billing is off"),
        VeoWord.KEY_INVALID: WordSpec("HTTP 400, API_KEY_INVALID"),
        VeoWord.ACTION_NEEDED: WordSpec("an interaction stops at requires_action"),
        VeoWord.INCOMPLETE: WordSpec("an interaction ends as incomplete"),
        VeoWord.OVER_BUDGET: WordSpec("an interaction ends as budget_exceeded"),
        VeoWord.WRONG_AUDIENCE: WordSpec("the JWT of a callback is for another audience"),
        VeoWord.HS256: WordSpec("the JWT of a callback is signed by HS256"),
        VeoWord.TOKEN_ENDED: WordSpec("the JWT of a callback has expired"),
        VeoWord.KEYS_ROTATED: WordSpec("callbacks are signed with a key published since then"),
        VeoWord.KEYS_DOWN: WordSpec("as the global scenario: the keys answer HTTP 503"),
        VeoWord.EXCHANGE_REFUSED: WordSpec(
            "as the global scenario: exchanges for a token answer HTTP 400, invalid_grant"
        ),
        VeoWord.EXCHANGE_DOWN: WordSpec(
            "as the global scenario: exchanges for a token answer HTTP 503"
        ),
        VeoWord.SHORT_TOKENS: WordSpec("as the global scenario: tokens live N s", _COUNT, "2"),
        VeoWord.WEBHOOK_DEAD: WordSpec(
            "as the global scenario: webhooks are disabled_due_to_failed_deliveries"
        ),
    }
)
