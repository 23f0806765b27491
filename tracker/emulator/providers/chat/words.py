"""Scenario words for what wrappers of media models alone do. A table, no behaviour."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from tracker.emulator.core.words import ParameterKind, WordSpec

__all__ = ["CHAT_WORDS", "ChatWord"]


class ChatWord(StrEnum):
    """The scenario words of wrappers."""

    CHAR_CHUNKS = "char_chunks"
    TICKS = "ticks"
    DONE_NO_BLANK = "done_no_blank"
    NO_DONE = "no_done"
    TIMEOUT_WORD = "timeout_word"
    ERROR_AS_CONTENT = "error_as_content"
    DELTA_IN_MESSAGE = "delta_in_message"
    MARKDOWN_BODY = "markdown_body"
    FAILED_WATCHED = "failed_watched"
    TWO_SONGS = "two_songs"
    NO_LINK = "no_link"
    CUT_HALFWAY = "cut_halfway"
    SLOW_FIRST_BYTE = "slow_first_byte"
    LM_FIRST_FAILS = "lm_first_fails"


CHAT_WORDS: Mapping[str, WordSpec] = MappingProxyType(
    {
        ChatWord.CHAR_CHUNKS: WordSpec("one chunk for each character, without role and reason"),
        ChatWord.TICKS: WordSpec("a note and a percentage at each step until the end"),
        ChatWord.DONE_NO_BLANK: WordSpec("no blank line behind `[DONE]`"),
        ChatWord.NO_DONE: WordSpec("the stream ends after its text, without `[DONE]`"),
        ChatWord.TIMEOUT_WORD: WordSpec(
            "it gives up with the text `timeout` and no `[DONE]`; the media is made"
        ),
        ChatWord.ERROR_AS_CONTENT: WordSpec("the text is an object `error`, with HTTP 200"),
        ChatWord.DELTA_IN_MESSAGE: WordSpec("one object, whose text stands in `delta`"),
        ChatWord.MARKDOWN_BODY: WordSpec("the body is Markdown and no JSON"),
        ChatWord.FAILED_WATCHED: WordSpec(
            "failed, and watched N seconds more until the text `timeout`",
            ParameterKind.SECONDS,
            "600",
        ),
        ChatWord.TWO_SONGS: WordSpec("two results in one text"),
        ChatWord.NO_LINK: WordSpec("the text ends with `[DONE]` and names no link"),
        ChatWord.CUT_HALFWAY: WordSpec("the connection is aborted in the middle of the text"),
        ChatWord.SLOW_FIRST_BYTE: WordSpec(
            "no byte is answered for N seconds", ParameterKind.SECONDS, "90"
        ),
        ChatWord.LM_FIRST_FAILS: WordSpec(
            "the language model in front fails: an error as text, and nothing is made"
        ),
    }
)
