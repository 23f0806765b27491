"""Tables for terminals: ids and states whole, the rest shortened or left out where it is narrow."""

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Self

import click

from tracker.cli.language import translate_heading, translate_text
from tracker.cli.visible import cut, fold, measure_width
from tracker.cli.words import cut_fraction, format_age, format_value

GAP = "  "
NARROWEST = 12
"""Columns that a text keeps at least; with less room it is left out."""
_BY_COLOUR = {
    "green": "succeeded delivered active accepted applied ok",
    "red": "failed expired disabled revoked refused forged mismatch error troubled",
    "yellow": "queued pending paused deferred not_sent note",
    "magenta": "uncertain unknown lost",
    "blue": "submitted",
    "cyan": "running",
    "bright_black": "cancelled duplicate",
}
COLOURS = {word: colour for colour, words_ in _BY_COLOUR.items() for word in words_.split()}
"""Of words that say how something stands."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column.

    kind:  `whole` is shown whole or not at all; `id` is always shown, and whole; `text` is
           shortened where it must be; `time` becomes an age; `state` is whole and coloured.
    empty: stands for null and for an empty list.
    """

    name: str
    kind: Literal["id", "whole", "text", "time", "state"] = "whole"
    empty: str = ""


@dataclass(frozen=True, slots=True)
class _Shape:
    """A column as it is printed: its header, its cells, and the columns it takes."""

    of: Column
    name: str
    cells: Sequence[str]
    columns: int

    @classmethod
    def compute_widths(cls, column: Column, name: str, cells: Sequence[str]) -> Self:
        """Take as many columns as the longest cell needs, or the header."""
        return cls(column, name, cells, max(measure_width(name), *map(measure_width, cells)))


def leave_out_tenant(columns: Sequence[Column]) -> tuple[Column, ...]:
    """Return the columns for rows of a service, which all are of one tenant."""
    return tuple(column for column in columns if column.name != "tenant")


def print_table(
    title: str,
    columns: Sequence[Column],
    rows: Sequence[Mapping[str, Any]],
    *,
    wide: bool = False,
) -> None:
    """Print rows under a title.

    columns: the first matter most, and stay longest where it is narrow.
    wide:    print all of them, however narrow it is.
    """
    click.secho(translate_heading(title), bold=True)
    if not rows:
        click.echo("(none)")
        return
    shapes = _fit(columns, rows, None if wide else _find_room())
    header = GAP.join(_pad(one.name, one.columns) for one in shapes).rstrip()
    click.secho(header, fg="bright_black")
    for number in range(len(rows)):
        click.echo(GAP.join(_format_cell(one, number) for one in shapes).rstrip())
    left_out = [column.name for column in columns if all(one.of is not column for one in shapes)]
    if left_out:
        names = translate_text(", ").join(translate_heading(one) for one in left_out)
        what, mend = translate_text("not shown at this width"), translate_text("shows all")
        note = f"{what}{translate_text(': ')}{names} (--wide {mend})"
        click.echo(fold(note, max(_find_room() or measure_width(note), NARROWEST)), err=True)


def _fit(
    columns: Sequence[Column], rows: Sequence[Mapping[str, Any]], room: int | None
) -> list[_Shape]:
    """Choose what is shown: whole columns where there is room, then short forms, then fewer."""
    whole = [_make_whole_shape(column, rows) for column in columns]
    if room is None or _sum_widths(whole) <= room:
        return whole
    short = [_make_short_shape(one, rows) for one in whole]
    narrowest = [
        min(one.columns, NARROWEST) if one.of.kind == "text" else one.columns for one in short
    ]
    kept: list[int] = []
    used = -len(GAP)
    for place, needs in enumerate(narrowest):
        if columns[place].kind == "id" or used + len(GAP) + needs <= room:
            kept.append(place)
            used += len(GAP) + needs
    left = max(0, room - used)
    shapes = []
    for place in kept:  # what is left is given out in order of importance
        grown = min(left, whole[place].columns - narrowest[place])
        fits = narrowest[place] + grown >= whole[place].columns
        if fits and grown >= 0:
            shapes.append(whole[place])
            left -= grown
        elif columns[place].kind == "text":
            columns_ = narrowest[place] + grown
            left -= grown
            cells = [cut(cell, columns_) for cell in short[place].cells]
            shapes.append(_Shape(columns[place], short[place].name, cells, columns_))
        else:
            shapes.append(short[place])
    return shapes


def _make_whole_shape(column: Column, rows: Sequence[Mapping[str, Any]]) -> _Shape:
    told = cut_fraction if column.kind == "time" else format_value
    cells = [told(row.get(column.name)) or column.empty for row in rows]
    return _Shape.compute_widths(column, translate_heading(column.name), cells)


def _make_short_shape(whole: _Shape, rows: Sequence[Mapping[str, Any]]) -> _Shape:
    if whole.of.kind != "time":
        return whole
    from tracker.clock import SystemClock  # noqa: PLC0415 - only where it is narrow

    now = SystemClock().now()
    cells = [format_age(row.get(whole.of.name), now) or whole.of.empty for row in rows]
    if translate_heading(whole.of.name) != whole.of.name:
        return _Shape.compute_widths(whole.of, whole.name, cells)
    name = whole.name.removesuffix("_at").rpartition("_")[2]
    return _Shape.compute_widths(whole.of, "age" if name in {"created", "updated"} else name, cells)


def _sum_widths(shapes: Sequence[_Shape]) -> int:
    return sum(one.columns for one in shapes) + len(GAP) * (len(shapes) - 1)


def _format_cell(shape: _Shape, number: int) -> str:
    text = shape.cells[number]
    padded = _pad(text, shape.columns)
    colour = COLOURS.get(text) if shape.of.kind == "state" else None
    return click.style(padded, fg=colour) if colour else padded


def _pad(text: str, columns: int) -> str:
    return text + " " * (columns - measure_width(text))


def _find_room() -> int | None:
    """Return the columns of the terminal or of COLUMNS; None where output goes elsewhere."""
    return shutil.get_terminal_size((0, 0)).columns or None
