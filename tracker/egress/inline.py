"""Take files out of a JSON answer while it is read: base64 that is long goes where the caller says.

In the place of each file stands a JSON string that names it, so that what is left is a small JSON
text. Memory holds one piece of the answer and one block of the file, however long that is. A file
that cannot be read takes none of the others with it: in its place stands why.
"""

import json
import re
import string
from binascii import Error as Base64Error
from binascii import a2b_base64

from tracker.domain.errors import UnkeepableFile
from tracker.domain.exchange import FileSink, OpenSink
from tracker.domain.inline_files import make_lost_name

LEAST_CHARS = 16 * 1024
"""A string that is shorter is left in the text."""
_DATA_URL = re.compile(rb"data:[\w.+-]+\\?/[\w.+-]+(;[\w=.+-]+)*;base64,")
_BASE64 = (string.ascii_letters + string.digits + "+/_=-\\\r\n").encode()
_CHARS_PER_FLAW = 1000
"""Prose has more characters that base64 has none of: these are flaws of a file."""
_URL_SAFE = bytes.maketrans(b"-_", b"+/")
_QUOTE, _ESCAPE = b'"', b"\\"
_ESCAPED = re.compile(rb"\\(u[0-9A-Fa-f]{4}|.)", re.DOTALL)
_CUT = re.compile(rb"\\(u[0-9A-Fa-f]{0,3})?\Z")
_LINE_ENDS = b"\r\n"
_MEANS = {b"/": b"/", b"n": b"", b"r": b"", b"t": b""}
"""JSON's escapes in base64: of a slash, and of the white space between its lines."""


class InlineFiles:
    """Reads one answer. Not a parser: what is no JSON comes out as it came in."""

    def __init__(self, open_sink: OpenSink) -> None:
        """open_sink: called at the beginning of each file."""
        self._open = open_sink
        self._text = bytearray()
        self._string: bytearray | None = None
        self._sink: FileSink | None = None
        self._quad = self._cut = b""
        self._escaped = self._is_padded = False

    async def feed(self, piece: bytes) -> None:
        """Take a piece of the answer."""
        at = 0
        while at < len(piece):
            if self._string is None:
                at = self._outside(piece, at)
            else:
                at = await self._inside(piece, at)

    async def abort(self) -> None:
        """Leave nothing of a file that did not come to its end."""
        if self._sink is not None:
            await self._sink.abort()

    def take(self) -> bytes:
        """Return the text that has come since it was last taken."""
        text = bytes(self._text)
        self._text.clear()
        return text

    async def finish(self) -> bytes:
        """Return what is left of the answer. Raises ValueError where it ends within a file."""
        if self._sink is not None:
            raise ValueError("the answer ends within a file")
        if self._string is not None:
            self._text += self._string
        return bytes(self._text)

    @property
    def kept_chars(self) -> int:
        """Return how much of the answer is held as text so far."""
        return len(self._text) + len(self._string or b"")

    def _outside(self, piece: bytes, at: int) -> int:
        end = piece.find(_QUOTE, at)
        if end < 0:
            self._text += piece[at:]
            return len(piece)
        self._text += piece[at : end + 1]
        self._string, self._escaped = bytearray(), False
        return end + 1

    async def _inside(self, piece: bytes, at: int) -> int:
        end = self._end_of_string(piece, at)
        part = piece[at:] if end is None else piece[at:end]
        if self._sink is not None:
            await self._decode(part)
        else:
            assert self._string is not None  # noqa: S101 - we are inside one
            self._string += part
            if len(self._string) >= LEAST_CHARS:
                await self._become_file()
        if end is None:
            return len(piece)
        await self._close()
        return end + 1

    def _end_of_string(self, piece: bytes, at: int) -> int | None:
        """Return where the string ends in a piece, with an eye on escapes; None: not in it."""
        while True:
            if self._escaped:
                at, self._escaped = at + 1, False
            quote = piece.find(_QUOTE, at)
            escape = piece.find(_ESCAPE, at, len(piece) if quote < 0 else quote)
            if escape < 0:
                return None if quote < 0 else quote
            at = escape + 1
            self._escaped = True
            if at >= len(piece):
                return None

    async def _become_file(self) -> None:
        """Begin a file where a long string is base64, with or without what a data URL begins by."""
        assert self._string is not None  # noqa: S101
        head = _DATA_URL.match(self._string)
        rest = bytes(self._string[head.end() :] if head else self._string)
        if head is None and len(rest.translate(None, _BASE64)) * _CHARS_PER_FLAW > len(rest):
            self._text += self._string
            self._string = bytearray()
            self._sink = _TextSink(self._text)
            return
        self._sink, self._string = await self._open(), bytearray()
        await self._decode(rest)

    async def _decode(self, part: bytes) -> None:
        sink = self._sink
        assert sink is not None  # noqa: S101
        if isinstance(sink, _NoFile):
            await sink.write(part)
            return
        try:
            await self._decode_into(sink, part)
        except (ValueError, UnkeepableFile) as error:
            await self._lose(sink, str(error))

    async def _lose(self, sink: FileSink, reason: str) -> None:
        """Leave nothing of a file that cannot be read, and read over the rest of it."""
        self._sink = _LostSink(make_lost_name(reason))
        self._quad = self._cut = b""
        await sink.abort()

    async def _decode_into(self, sink: FileSink, part: bytes) -> None:
        """Write a part of a file. Raises ValueError where it is no base64, UnkeepableFile."""
        clean = self._quad + self._unescaped(part)
        if b"-" in clean or b"_" in clean:
            clean = clean.translate(_URL_SAFE)
        if clean and self._is_padded:
            raise ValueError("a file in the answer is no base64: it goes on behind its end")
        whole = len(clean) - len(clean) % 4
        self._quad = clean[whole:]
        if whole:
            self._is_padded = clean.endswith(b"=", 0, whole)
            await sink.write(_decode(clean[:whole]))

    def _unescaped(self, part: bytes) -> bytes:
        """Return base64 without JSON's escapes and without line ends; it seldom has any.

        Serializers that think of HTML escape `=` by its number (Gson's default:
        https://github.com/google/gson/blob/main/UserGuide.md, read 2026-11-29).
        """
        if not self._cut and _ESCAPE not in part:
            has_lines = b"\n" in part or b"\r" in part
            return part.translate(None, _LINE_ENDS) if has_lines else part
        part = self._cut + part
        cut = _CUT.search(part)  # the rest of this escape comes next
        self._cut = b"" if cut is None else cut[0]
        whole = part if cut is None else part[: cut.start()]
        return _ESCAPED.sub(_unescape, whole).translate(None, _LINE_ENDS)

    async def _close(self) -> None:
        """End the string, and the file in it."""
        sink = self._sink
        if sink is None:
            assert self._string is not None  # noqa: S101
            self._text += self._string
        else:
            if not isinstance(sink, _NoFile):
                try:
                    await self._write_end(sink)
                except (ValueError, UnkeepableFile) as error:
                    await self._lose(sink, str(error))
            assert self._sink is not None  # noqa: S101
            self._text += (await self._sink.finish()).encode()
        self._quad, self._is_padded = b"", False
        self._sink = self._string = None
        self._text += _QUOTE

    async def _write_end(self, sink: FileSink) -> None:
        """Write the last bytes of a file, which stand in fewer than four characters."""
        if self._cut:
            raise ValueError("a file in the answer ends within an escape")
        if self._quad:
            await sink.write(_decode(self._quad + b"=" * (-len(self._quad) % 4)))


