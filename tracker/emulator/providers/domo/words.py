"""Domo's facts of a task, and scenario words for what Domo alone gets wrong. No behaviour."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from tracker.emulator.core.tasks import EmulatedTask
from tracker.emulator.core.words import ParameterKind, WordSpec

__all__ = ["DOMO_WORDS", "DomoDetails", "DomoTask", "DomoWord"]


class DomoWord(StrEnum):
    """The scenario words of Domo."""

    URL_LATE = "url_late"
    CANCELED = "canceled"
    BANNED = "banned"
    NO_CREDITS = "no_credits"
    CODE_IN_200 = "code_in_200"
    NULL_CREATED_AT = "null_created_at"
    NEW_CATEGORY = "new_category"
    SUCCESS_FALSE = "success_false"
    JSON_IN_STRING = "json_in_string"
    SWAPPED = "swapped"


@dataclass(frozen=True)
class DomoDetails:
    """The facts of a task that the core does not know."""

    category: str
    seconds: int
    prompt: str


DomoTask = EmulatedTask[DomoDetails]


DOMO_WORDS: Mapping[str, WordSpec] = MappingProxyType(
    {
        DomoWord.URL_LATE: WordSpec(
            "the first N answers after the success, and its callback, have no video",
            ParameterKind.TRIES,
            "2",
        ),
        DomoWord.CANCELED: WordSpec("ends as CANCELED, although nobody can ask for it"),
        DomoWord.BANNED: WordSpec("the create is refused with HTTP 403 and code 4002"),
        DomoWord.NO_CREDITS: WordSpec("the create is refused with HTTP 402 and code 2001"),
        DomoWord.CODE_IN_200: WordSpec("the create is answered with HTTP 200 and code 5000"),
        DomoWord.NULL_CREATED_AT: WordSpec("created_at is null"),
        DomoWord.NEW_CATEGORY: WordSpec("category is a word that nobody knows"),
        DomoWord.SUCCESS_FALSE: WordSpec(
            "at the wrapper of the bot, the create is answered HTTP 200 with success: false"
        ),
        DomoWord.JSON_IN_STRING: WordSpec(
            "at the wrapper of the bot, a success is called back to the form's event_callback_url, "
            "as JSON within a string"
        ),
        DomoWord.SWAPPED: WordSpec(
            "at the wrapper of the bot, the task has the message and the files of another one"
        ),
    }
)
