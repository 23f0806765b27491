"""The language of help pages and messages: Chinese where LC_ALL, LC_MESSAGES or LANG says so."""

from collections.abc import Iterable
from functools import cache

import click

from tracker import environment
from tracker.cli.visible import narrow, widen
from tracker.locale import ENGLISH, Language, of_environment, translate


@cache
def language() -> Language:
    """Return the language of this process."""
    return of_environment(environment.read())


def spoken(text: str) -> str:
    """Return a text in the language of this process; white space is that of one line."""
    if language() == ENGLISH:
        return text
    return translate(" ".join(text.split()), language())


def heading(name: str) -> str:
    """Return the title of a table or of a column in the language of this process."""
    key = f"column {name}"
    found = spoken(key)
    return name if found == key else found


def _translate_comment(line: str) -> str:
    """Return an example, with what stands behind `# ` in the language of this process."""
    before, mark, comment = line.partition("  # ")
    return before + mark + spoken(comment)


class Formatter(click.HelpFormatter):
    """Writes help pages in the language of this process."""

    def write(self, string: str) -> None:
        """Write a piece that has been wrapped."""
        super().write(narrow(string))

    def write_usage(self, prog: str, args: str = "", prefix: str | None = None) -> None:
        """Write the usage line."""
        if prefix is None and language() != ENGLISH:
            prefix = spoken("Usage") + spoken(": ")
        super().write_usage(prog, args, prefix)

    def write_heading(self, heading: str) -> None:
        """Write the title of a section."""
        self.write(f"{'':>{self.current_indent}}{spoken(heading)}{spoken(': ').rstrip()}\n")

    def write_text(self, text: str) -> None:
        """Write paragraphs; those that keep their lines, as examples do, keep all but the title."""
        if "\b" in text:
            title, _, rest = text.partition(":\n")
            begin, _, word = title.rpartition("\n")
            lines = "\n".join(map(_translate_comment, rest.split("\n")))
            told = f"{begin}\n{spoken(word)}{spoken(': ').rstrip()}\n{lines}" if begin else text
            super().write_text(told)
            return
        super().write_text(widen(spoken(text)))

    def write_dl(
        self, rows: Iterable[tuple[str, str]], col_max: int = 30, col_spacing: int = 2
    ) -> None:
        """Write names and their meanings. What click adds in brackets stays."""
        told = []
        for name, meaning in rows:
            text, mark, rest = meaning.partition("  [")
            told.append((name, widen(spoken(text)) + mark + rest))
        super().write_dl(told, col_max, col_spacing)
