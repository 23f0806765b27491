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
from tracker.domain.partial_marks import count_overlap

LEAST_CHARS = 16 * 1024
"""A string that is shorter is left in the text."""
_DATA_URL = re.compile(rb"\s*(?:[^,\s]{0,200};)?\s*base64,", re.IGNORECASE)
"""The beginning of a data URL, also without `data:` or a media type."""
_BLANKS = b" \t\r\n"
_BASE64 = (string.ascii_letters + string.digits + "+/_=-\\").encode() + _BLANKS
_CHARS_PER_FLAW = 1000
"""Prose has more characters that base64 has none of: these are flaws of a file."""
_CHARS_PER_BLANK = 20
"""Lines of base64 are longer than words."""
_HELD_URL = re.compile(rb"data:image\\?/[\w.+-]{1,100};base64,")
"""The beginning of a data URL that stands within a text, as Markdown has it."""
_DATA = b"data:"
_MOST_HEAD = 128
"""Bytes of such a beginning."""
_HELD_BASE64 = re.compile(rb"(?:[A-Za-z0-9+/=_-]|\\/|\\u003[dD])*")
_HALF_SLASH = re.compile(rb"\\(?:u(?:0(?:0(?:3)?)?)?)?")
_JSON_TEXT = re.compile(rb"(?:\s|\\[nrt])*[\[{]")
"""The beginning of a string that is JSON itself."""
_DEEPEST = 2
"""JSON may stand so often within a string of JSON."""
_HALF_PAIR = rb"u[dD][89abAB][0-9A-Fa-f]{2}(?:\\(?:u[0-9A-Fa-f]{0,3})?)?"
_HALF_ESCAPE = re.compile(rb"(\\+)(?:" + _HALF_PAIR + rb"|(?:u[0-9A-Fa-f]{0,3})?)\Z")
_HALF_CHARACTER = re.compile(rb"[\xc2-\xf4][\x80-\xbf]{0,2}\Z")
_URL_SAFE = bytes.maketrans(b"-_", b"+/")
_QUOTE, _ESCAPE = b'"', b"\\"
_ESCAPED = re.compile(rb"\\(u[0-9A-Fa-f]{4}|.)", re.DOTALL)
_CUT = re.compile(rb"\\(u[0-9A-Fa-f]{0,3})?\Z")
_MEANS = {b"/": b"/", b"n": b"", b"r": b"", b"t": b""}
"""JSON's escapes in base64: of a slash, and of the white space between its lines."""


class InlineFiles:
    """Reads one answer. Not a parser: what is no JSON comes out as it came in."""

    def __init__(self, open_sink: OpenSink, *, depth: int = 0) -> None:
        """open_sink: called at the beginning of each file.

        depth: how many strings of JSON this one stands within.
        """
        self._open = open_sink
        self._depth = depth
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
                at = self._read_outside_file(piece, at)
            else:
                at = await self._read_inside_file(piece, at)

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
        if isinstance(self._sink, _HeldFiles) and not self._sink.is_in_file:
            await self._sink.finish()  # a text that is no JSON may have one quote too many
        elif self._sink is not None:
            raise ValueError("the answer ends within a file")
        elif self._string is not None:
            self._text += self._string
        return bytes(self._text)

    @property
    def kept_chars(self) -> int:
        """Return how much of the answer is held as text so far."""
        return len(self._text) + len(self._string or b"")

    def _read_outside_file(self, piece: bytes, at: int) -> int:
        end = piece.find(_QUOTE, at)
        if end < 0:
            self._text += piece[at:]
            return len(piece)
        self._text += piece[at : end + 1]
        self._string, self._escaped = bytearray(), False
        return end + 1

    async def _read_inside_file(self, piece: bytes, at: int) -> int:
        end = self._end_of_string(piece, at)
        part = piece[at:] if end is None else piece[at:end]
        if self._sink is not None:
            await self._decode(part)
        else:
            assert self._string is not None  # noqa: S101 - we are inside one
            self._string += part
            if len(self._string) >= LEAST_CHARS:
                await self._begin_file()
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

    async def _begin_file(self) -> None:
        """Begin a file where a long string is base64, with or without what a data URL begins by."""
        assert self._string is not None  # noqa: S101
        if self._depth < _DEEPEST and _JSON_TEXT.match(self._string):
            begun, self._string = bytes(self._string), bytearray()
            self._sink = _NestedJson(InlineFiles(self._open, depth=self._depth + 1), self._text)
            await self._sink.write(begun)
            return
        head, held = _DATA_URL.match(self._string), _HELD_URL.search(self._string)
        rest = bytes(self._string[head.end() :] if head else self._string)
        is_text = head is None and not _is_like_base64(rest)
        if is_text or (held is not None and self._string[: held.start()].strip()):
            begun, self._string = bytes(self._string), bytearray()
            self._sink = _HeldFiles(self._open, self._text)
            await self._sink.write(begun)
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
        # How many `=` there are does not matter: `_write_end` knows how many there should be.
        given, mark, behind = self._unescape_base64(part).partition(b"=")
        if (given and self._is_padded) or behind.strip(b"="):
            raise ValueError("a file in the answer is no base64: it goes on behind its end")
        self._is_padded = self._is_padded or bool(mark)
        clean = self._quad + given
        if b"-" in clean or b"_" in clean:
            clean = clean.translate(_URL_SAFE)
        whole = len(clean) - len(clean) % 4
        self._quad = clean[whole:]
        if whole:
            await sink.write(_decode(clean[:whole]))

    def _unescape_base64(self, part: bytes) -> bytes:
        """Return base64 without JSON's escapes and without white space; it seldom has any.

        Serializers that think of HTML escape `=` by its number (Gson's default:
        https://github.com/google/gson/blob/main/UserGuide.md, read 2026-11-29).
        """
        if not self._cut and _ESCAPE not in part:
            has_blanks = any(one in part for one in (b"\n", b"\r", b" ", b"\t"))
            return part.translate(None, _BLANKS) if has_blanks else part
        part = self._cut + part
        cut = _CUT.search(part)  # the rest of this escape comes next
        self._cut = b"" if cut is None else cut[0]
        whole = part if cut is None else part[: cut.start()]
        return _ESCAPED.sub(_unescape, whole).translate(None, _BLANKS)

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


