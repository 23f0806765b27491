"""Scenario words for what Runway alone gets wrong. A table, no behaviour."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from tracker.emulator.core.gateway_row import GATEWAY_ROW
from tracker.emulator.core.words import ParameterKind, WordSpec

__all__ = ["RUNWAY_WORDS", "RunwayWord"]


class RunwayWord(StrEnum):
    """The scenario words of Runway."""

    THROTTLED = "throttled"
    ENDS_CANCELLED = "ends_cancelled"
    NO_COST = "no_cost"
    FAILURE_OBJECT = "failure_object"
    PROGRESS_TEXT = "progress_text"
    PROGRESS_RESETS = "progress_resets"
    COST_FALLS = "cost_falls"
    EMPTY_OUTPUT = "empty_output"
    DAILY_CAP = "daily_cap"
    NO_CREDITS = "no_credits"
    EXPIRE_FLAG = "expire_flag"
    CODE_IN_200 = "code_in_200"
    GATEWAY_ROW = "gateway_row"


RUNWAY_WORDS: Mapping[str, WordSpec] = MappingProxyType(
    {
        RunwayWord.THROTTLED: WordSpec("shown as THROTTLED until it starts"),
        RunwayWord.ENDS_CANCELLED: WordSpec("ends as CANCELLED, although nobody asked for it"),
        RunwayWord.NO_COST: WordSpec("neither estimate nor cost is told"),
        RunwayWord.FAILURE_OBJECT: WordSpec("a failure is an object of code and message"),
        RunwayWord.PROGRESS_TEXT: WordSpec("progress is a text"),
        RunwayWord.PROGRESS_RESETS: WordSpec(
            "progress is 0.9 in the first N answers, then 0.1", ParameterKind.TRIES, "1"
        ),
        RunwayWord.COST_FALLS: WordSpec(
            "the cost of a success falls N s after its end", ParameterKind.SECONDS, "60"
        ),
        RunwayWord.EMPTY_OUTPUT: WordSpec(
            "output is empty in the first N answers after the success", ParameterKind.TRIES, "3"
        ),
        RunwayWord.DAILY_CAP: WordSpec(
            "HTTP 429 for the daily cap of the model, for the first N creates",
            ParameterKind.TRIES,
            "2",
        ),
        RunwayWord.NO_CREDITS: WordSpec(
            "the create is refused for lack of credits: HTTP 400, at kie.ai the code 402"
        ),
        RunwayWord.EXPIRE_FLAG: WordSpec("at kie.ai, records say that the files are deleted"),
        RunwayWord.CODE_IN_200: WordSpec(
            "where the status is a number, the create is answered HTTP 200 with code 1"
        ),
        RunwayWord.GATEWAY_ROW: GATEWAY_ROW,
    }
)
