"""Charts: columns of an hour or a day each, as SVG that needs neither script nor style of its own.

A chart is for the eye and the mouse. Whoever shows one puts a table with the same numbers below it:
the drawing is hidden from screen readers, and its links are left out of the keyboard's order.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

_STEP, _GAP = 20.0, 3.0
"""Units of the drawing per column, and how many of them stay free."""
_HEIGHT = 100.0
_LEAST = 2.0
"""Height of the smallest part that is not zero, so that it is seen."""


@dataclass(frozen=True, slots=True)
class ChartColumn:
    """One column.

    title: shown by the mouse: its time and numbers, as plain text.
    href:  where it leads; None: nowhere.
    parts: from the bottom: names of classes in ui.css (`ok`, `bad`, `other`), and their numbers.
    """

    title: str
    href: str | None
    parts: Sequence[tuple[str, int]]

    @property
    def total(self) -> int:
        """Return the sum of its parts."""
        return sum(number for _, number in self.parts)


def draw_columns(columns: Sequence[ChartColumn]) -> Markup:
    """Return the drawing of columns, which share a scale; empty where there is nothing to draw."""
    most = max((one.total for one in columns), default=0)
    if not most:
        return Markup()
    width = _STEP * len(columns)
    drawn = Markup().join(_draw_column(n * _STEP, one, most) for n, one in enumerate(columns))
    return Markup(
        '<svg class="chart" viewBox="0 0 {width:g} {height:g}" preserveAspectRatio="none" '
        'aria-hidden="true" focusable="false">{drawn}'
        '<line class="base" x1="0" x2="{width:g}" y1="{height:g}" y2="{height:g}"/></svg>'
    ).format(width=width, height=_HEIGHT, drawn=drawn)


def _draw_column(left: float, one: ChartColumn, most: int) -> Markup:
    # The whole height answers to the mouse: a low column would be hard to hit.
    parts = [_draw_rectangle("hit", left, 0.0, _STEP, _HEIGHT)]
    bottom = _HEIGHT
    for name, number in one.parts:
        if number:
            height = max(_LEAST, number / most * (_HEIGHT - _LEAST * len(one.parts)))
            bottom -= height
            parts.append(_draw_rectangle(name, left + _GAP / 2, bottom, _STEP - _GAP, height))
    inside = Markup("<title>{}</title>{}").format(one.title, Markup().join(parts))
    if one.href is None:
        return Markup("<g>{}</g>").format(inside)
    return Markup('<a href="{}" tabindex="-1">{}</a>').format(one.href, inside)


def _draw_rectangle(name: str, x: float, y: float, width: float, height: float) -> Markup:
    return Markup('<rect class="{}" x="{:.6g}" y="{:.6g}" width="{:.6g}" height="{:.6g}"/>').format(
        name, x, y, width, height
    )