class _NoFile:
    """Takes the rest of a long string that is not decoded."""

    async def write(self, data: bytes) -> None:
        """Read over it."""

    async def finish(self) -> str:
        """Return what is to stand behind what is there of it."""
        return ""

    async def abort(self) -> None:
        """Do nothing."""


class _HeldFiles(_NoFile):
    """Leaves a long string that is no file in the text, but for long data URLs within it."""

    def __init__(self, open_sink: OpenSink, text: bytearray) -> None:
        self._open = open_sink
        self._text = text
        self._left = b""
        self._file: InlineFiles | None = None

    @property
    def is_in_file(self) -> bool:
        """Tell whether a file has begun that has not ended."""
        return self._file is not None

    async def write(self, data: bytes) -> None:
        """Take a piece of the string, as it stands in the answer."""
        data, self._left = self._left + data, b""
        while data:
            data = await (self._find(data) if self._file is None else self._fill(self._file, data))

    async def finish(self) -> str:
        """Return the end of the string. Raises StorageError."""
        if self._file is not None:
            await self._end(self._file)
        self._text += self._left
        return ""

    async def abort(self) -> None:
        """Leave nothing of a file in it."""
        if self._file is not None:
            await self._file.abort()

    async def _find(self, data: bytes) -> bytes:
        """Keep all up to the base64 of a data URL; return what follows."""
        found = _HELD_URL.search(data)
        if found is None:
            begun = data.rfind(_DATA, max(len(data) - _MOST_HEAD, 0))
            cut = begun if begun >= 0 else len(data) - count_overlap(data, _DATA)
            self._text += data[:cut]
            self._left = data[cut:]
            return b""
        self._text += data[: found.end()]
        self._file = InlineFiles(self._open, depth=_DEEPEST)
        await self._file.feed(_QUOTE)
        return data[found.end() :]

    async def _fill(self, file: "InlineFiles", data: bytes) -> bytes:
        """Give the file what is its base64; return what follows."""
        found = _HELD_BASE64.match(data)
        assert found is not None  # noqa: S101 - it matches the empty text
        await file.feed(found[0])
        rest = data[found.end() :]
        if _HALF_SLASH.fullmatch(rest):
            self._left = rest
            return b""
        if rest:
            await self._end(file)
        return rest

    async def _end(self, file: "InlineFiles") -> None:
        await file.feed(_QUOTE)
        self._text += file.take().removeprefix(_QUOTE).removesuffix(_QUOTE)
        self._file = None


class _NestedJson(_NoFile):
    """Takes the files out of a string that is JSON itself; the rest of it stays a string."""

    def __init__(self, files: InlineFiles, text: bytearray) -> None:
        self._files = files
        self._text = text
        self._left = b""

    async def write(self, data: bytes) -> None:
        """Take a piece of the string, as it stands in the answer."""
        data = self._left + data
        end = _end_of_whole(data)
        self._left = data[end:]
        await self._take(data[:end])

    async def finish(self) -> str:
        """Return the end of the string."""
        await self._take(self._left)
        try:
            self._put(await self._files.finish())
        except ValueError:  # it ends within a file
            await self._files.abort()
        return ""

    async def abort(self) -> None:
        """Leave nothing of a file in it."""
        await self._files.abort()

    async def _take(self, escaped: bytes) -> None:
        try:
            plain: str = json.loads(b'"%s"' % escaped, strict=False)
        except ValueError:  # no text: it stays as it is
            self._text += escaped
            return
        await self._files.feed(plain.encode("utf-8", "surrogatepass"))
        self._put(self._files.take())

    def _put(self, plain: bytes) -> None:
        text = plain.decode("utf-8", "surrogatepass")
        written = json.dumps(text, ensure_ascii=not text.isprintable())
        self._text += written[1:-1].encode()


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


def _is_like_base64(text: bytes) -> bool:
    flaws, blanks = len(text.translate(None, _BASE64)), len(text) - len(text.translate(None, b" "))
    return flaws * _CHARS_PER_FLAW <= len(text) and blanks * _CHARS_PER_BLANK <= len(text)


def _end_of_whole(data: bytes) -> int:
    """Return where a piece of a string can be cut: not within an escape, a pair or a character."""
    if (found := _HALF_ESCAPE.search(data)) is not None and len(found[1]) % 2:
        return found.end(1) - 1
    half = _HALF_CHARACTER.search(data)
    return len(data) if half is None else half.start()


def _decode(text: bytes) -> bytes:
    try:
        return a2b_base64(text, strict_mode=True)
    except Base64Error as error:
        raise ValueError(f"a file in the answer is no base64: {error}") from None
