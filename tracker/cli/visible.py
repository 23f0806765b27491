"""Text from outside, made safe for a terminal: what steers it is shown instead of sent."""

import re
import sys
import unicodedata
from typing import IO, Any

_JOINERS = "\u200c\u200d"
"""Invisible, and part of honest text: Persian words, composed emoji."""
_STEERING = re.compile(
    "[\x00-\x1f\x7f-\x9f\xad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f"
    "\ufeff\ufff9-\ufffb\ud800-\udfff\U000e0000-\U000e0fff]"
)
"""Control characters (ECMA-48, C0 and C1), what turns the direction of text (Unicode UAX #9),
what is invisible, and halves of surrogate pairs."""


def escape_hidden(text: str) -> str:
    r"""Return one line without anything that steers a terminal: ESC is written `\x1b`."""
    return escape_unencodable(_STEERING.sub(_write, text))


def escape_hidden_json(text: str) -> str:
    r"""Return JSON text with the same characters as JSON escapes: ESC is written `\u001b`."""
    return escape_unencodable(_STEERING.sub(_escape, text))


def escape_unencodable(text: str) -> str:
    """Return the text with what stdout's encoding lacks written as escapes."""
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    return text.encode(encoding, "backslashreplace").decode(encoding)


def measure_width(text: str) -> int:
    """Return how many columns a terminal needs for it."""
    if text.isascii():
        return len(text)
    return sum(map(_count_columns, text))


_CLOSING = r"[\u3001\u3002\uff01\uff09\uff0c\uff1a\uff1b\uff1f\u201d\u300d]*"
_PIECE = re.compile(rf" +|(?:`[^`\n]*`|[\u2e80-\uffef]|[^ `\u2e80-\uffef]+|`){_CLOSING}")
"""Is not broken: a command in backquotes, a word, a Chinese character and what may not begin a line
after it."""


def fold(text: str, room: int | None, indent: int = 0) -> str:
    """Return a text in lines of at most so many columns, but for pieces that are longer themselves.

    room: None where nothing is to be broken. indent: columns before each line but the first.
    """
    if room is None or measure_width(text) <= room:
        return text
    lines, line, used = list[str](), "", 0
    for piece in _PIECE.findall(text):
        needs = measure_width(piece)
        if used + needs > room and line.strip():
            lines.append(line.rstrip())
            line, used = " " * indent, indent
            if not piece.strip():
                continue
        line, used = line + piece, used + needs
    return "\n".join([*lines, line.rstrip()] if line.strip() else lines)


def find_room(stream: IO[Any]) -> int | None:
    """Return the columns of the terminal that a stream is; None where it is none."""
    if not stream.isatty():
        return None
    import shutil  # noqa: PLC0415 - 5 ms of each start of a command, and few need it

    return shutil.get_terminal_size((0, 0)).columns or None


def cut(text: str, columns: int) -> str:
    """Return the text in at most so many columns; where it was longer it ends with an ellipsis."""
    if measure_width(text) <= columns:
        return text
    mark = escape_unencodable("…")
    mark = mark if len(mark) == 1 else "~"
    kept, left = [], columns - 1
    for character in text:
        left -= _count_columns(character)
        if left < 0:
            break
        kept.append(character)
    return "".join(kept) + mark


def _count_columns(character: str) -> int:
    if character in _JOINERS or unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def _write(found: re.Match[str]) -> str:
    code = ord(found[0])
    if code <= 0xFF:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"


def _escape(found: re.Match[str]) -> str:
    if found[0] == "\n":
        return "\n"  # between values: inside of them JSON has it escaped
    units = found[0].encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[at : at + 2].hex()}" for at in range(0, len(units), 2))
