"""Scenario words for what Jimeng alone gets wrong. A table, no behaviour."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from tracker.emulator.core.words import ParameterKind, WordSpec

__all__ = ["JIMENG_WORDS", "JimengWord"]


class JimengWord(StrEnum):
    """The scenario words of Jimeng."""

    NO_FILES = "no_files"
    OUTPUT_MODERATED = "output_moderated"
    DONE_WITH_CODE = "done_with_code"
    NUMBER_ID = "number_id"
    EXPIRED = "expired"
    NO_RIGHT = "no_right"
    INTERNAL_QUERY = "internal_query"


JIMENG_WORDS: Mapping[str, WordSpec] = MappingProxyType(
    {
        JimengWord.NO_FILES: WordSpec(
            "the first N answers after the success have no file", ParameterKind.TRIES, "1"
        ),
        JimengWord.OUTPUT_MODERATED: WordSpec("ends with code 50511 and HTTP 400"),
        JimengWord.DONE_WITH_CODE: WordSpec(
            "ends with status done, code 50411 and HTTP 200 at once"
        ),
        JimengWord.NUMBER_ID: WordSpec("the id is a JSON number, as relays write it"),
        JimengWord.EXPIRED: WordSpec("is expired once it has ended"),
        JimengWord.NO_RIGHT: WordSpec("the create is refused with code 50400"),
        JimengWord.INTERNAL_QUERY: WordSpec(
            "the first N queries answer HTTP 500 and code 50500", ParameterKind.TRIES, "3"
        ),
    }
)
