"""Scenario words for what Luma alone gets wrong. A table, no behaviour."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from tracker.emulator.core.gateway_row import GATEWAY_ROW
from tracker.emulator.core.words import ParameterKind, WordSpec, describe_choice

__all__ = ["LUMA_WORDS", "LumaWord"]


class LumaWord(StrEnum):
    """The scenario words of Luma."""

    COMPLETED_NO_ASSETS = "completed_no_assets"
    DELETE_404 = "delete_404"
    ECHO_MISSING = "echo_missing"
    SYNC_IMAGE = "sync_image"
    PROGRESS_VIDEO = "progress_video"
    INSUFFICIENT_CREDITS = "insufficient_credits"
    DOUBLE_JSON = "double_json"
    ARRAY_ANSWER = "array_answer"
    COMPLETED_NO_LINK = "completed_no_link"
    FAILED_BUT_PENDING = "failed_but_pending"
    COOKIE_401 = "cookie_401"
    NO_OUTPUT = "no_output"
    BUDGET_EXHAUSTED = "budget_exhausted"
    GATEWAY_ROW = "gateway_row"


LUMA_WORDS: Mapping[str, WordSpec] = MappingProxyType(
    {
        LumaWord.COMPLETED_NO_ASSETS: WordSpec(
            "assets are null in the first N answers (lists and callbacks too) after the completion",
            ParameterKind.TRIES,
            "3",
        ),
        LumaWord.DELETE_404: describe_choice(
            "DELETE answers HTTP 404, although the generation was deleted, or is kept",
            *("deleted", "kept"),
        ),
        LumaWord.ECHO_MISSING: WordSpec("request is null in answers, lists and callbacks"),
        LumaWord.SYNC_IMAGE: WordSpec("an image is completed when its create is answered"),
        LumaWord.PROGRESS_VIDEO: WordSpec("assets hold a progress_video while dreaming"),
        LumaWord.INSUFFICIENT_CREDITS: describe_choice(
            "the create is refused for lack of credits, by this HTTP status", "400", "402"
        ),
        LumaWord.DOUBLE_JSON: WordSpec("at a gateway, an error follows the JSON of every answer"),
        LumaWord.ARRAY_ANSWER: WordSpec("at a gateway, answers are lists of one generation"),
        LumaWord.COMPLETED_NO_LINK: WordSpec(
            "at a gateway, the first N answers after the completion have no video",
            ParameterKind.TRIES,
            "3",
        ),
        LumaWord.FAILED_BUT_PENDING: WordSpec(
            "at a gateway, status is FAILED while state tells that it goes on"
        ),
        LumaWord.COOKIE_401: WordSpec("at a gateway, queries are refused with HTTP 401"),
        LumaWord.NO_OUTPUT: WordSpec(
            "at the newer API, the first N answers after the completion have no output",
            ParameterKind.TRIES,
            "3",
        ),
        LumaWord.BUDGET_EXHAUSTED: WordSpec(
            "at the newer API, the create is refused with HTTP 402 and the code budget_exhausted"
        ),
        LumaWord.GATEWAY_ROW: GATEWAY_ROW,
    }
)
