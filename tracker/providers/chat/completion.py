"""The answers of wrappers: chunks of a stream, one object, or bare Markdown; and their meaning.

Two open wrappers stream one character a chunk and end without `[DONE]` where they give up
(https://github.com/SunoAI-API/Suno-API, https://github.com/LumaAI-API/Luma-API); a third answers
Markdown (https://github.com/gcui-art/suno-api). Read 2026-11.
"""

import codecs
import json
import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from tracker.domain.custody import INLINE
from tracker.domain.documents import replace_unstorable, replace_unstorable_text
from tracker.domain.errors import BrokenTransfer
from tracker.domain.inline_files import is_name
from tracker.domain.observation import Observation
from tracker.domain.outcome import Accepted, SubmitOutcome, Unknown
from tracker.domain.task import ArtifactState, TaskError, TaskState
from tracker.providers.chat.links import (
    build_text_artifact,
    find_artifacts,
    find_given_urls,
    hide_names,
)
from tracker.providers.chat.progress import TextProgress
from tracker.providers.kit.event_stream import EventStream
from tracker.providers.kit.gateways import is_own_failure
from tracker.providers.kit.reading import find_first_text

_MOST_WHOLE = 1024 * 1024
"""Bytes of an answer that is one object."""
_DONE = "[DONE]"
_MARK = b"\xef\xbb\xbf"
"""A byte order mark, which some servers send before everything else."""
_TAIL = 500
"""Characters of a text that stand for it in a message."""
_FIELDS = ("data:", "event:", "id:", "retry:", ":")
"""Beginnings of lines of a stream of events."""
_PICTURE = "data:image/png;base64,"
"""Clients go by the bytes of a picture, whatever type it is said to have."""
_DECODER = json.JSONDecoder()


class CompletionReader:
    """Reads one answer, whatever form it has. See ports/adapter.StreamReader."""

    def __init__(self, hosts: Collection[str], asked: Any = None) -> None:
        """hosts: whose links are results whatever they end in.

        asked: the messages that it answers. Wrappers repeat them, and their links are no results.
        """
        self._hosts = hosts
        self._asked = asked
        self._begun = b""
        self._form: _Events | _Object | _Markdown | None = None
        self._progress = TextProgress()

    @property
    def progress(self) -> float | None:
        """Return the largest percentage that the text tells."""
        return self._progress.percent

    def feed(self, piece: bytes) -> str:
        """Return the text that more of the body adds."""
        text = self._read_text(piece)
        self._progress.feed(text)
        # Texts are recorded up to a white space: a name is so never recorded in two parts.
        return f"{text}\n" if INLINE in text else text

    def _read_text(self, piece: bytes) -> str:
        if self._form is not None:
            return self._form.feed(piece)
        self._begun += piece
        start = self._begun.removeprefix(_MARK).lstrip()
        if not start or (len(start) < len("retry:") and b"\n" not in start):
            return ""
        self._form = _detect_form(start)
        return self._form.feed(self._begun.removeprefix(_MARK))

    def read_rest(self) -> str:
        """Return the text that the end of the body adds."""
        text = ""
        if self._form is None:
            begun = self._begun.removeprefix(_MARK)
            self._form = _detect_form(begun)
            text = self._form.feed(begun)
        return text + self._form.read_rest()

    def finish(self, text: str, broken: str | None) -> SubmitOutcome:
        """Believe an end that comes with a link, and an error that is told; doubt all else.

        Of an answer with a link that an error broke off nobody knows: what was made is charged.
        """
        form, text = self._form, replace_unstorable_text(text)
        assert form is not None  # noqa: S101 - `rest` was asked
        links = find_artifacts(text, self._hosts, but=find_given_urls(self._asked))
        text = hide_names(text)
        has_ended = broken is None and form.has_ended
        error = form.error or _find_error(text)
        lost = [one for one in links if one.state is ArtifactState.FAILED]
        if has_ended and lost and len(lost) == len(links):  # something was made
            return Unknown(f"no picture of the answer can be read: {lost[0].extra['error']}")
        if has_ended and links:
            note = None if error is None else replace_unstorable_text(error)[-_TAIL:]
            pieces = (*links, build_text_artifact(text))
            done = Observation(TaskState.SUCCEEDED, "done", message=note, artifacts=pieces)
            return Accepted(None, said=done)
        tail = text.strip()[-_TAIL:]
        is_doubtful = not has_ended or is_own_failure(tail) or not form.may_fail
        if (error is None and is_doubtful) or (links and not has_ended):
            reason = broken or "the answer ended without its end"
            return Unknown(f"{reason}; it said: {tail}" if tail else reason)
        message = replace_unstorable_text(error or tail or "the answer has no text and no link")[
            -_TAIL:
        ]
        said = Observation(
            TaskState.FAILED,
            "error" if error else "done",
            message=message,
            artifacts=(build_text_artifact(text),) if text else (),
            error=TaskError("provider", None, message),
        )
        return Accepted(None, said=said)


