"""The shape of what is said about a problem type."""

from typing import NamedTuple


class Explanation(NamedTuple):
    """One problem type in one language.

    title:  a few words, the `title` of an answer.
    cause:  when it is answered.
    remedy: what to do about it.
    """

    title: str
    cause: str
    remedy: str
