"""The percentage that a text for people tells, while it comes."""

import re

_HEX = "0-9A-Fa-f"
_PERCENT = re.compile(
    r"(?<![0-9A-Za-z_.%/])(\d{1,3}(?:\.\d{1,9})?)[ \u00a0]?[%％]"
    rf"(?=[^{_HEX}]|[{_HEX}][^{_HEX}])"
)
"""A number with its sign, and what follows. In an address `%` begins the two digits of a byte
(RFC 3986 section 2.1, https://www.rfc-editor.org/rfc/rfc3986, read 2026-11)."""
_WIDEST = 20
"""Characters that a number may have, with what must stand before and behind it."""
_WHOLE = 100


class TextProgress:
    """The largest percentage of a text so far: wrappers write the same bar over and over."""

    def __init__(self) -> None:
        """Nothing is told yet."""
        self.percent: float | None = None
        self._rest = " "

    def feed(self, more: str) -> None:
        """Take more of the text. What stands at its end may go on, and is read with the next."""
        text = self._rest + more
        for match in _PERCENT.finditer(text):
            percent = float(match[1])
            # What begins the rest was read before, when what stands in front of it was there.
            if match.start() > 0 and (self.percent or 0) < percent <= _WHOLE:
                self.percent = percent
        self._rest = text[-_WIDEST:]
