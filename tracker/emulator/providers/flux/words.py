"""Scenario words for what Flux alone gets wrong. A table, no behaviour."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from tracker.emulator.core.words import ParameterKind, WordSpec

__all__ = ["FLUX_WORDS", "FluxWord"]


class FluxWord(StrEnum):
    """The scenario words of Flux."""

    CONTENT_MODERATED = "content_moderated"
    REQUEST_MODERATED = "request_moderated"
    NULL_COST = "null_cost"
    STATE_FIELD = "state_field"
    BARE_SIGNATURE = "bare_signature"
    POLL_URL_TOO = "poll_url_too"
    NO_SAMPLE = "no_sample"
    NO_CREDITS = "no_credits"
    ORIGIN_DOWN = "origin_down"
    LIMIT_IN_BODY = "limit_in_body"


FLUX_WORDS: Mapping[str, WordSpec] = MappingProxyType(
    {
        FluxWord.CONTENT_MODERATED: WordSpec("ends as Content Moderated, with reasons in details"),
        FluxWord.REQUEST_MODERATED: WordSpec("is Request Moderated at once"),
        FluxWord.NULL_COST: WordSpec("cost is null, in the create's answer and at the end"),
        FluxWord.STATE_FIELD: WordSpec("answers say `state`, in lower case, and not `status`"),
        FluxWord.BARE_SIGNATURE: WordSpec("signatures have no `sha256=` before them"),
        FluxWord.POLL_URL_TOO: WordSpec("a create with a webhook is told its poll URL too"),
        FluxWord.NO_SAMPLE: WordSpec(
            "the first N answers after the success have no sample", ParameterKind.TRIES, "2"
        ),
        FluxWord.NO_CREDITS: WordSpec("the create is refused with HTTP 402"),
        FluxWord.ORIGIN_DOWN: WordSpec(
            "HTTP 530 and a page for the first N creates", ParameterKind.TRIES, "1"
        ),
        FluxWord.LIMIT_IN_BODY: WordSpec(
            "HTTP 429 with retry_after in the body for the first N creates",
            ParameterKind.TRIES,
            "2",
        ),
    }
)
