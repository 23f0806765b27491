"""Parse a body as a JSON object: in any Unicode, and what is clear where parsers are strict."""

import codecs
import hashlib
import json
import re
from typing import Any, NamedTuple

from pydantic_core import from_json

from tracker.domain import documents
from tracker.domain.errors import FieldError, InvalidRequest
from tracker.web.edge.encoding import encode_utf8_in_pieces, replace_cut_ends
from tracker.web.edge.large_json import LongTextReader, LongTexts, take_out_long_texts

PARSED_AT_ONCE = 256 * 1024
"""Bytes of a body that the event loop parses itself, in some 5 ms at worst."""
_BLANK = 1024
"""Characters in which a text that was encoded twice must begin."""
_HALF_PAIR = re.compile(rb"\\u[dD][89a-fA-F]")


def parse_object(body: bytes) -> dict[str, Any]:
    """Return a JSON object. Half of a surrogate pair in it becomes a replacement character.

    Raises InvalidRequest that says where the text goes wrong, or which field cannot be kept.
    """
    if b"\0" in body[:4]:  # UTF-16 or UTF-32, which nothing has said
        body = encode_utf8_in_pieces(json.detect_encoding(body), body)
    try:
        return _parse_object(*_take_long_texts(body))
    except ValueError as error:
        raise _refuse_body(error) from None


class JsonReader:
    """Reads a large JSON body while it comes, so that it is not held as it came.

    has_begun: it has taken what came so far.
    """

    def __init__(self, digest: "hashlib._Hash | None") -> None:
        """digest: is given the body as it came."""
        self.has_begun = False
        self._digest = digest
        self._reader = LongTextReader()

    def can_read(self, begin: bytes) -> bool:
        """Return whether it reads a body that begins so; in UTF-16 it is read when it is whole."""
        return self.has_begun or b"\0" not in begin[:4]

    def add(self, piece: bytes) -> None:
        """Read on. Raises InvalidRequest."""
        self.has_begun = True
        if self._digest is not None:
            self._digest.update(piece)
        try:
            self._reader.add(piece)
        except ValueError as error:
            raise _refuse_body(error) from None

    def finish(self) -> dict[str, Any]:
        """Return the object. Raises InvalidRequest."""
        try:
            return _parse_object(*self._reader.finish(), is_large=True)
        except ValueError as error:
            raise _refuse_body(error) from None


def _refuse_body(error: ValueError) -> InvalidRequest:
    return InvalidRequest(FieldError("", f"not JSON: {error}"), malformed=True)


def _parse_object(body: bytes, long: LongTexts, is_large: bool) -> dict[str, Any]:  # noqa: FBT001
    """Return a JSON object. Raises ValueError, InvalidRequest.

    body, long: without its long texts, and these. is_large: whether the whole is large.
    """
    while body.startswith(codecs.BOM_UTF8):  # RFC 8259 section 8.1 lets readers ignore it
        body = body.removeprefix(codecs.BOM_UTF8)
    if body.endswith(b"\0"):  # the end of a text in C
        body = body.rstrip(b"\0")
    parsed = _read_text(body, long, is_large)
    if isinstance(parsed.value, str) and parsed.value[:_BLANK].lstrip().startswith("{"):
        parsed = _read_text(*_take_long_texts(parsed.value.encode()))  # encoded twice
    if not isinstance(parsed.value, dict):
        raise InvalidRequest(FieldError("", "must be a JSON object"), malformed=True)
    if parsed.flaw is not None:
        raise InvalidRequest(parsed.flaw)
    found: dict[str, Any] = parsed.value
    return found


class _Parsed(NamedTuple):
    """JSON, and which field of it cannot be kept."""

    value: Any
    flaw: FieldError | None


def _take_long_texts(body: bytes) -> tuple[bytes, LongTexts, bool]:
    """Return a text without its long texts where it is large, these, and whether it is."""
    is_large = len(body) > PARSED_AT_ONCE
    return (*(take_out_long_texts(body) if is_large else (body, LongTexts())), is_large)


def _read_text(body: bytes, long: LongTexts, is_large: bool) -> _Parsed:  # noqa: FBT001
    """Parse a JSON text. Raises ValueError."""
    try:
        value = _parse_json(body)
    except ValueError as error:
        # What is left of a large text is parsed, in which the place is another.
        raise ValueError(str(error).partition(" at line")[0] if is_large else str(error)) from None
    whole, flaw = long.restore(value) if long.texts else value, None
    if documents.may_be_too_deep(body) or documents.may_hold_nul(body) or long.may_hold_nul():
        flaw = documents.find_unstorable_field(whole)
    if flaw is None and _HALF_PAIR.search(body):
        whole = long.restore(documents.replace_half_pairs(value))
    return _Parsed(whole, flaw)


def _parse_json(body: bytes) -> Any:
    """Parse JSON, and what is clear where parsers are strict: half of a pair, bare line breaks.

    A text that was cut within its last character ends in a replacement character. Other bytes that
    are no characters are refused: what they stood for would be paid for as it is.
    """
    try:
        return from_json(body, allow_inf_nan=False)
    except ValueError as error:
        is_long = len(body) > PARSED_AT_ONCE and not _HALF_PAIR.search(body)
        if is_long or b"\0" in body:
            raise
        try:
            # Halves as characters of their own, as Java writes them, are joined.
            text = replace_cut_ends(body).decode("utf-8", "surrogatepass")
            halves = text.encode("utf-16-le", "surrogatepass")
            text = halves.decode("utf-16-le", "replace").strip(documents.BLANKS)
            return json.loads(text, parse_constant=_refuse, strict=False)
        except RecursionError:
            raise ValueError("nested too deep") from None
        except ValueError:
            raise error from None


def _refuse(word: str) -> Any:
    raise ValueError(f"{word} is no JSON")
