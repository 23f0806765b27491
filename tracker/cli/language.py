"""The language of help pages and messages: Chinese where LC_ALL, LC_MESSAGES or LANG says so."""

import shutil
from collections.abc import Iterable
from functools import cache
from typing import Any

import click

from tracker import environment
from tracker.cli.visible import fold
from tracker.locale import ENGLISH, Language, choose_by_environment, translate

_NARROWEST = 10
"""Columns that click takes for a text at least."""


@cache
def get_language() -> Language:
    """Return the language of this process."""
    return choose_by_environment(environment.read())


def translate_text(text: str) -> str:
    """Return a text in the language of this process; white space is that of one line."""
    if get_language() == ENGLISH:
        return text
    return translate(" ".join(text.split()), get_language())


def translate_heading(name: str) -> str:
    """Return the title of a table or of a column in the language of this process."""
    key = f"column {name}"
    found = translate_text(key)
    return name if found == key else found


def _translate_comment(line: str) -> str:
    """Return an example, with what stands behind `# ` in the language of this process."""
    before, mark, comment = line.partition("  # ")
    return before + mark + translate_text(comment)


def _fold(text: str, room: int) -> str:
    """Return a text in lines that click keeps: it would break Chinese and long words anywhere."""
    return "\b\n" + fold(text, max(room, _NARROWEST)) if text else text


class Formatter(click.HelpFormatter):
    """Writes help pages in the language of this process."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Take click's arguments; keep within a terminal of less than fifty columns, too."""
        super().__init__(*args, **kwargs)
        self.width = min(self.width, max(shutil.get_terminal_size().columns - 2, _NARROWEST))

    def write_usage(self, prog: str, args: str = "", prefix: str | None = None) -> None:
        """Write the usage line."""
        if prefix is None and get_language() != ENGLISH:
            prefix = translate_text("Usage") + translate_text(": ")
        super().write_usage(prog, args, prefix)

    def write_heading(self, heading: str) -> None:
        """Write the title of a section."""
        self.write(
            f"{'':>{self.current_indent}}{translate_text(heading)}{translate_text(': ').rstrip()}\n"
        )

    def write_text(self, text: str) -> None:
        """Write paragraphs; those that keep their lines, as examples do, keep all but the title."""
        if "\b" in text:
            title, _, rest = text.partition(":\n")
            begin, _, word = title.rpartition("\n")
            lines = "\n".join(map(_translate_comment, rest.split("\n")))
            told = (
                f"{begin}\n{translate_text(word)}{translate_text(': ').rstrip()}\n{lines}"
                if begin
                else text
            )
            super().write_text(told)
            return
        super().write_text(_fold(translate_text(text), self.width - self.current_indent))

    def write_dl(
        self, rows: Iterable[tuple[str, str]], col_max: int = 30, col_spacing: int = 2
    ) -> None:
        """Write names and their meanings. What click adds in brackets stays."""
        rows, col_max = list(rows), min(col_max, self.width // 2)
        left = min(max((len(name) for name, _ in rows), default=0), col_max) + col_spacing
        told = []
        for name, meaning in rows:
            text, mark, rest = meaning.partition("  [")
            told.append((name, _fold(translate_text(text) + mark + rest, self.width - left - 2)))
        super().write_dl(told, col_max, col_spacing)