class RawFile:
    """Reads an answer that is a file itself; in its place comes its name, as a JSON string."""

    kept_chars = 0

    def __init__(self, open_sink: OpenSink) -> None:
        """open_sink: called at the first byte."""
        self._open = open_sink
        self._sink: FileSink | None = None

    async def feed(self, piece: bytes) -> None:
        """Take a piece of the answer."""
        if self._sink is None:
            self._sink = await self._open()
        await self._sink.write(piece)

    async def finish(self) -> bytes:
        """Return the name of the file. Raises ValueError where nothing came."""
        if self._sink is None:
            raise ValueError("the answer is empty")
        return json.dumps(await self._sink.finish()).encode()

    async def abort(self) -> None:
        """Leave nothing of it."""
        if self._sink is not None:
            await self._sink.abort()


class _NoFile:
    """Takes the rest of a long string that is not decoded."""

    async def write(self, data: bytes) -> None:
        """Read over it."""

    async def finish(self) -> str:
        """Return what is to stand behind what is there of it."""
        return ""

    async def abort(self) -> None:
        """Do nothing."""


class _TextSink(_NoFile):
    """Leaves a long string that is no file in the text."""

    def __init__(self, text: bytearray) -> None:
        self._text = text

    async def write(self, data: bytes) -> None:
        """Keep it."""
        self._text += data


class _LostSink(_NoFile):
    """Reads over the rest of a file that cannot be read."""

    def __init__(self, name: str) -> None:
        self._name = name

    async def finish(self) -> str:
        """Return what tells why it cannot be read."""
        return self._name


def _unescape(escape: re.Match[bytes]) -> bytes:
    """Return the character that an escape stands for; one that base64 has none of stays."""
    name = escape[1]
    if len(name) == 1:
        return _MEANS.get(name, escape[0])
    number = int(name[1:], 16)
    return bytes([number]) if number < 0x80 else escape[0]


def _decode(text: bytes) -> bytes:
    try:
        return a2b_base64(text, strict_mode=True)
    except Base64Error as error:
        raise ValueError(f"a file in the answer is no base64: {error}") from None
