"""Scenario words for the lies that Midjourney proxies and gateways tell. A table, no behaviour.

They were told: issues 22, 39, 93, 175, 217, 239, 258, 261, 262 and 281 of
https://github.com/novicezk/midjourney-proxy; 2, 5, 60 and 65 of
https://github.com/trueai-org/midjourney-proxy; 1673 of https://github.com/QuantumNous/new-api.
"""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from tracker.emulator.core.words import ParameterKind, WordSpec, describe_choice

__all__ = ["MIDJOURNEY_WORDS", "MidjourneyWord"]


class MidjourneyWord(StrEnum):
    """The scenario words of Midjourney proxies."""

    NEVER_STARTS = "never_starts"
    FALSE_TIMEOUT = "false_timeout"
    LOST_FINISH = "lost_finish"
    LATE_OVERWRITE = "late_overwrite"
    STUCK_85 = "stuck_85"
    GATEWAY_DEAF = "gateway_deaf"
    DEAD_CORNER = "dead_corner"
    ECHOES = "echoes"
    FALLING = "falling"
    MODAL = "modal"
    INSTANT = "instant"
    NUMBER_ID = "number_id"
    REWRITTEN_IMAGE = "rewritten_image"
    QUEUED = "queued"
    QUEUE_FULL = "queue_full"
    BANNED = "banned"
    LIMIT = "limit"
    NO_ACCOUNT = "no_account"
    SATURATED = "saturated"
    QUOTA = "quota"
    CODE_9 = "code_9"
    EXCEPTION = "exception"
    GATEWAY_ERROR = "gateway_error"
    EMPTY_ANSWER = "empty_answer"
    RESTARTED = "restarted"


_TRIES, _SECONDS = ParameterKind.TRIES, ParameterKind.SECONDS
_MADE = ("made", "lost")
MIDJOURNEY_WORDS: Mapping[str, WordSpec] = MappingProxyType(
    {
        MidjourneyWord.NEVER_STARTS: WordSpec("stays NOT_START"),
        MidjourneyWord.FALSE_TIMEOUT: WordSpec(
            "one callback alone, FAILURE for a timeout, although fetch shows SUCCESS later"
        ),
        MidjourneyWord.LOST_FINISH: WordSpec("stays SUBMITTED, then FAILURE for a timeout"),
        MidjourneyWord.LATE_OVERWRITE: WordSpec("SUCCESS, and a step later FAILURE for a timeout"),
        MidjourneyWord.STUCK_85: WordSpec("stays IN_PROGRESS at 85%"),
        MidjourneyWord.GATEWAY_DEAF: WordSpec("done, but fetch says IN_PROGRESS at 99% for ever"),
        MidjourneyWord.DEAD_CORNER: WordSpec("stays IN_PROGRESS at 100% with a failReason"),
        MidjourneyWord.ECHOES: WordSpec("SUCCESS is called back twice, and 60% after it"),
        MidjourneyWord.FALLING: WordSpec("the progress falls, and is a word at times"),
        MidjourneyWord.MODAL: WordSpec("the create waits for modal: code 21, status MODAL"),
        MidjourneyWord.INSTANT: WordSpec("SUCCESS when the create is answered, no callback"),
        MidjourneyWord.NUMBER_ID: WordSpec("ids are JSON numbers"),
        MidjourneyWord.REWRITTEN_IMAGE: WordSpec("imageUrl is the gateway's, another in each poll"),
        MidjourneyWord.QUEUED: WordSpec("code 22 instead of 1"),
        MidjourneyWord.QUEUE_FULL: WordSpec("code 23, nothing made, N creates", _TRIES, "1"),
        MidjourneyWord.BANNED: WordSpec("code 24: banned words"),
        MidjourneyWord.LIMIT: describe_choice(
            "code 4 for a limit of the account, nothing made", "concurrent", "queue"
        ),
        MidjourneyWord.NO_ACCOUNT: WordSpec("code 3: no account is free, N creates", _TRIES, "1"),
        MidjourneyWord.SATURATED: WordSpec("HTTP 429 and code 30, N creates", _TRIES, "1"),
        MidjourneyWord.QUOTA: WordSpec("HTTP 400 and code 4: quota_not_enough"),
        MidjourneyWord.CODE_9: describe_choice("code 9, made or lost", *_MADE),
        MidjourneyWord.EXCEPTION: describe_choice("code 4 for an exception, made or lost", *_MADE),
        MidjourneyWord.GATEWAY_ERROR: describe_choice(
            "HTTP 400 and code 4 or 5 of the gateway, although the create was passed on",
            *("do_request_failed", "read_response_body_failed", "empty_response_body"),
            *("unmarshal_response_body_failed", "insert_midjourney_task_failed"),
        ),
        MidjourneyWord.EMPTY_ANSWER: describe_choice(
            "HTTP 200 without a body, made or lost", *_MADE
        ),
        MidjourneyWord.RESTARTED: WordSpec("every task is forgotten N s after", _SECONDS, "1"),
    }
)