class _Events:
    """A stream of chunks. It ends with `[DONE]` or a reason why it finished."""

    may_fail = True

    def __init__(self) -> None:
        self._events = EventStream()
        self.has_ended = False
        self.error: str | None = None

    def feed(self, piece: bytes) -> str:
        return "".join(map(self._read_text, self._events.feed(piece)))

    def read_rest(self) -> str:
        return "".join(self._read_text(data, is_last=True) for data in self._events.read_rest())

    def _read_text(self, data: str, *, is_last: bool = False) -> str:
        """Return the text of an event. is_last: nothing tells whether all of it has come."""
        if data.strip() == _DONE:
            self.has_ended = True
            return ""
        text = ""
        for chunk in _iterate_objects(data, is_last=is_last):
            if isinstance(chunk, str):
                text += chunk
                continue
            self.error = self.error or _read_error(chunk)
            for choice in _iterate_choices(chunk):
                text += _read_content(choice)
                self.has_ended = self.has_ended or bool(choice.get("finish_reason"))
        return text


class _Object:
    """One object, read at its end; its text stands in `message`, or wrongly in `delta`."""

    may_fail = True

    def __init__(self) -> None:
        self._body = bytearray()
        self.has_ended = False
        self.error: str | None = None

    def feed(self, piece: bytes) -> str:
        self._body += piece
        if len(self._body) > _MOST_WHOLE:
            raise BrokenTransfer(f"the answer is larger than {_MOST_WHOLE} bytes")
        return ""

    def read_rest(self) -> str:
        try:
            parsed = replace_unstorable(
                json.loads(self._body.decode("utf-8", "replace"), strict=False)
            )
        except (ValueError, RecursionError):
            return ""
        self.error = _read_error(parsed)
        text = "".join(map(_read_content, _iterate_choices(parsed)))
        self.has_ended = bool(text)
        return text


class _Markdown:
    """Text without a frame. It ends with the connection, and proves nothing but by its links."""

    may_fail = False
    error: str | None = None

    def __init__(self, *, is_page: bool) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self.has_ended = not is_page

    def feed(self, piece: bytes) -> str:
        return self._decoder.decode(piece)

    def read_rest(self) -> str:
        return self._decoder.decode(b"", final=True)


def _detect_form(start: bytes) -> _Events | _Object | _Markdown:
    text = start[:16].decode("utf-8", "replace")
    if text.startswith(_FIELDS):
        return _Events()
    is_object = re.match(r"\{|\[\s*[\[{\"]", text)  # a link in Markdown begins with a bracket too
    return _Object() if is_object else _Markdown(is_page=text.startswith("<"))


def _iterate_objects(data: str, *, is_last: bool) -> Iterator[Any]:
    """Yield the objects of an event, one behind the other; what is none as text.

    is_last: the body ends with it, so that the rest of an object may be missing.
    """
    at = len(data) - len(data.lstrip()) if data.lstrip().startswith("{") else 0
    while at < len(data):
        try:
            found, at = _DECODER.raw_decode(data, at)
        except (ValueError, RecursionError):
            if not (is_last and data.startswith("{", at)):
                yield data[at:]
            return
        if not isinstance(found, dict):
            yield data[at:] if found is None else str(found)
            return
        yield found
        at += len(data[at:]) - len(data[at:].lstrip())


def _iterate_choices(parsed: Any) -> Iterator[Mapping[str, Any]]:
    choices = parsed.get("choices") if isinstance(parsed, dict) else None
    for choice in choices if isinstance(choices, list) else ():
        if isinstance(choice, dict):
            yield choice


def _read_content(choice: Mapping[str, Any]) -> str:
    """Return the text of one choice: a text, a list of parts, or what a model thought aloud."""
    for name in ("delta", "message"):
        said = choice.get(name)
        if not isinstance(said, dict):
            continue
        content = said.get("content") or said.get("reasoning_content")
        if isinstance(content, list):
            content = "".join(map(_read_part, content))
        pictures = said.get("images")
        if isinstance(pictures, list):  # https://openrouter.ai/docs, image generation, 2026-11-30
            content = f"{content or ''}{''.join(map(_read_part, pictures))}"
        if isinstance(content, str):
            return content
    text = choice.get("text")
    return text if isinstance(text, str) else ""


def _read_part(part: Any) -> str:
    """Return the text of a part; of a picture its address, or the picture itself, as Markdown."""
    text = find_first_text(part, ("text",))
    url = find_first_text(part, ("image_url.url", "image_url"), limit=_MOST_WHOLE)
    if url and is_name(url):  # clients are given the file in the place of its name
        url = f"{_PICTURE}{url}"
    return f"![image]({url})" if url and not text else text or ""


def _read_error(parsed: Any) -> str | None:
    """Return the error that an object is; None where it is none."""
    if not isinstance(parsed, dict) or parsed.get("choices"):
        return None
    if parsed.get("error"):
        return find_first_text(parsed, ("error.message", "error", "message")) or "an error"
    code = find_first_text(parsed, ("code",), limit=100)
    return find_first_text(parsed, ("message",)) if code and code not in ("0", "success") else None


def _find_error(text: str) -> str | None:
    """Return the error that stands as an object at the end of a text, or is all of it."""
    start = max(text.rfind('{"error"'), text.rfind('{"code"'))
    if start < 0:
        return None
    try:
        return _read_error(_DECODER.raw_decode(text, start)[0])
    except (ValueError, RecursionError):
        return None
