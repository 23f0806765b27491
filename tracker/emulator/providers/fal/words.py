"""Scenario words for what fal alone gets wrong. A table, no behaviour."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from tracker.emulator.core.words import ParameterKind, WordSpec

__all__ = ["FAL_WORDS", "FalWord"]


class FalWord(StrEnum):
    """The scenario words of fal."""

    SILENT_FAILURE = "silent_failure"
    MODEL_BROKEN = "model_broken"
    PAYLOAD_ERROR = "payload_error"
    RESULT_GONE = "result_gone"
    RESULT_EARLY = "result_early"
    RESULT_BROKEN = "result_broken"
    GATEWAY_ID = "gateway_id"
    ROTATED = "rotated"
    KEYS_AWAY = "keys_away"
    ORIGIN_DOWN = "origin_down"
    LARGE_RESULT = "large_result"
    NSFW = "nsfw"
    LOCKED = "locked"
    CANCELLED_HIDDEN = "cancelled_hidden"
    FOREIGN_ADDRESSES = "foreign_addresses"


FAL_WORDS: Mapping[str, WordSpec] = MappingProxyType(
    {
        FalWord.SILENT_FAILURE: WordSpec(
            "fails with COMPLETED and no error in its status: the result alone says HTTP 422"
        ),
        FalWord.MODEL_BROKEN: WordSpec("as silent_failure, with HTTP 500 for ever"),
        FalWord.PAYLOAD_ERROR: WordSpec(
            "the webhook of a success has payload_error and no payload"
        ),
        FalWord.RESULT_GONE: WordSpec(
            "the result answers HTTP 404 so long after the end", ParameterKind.SECONDS, "360"
        ),
        FalWord.RESULT_EARLY: WordSpec(
            "the result says `still in progress` the first N times after COMPLETED",
            ParameterKind.TRIES,
            "2",
        ),
        FalWord.RESULT_BROKEN: WordSpec(
            "the result answers HTTP 500 the first N times", ParameterKind.TRIES, "2"
        ),
        FalWord.GATEWAY_ID: WordSpec("gateway_request_id is another one than request_id"),
        FalWord.ROTATED: WordSpec(
            "webhooks are signed with a new key, which is published when the first one leaves"
        ),
        FalWord.KEYS_AWAY: WordSpec(
            "the key set answers HTTP 503 the first N times", ParameterKind.TRIES, "2"
        ),
        FalWord.ORIGIN_DOWN: WordSpec(
            "HTTP 530 and a page for the first N questions", ParameterKind.TRIES, "2"
        ),
        FalWord.LARGE_RESULT: WordSpec(
            "the result holds a data URL of so many MiB", ParameterKind.COUNT, "2"
        ),
        FalWord.NSFW: WordSpec("has_nsfw_concepts is true in a success"),
        FalWord.LOCKED: WordSpec("the create is refused with HTTP 403: the balance is exhausted"),
        FalWord.CANCELLED_HIDDEN: WordSpec("a cancelled request answers HTTP 404"),
        FalWord.FOREIGN_ADDRESSES: WordSpec(
            "a create's addresses lead to a host that is not fal's"
        ),
    }
)
