"""Text from outside, made safe to look at: what is invisible or turns the text is shown."""

import re

_MARKS = (
    "\u0300-\u036f\u0483-\u0489\u0591-\u05c7\u0610-\u061a\u064b-\u065f\u06d6-\u06ed\u0e31\u0e34-\u0e3a"
    "\u0e47-\u0e4e\u0eb1-\u0ebc\u0ec8-\u0ecd\u0f71-\u0f84\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\u3099\u309a"
    "\ufe20-\ufe2f"
)
"""Marks that stack above or below a letter. No language puts more than four on one; dozens paint
over the lines around, also over buttons."""
HIDDEN = re.compile(
    f"(?<=[{_MARKS}]{{4}})[{_MARKS}]|"
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u034f\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2"
    "\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b\u200c\u200e\u200f\u2028-\u202e\u2060-\u206f\u3164\ud800-\udfff"
    "\ufeff\uffa0\ufff0-\ufffb\U000110bd\U000110cd\U00013430-\U0001343f\U0001bca0-\U0001bca3"
    "\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
    "|(?<![\u2600-\u27bf\ufe0f\U0001f000-\U0001faff])\u200d"
    "|\u200d(?![\u2190-\u27bf\U0001f000-\U0001faff])"
)
"""Control and format characters, halves of surrogate pairs, and letters without a shape (Unicode
15.0, DerivedCoreProperties.txt, Default_Ignorable_Code_Point, read 2026-11-29), but for tab, line
feed, the variation selectors of emoji and ideographs, and what joins two emoji into one. Of marks
on one letter, those behind the fourth.
"""


def escape_hidden(text: str) -> str:
    r"""Return the text with hidden characters as escapes: U+202E is written `\u202E`."""
    return text if text.isascii() and text.isprintable() else HIDDEN.sub(_write, text)


def _write(found: re.Match[str]) -> str:
    code = ord(found[0])
    return f"\\u{code:04X}" if code <= 0xFFFF else f"\\U{code:08X}"
