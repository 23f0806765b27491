"""Read words that a later release may have added to the database.

During a rolling upgrade both releases use one database. A reader of the older one shows a word that
it does not know as it stands; raising would end its feed, its streams and its history.
"""

from enum import StrEnum
from typing import TypeVar

Word = TypeVar("Word", bound=StrEnum)


def read_member(words: type[Word], text: str) -> Word:
    """Return the member with this value, or one of the same type that is no part of `words`.

    The latter equals its own text, and no member: nothing is done about it but to show it.
    """
    found = words._value2member_map_.get(text)
    if isinstance(found, words):
        return found
    unknown = str.__new__(words, text)
    unknown._name_ = unknown._value_ = text
    return unknown


def read_optional_member(words: type[Word], text: str | None) -> Word | None:
    """Return None for None, and else what `member` returns."""
    return None if text is None else read_member(words, text)
