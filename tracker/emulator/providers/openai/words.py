"""Scenario words for the errors that gateways of videos alone make. A table, no behaviour."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from tracker.emulator.core.words import ParameterKind, WordSpec, describe_choice

__all__ = ["OPENAI_WORDS", "OpenAIWord"]


class OpenAIWord(StrEnum):
    """The scenario words of gateways of videos."""

    EMPTY_STATUS = "empty_status"
    UNKNOWN_STATUS = "unknown_status"
    SWEEP_TIMEOUT = "sweep_timeout"
    CHANNEL_REMOVED = "channel_removed"
    NO_REASON = "no_reason"
    EXPIRES = "expires"
    STUCK_PROGRESS = "stuck_progress"
    URL_IN_FAIL_REASON = "url_in_fail_reason"
    DONE_WITHOUT_URL = "done_without_url"
    TWO_UPSTREAMS = "two_upstreams"
    REFUND_LATE = "refund_late"
    REFUND_TWICE = "refund_twice"
    CHARGED_FAILURE = "charged_failure"
    NOT_IMPLEMENTED = "not_implemented"
    MULTIPART_ONLY = "multipart_only"
    SATURATED = "saturated"
    NO_CHANNEL = "no_channel"
    NO_QUOTA = "no_quota"
    STRING_NUMBERS = "string_numbers"
    FOREIGN_WORDS = "foreign_words"
    WRAPPED = "wrapped"
    ERROR_TEXT = "error_text"
    CONTENT_REDIRECT = "content_redirect"
    UNKNOWN_404 = "unknown_404"
    GATEWAY_TIMEOUT = "gateway_timeout"
    CUT_LATE = "cut_late"
    ONE_LESS = "one_less"
    NO_PICTURE = "no_picture"
    INCOMPLETE = "incomplete"


OPENAI_WORDS: Mapping[str, WordSpec] = MappingProxyType(
    {
        OpenAIWord.EMPTY_STATUS: WordSpec("the status is empty until it starts"),
        OpenAIWord.UNKNOWN_STATUS: WordSpec("the status is `unknown` until it starts"),
        OpenAIWord.SWEEP_TIMEOUT: WordSpec(
            "failed by the gateway's own sweep; a step later it has succeeded"
        ),
        OpenAIWord.CHANNEL_REMOVED: WordSpec(
            "failed as its channel was removed; a step later it has succeeded"
        ),
        OpenAIWord.NO_REASON: WordSpec("failed without a reason; a step later it has succeeded"),
        OpenAIWord.EXPIRES: WordSpec("ends as `expired`"),
        OpenAIWord.STUCK_PROGRESS: WordSpec("progress stays at 50, also at the end"),
        OpenAIWord.URL_IN_FAIL_REASON: WordSpec(
            "the link of a success stands in `fail_reason`, the reason of a failure in `url`"
        ),
        OpenAIWord.DONE_WITHOUT_URL: WordSpec(
            "a success has no link in its first N answers", ParameterKind.TRIES, "2"
        ),
        OpenAIWord.TWO_UPSTREAMS: WordSpec("tried on two channels: two charges for one create"),
        OpenAIWord.REFUND_LATE: WordSpec(
            "a failure is given back N s after its end", ParameterKind.SECONDS, "60"
        ),
        OpenAIWord.REFUND_TWICE: WordSpec("a failure is given back twice"),
        OpenAIWord.CHARGED_FAILURE: WordSpec("a failure is never given back"),
        OpenAIWord.NOT_IMPLEMENTED: WordSpec("the create is answered 501: no converter"),
        OpenAIWord.MULTIPART_ONLY: WordSpec("a create in JSON is refused"),
        OpenAIWord.SATURATED: WordSpec(
            "HTTP 429: the group is saturated, for the first N creates", ParameterKind.TRIES, "2"
        ),
        OpenAIWord.NO_CHANNEL: WordSpec(
            "HTTP 503: no channel for the model, for the first N creates", ParameterKind.TRIES, "2"
        ),
        OpenAIWord.NO_QUOTA: describe_choice(
            "the create is refused for lack of money, with this status", *("403", "429")
        ),
        OpenAIWord.STRING_NUMBERS: WordSpec("progress is a text with a percent sign"),
        OpenAIWord.FOREIGN_WORDS: WordSpec("status words of an upstream pass through"),
        OpenAIWord.WRAPPED: WordSpec("OpenAI's object stands in two envelopes"),
        OpenAIWord.ERROR_TEXT: WordSpec("the error of a failure is a text"),
        OpenAIWord.CONTENT_REDIRECT: WordSpec("`/content` redirects to the file"),
        OpenAIWord.UNKNOWN_404: WordSpec("an unknown task is answered 404, as one-hub does"),
        OpenAIWord.GATEWAY_TIMEOUT: WordSpec("HTTP 524 and a page, though the picture was made"),
        OpenAIWord.CUT_LATE: WordSpec("pictures: the answer breaks off just before its end"),
        OpenAIWord.ONE_LESS: WordSpec("one picture less than was asked for"),
        OpenAIWord.NO_PICTURE: WordSpec("a success without a picture, with a refusal in words"),
        OpenAIWord.INCOMPLETE: WordSpec("a response that fails is `incomplete`"),
    }
)
