"""The time axis of a task: four lanes, with long waits cut out. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from statistics import median

WIDTH, LEFT, RIGHT = 1000, 70, 70
LANES = ("state", "attempt", "in", "out")
LANE_Y = {"state": 42, "attempt": 70, "in": 96, "out": 122}
HEIGHT = 136
_LONG_S, _LONG_TIMES = 60.0, 10.0
_CUT_PX, _LEAST_PX = 90.0, 9.0
_LETTER_PX = 6.6


@dataclass(frozen=True, slots=True)
class AxisMark:
    """A point on the axis.

    lane: one of LANES. anchor: the row that it leads to. kind: a class for its colour.
    label: a few words beside it; empty for none.
    """

    at: datetime
    lane: str
    anchor: str
    kind: str
    label: str = ""


@dataclass(frozen=True, slots=True)
class PlacedMark:
    """A mark with its place. label: empty where there is no room for it."""

    mark: AxisMark
    x: float
    y: float
    label: str


@dataclass(frozen=True, slots=True)
class AxisCut:
    """A stretch of time that is cut out. length_s: of it."""

    x: float
    width: float
    since: datetime
    until: datetime

    @property
    def length_s(self) -> float:
        """Return how long it lasted, in seconds."""
        return (self.until - self.since).total_seconds()


@dataclass(frozen=True, slots=True)
class Axis:
    """Marks and cuts, placed; ticks: (x, time) at the top."""

    marks: Sequence[PlacedMark]
    cuts: Sequence[AxisCut]
    ticks: Sequence[tuple[float, datetime]]


def build_axis(marks: Sequence[AxisMark]) -> Axis | None:
    """Place marks; None where there are none.

    A gap that is longer than a minute, and ten times as long as the median one, is cut out.
    """
    times = sorted({mark.at for mark in marks})
    if not times:
        return None
    gaps = [(later - earlier).total_seconds() for earlier, later in pairwise(times)]
    usual = median(gaps) if gaps else 0.0
    is_cut = [gap > _LONG_S and gap > _LONG_TIMES * usual for gap in gaps]
    if len(gaps) == 1:  # one gap alone is its own median
        is_cut = [gaps[0] > _LONG_S]
    widths = _compute_widths(gaps, is_cut)
    places = {times[0]: float(LEFT)}
    cuts = []
    for number, width in enumerate(widths):
        x = places[times[number]]
        if is_cut[number]:
            cuts.append(AxisCut(x, width, times[number], times[number + 1]))
        places[times[number + 1]] = x + width
    return Axis(_place_marks(marks, places), cuts, _place_ticks(places))


def _compute_widths(gaps: Sequence[float], is_cut: Sequence[bool]) -> list[float]:
    room = WIDTH - LEFT - RIGHT - _CUT_PX * sum(is_cut)
    open_gaps = [gap for gap, cut in zip(gaps, is_cut, strict=True) if not cut]
    least = min(_LEAST_PX, max(room, 0.0) / max(len(open_gaps), 1))
    rest = max(room - least * len(open_gaps), 0.0)
    total = sum(open_gaps)
    return [
        _CUT_PX if cut else least + (rest * gap / total if total else 0.0)
        for gap, cut in zip(gaps, is_cut, strict=True)
    ]


def _place_marks(marks: Sequence[AxisMark], places: dict[datetime, float]) -> list[PlacedMark]:
    """Place marks; a label stands only where it reaches no other mark of its lane.

    Where it would, it stands at the next mark of the same kind that has room and no label.
    """
    ordered = sorted(marks, key=lambda mark: mark.at)
    next_x: dict[str, float] = {}
    waiting: dict[str, str] = {}
    rooms = {}
    for number in reversed(range(len(ordered))):
        mark = ordered[number]
        rooms[number] = next_x.get(mark.lane, WIDTH + 60.0) - places[mark.at] - 14
        next_x[mark.lane] = places[mark.at]
    found, before = [], dict[str, AxisMark]()
    for number, mark in enumerate(ordered):
        is_like = mark.lane in before and before[mark.lane].kind == mark.kind
        label = mark.label or (waiting.get(mark.lane, "") if is_like else "")
        is_fit = _estimate_width(label) <= rooms[number]
        waiting[mark.lane], before[mark.lane] = "" if is_fit else label, mark
        shown = label if is_fit else ""
        found.append(PlacedMark(mark, round(places[mark.at], 1), LANE_Y[mark.lane], shown))
    return found


def _estimate_width(label: str) -> float:
    return _LETTER_PX * sum(2 if ord(letter) > 0x2E7F else 1 for letter in label)


def _place_ticks(places: dict[datetime, float]) -> list[tuple[float, datetime]]:
    found: list[tuple[float, datetime]] = []
    for at, x in places.items():
        if not found or x - found[-1][0] >= 90:
            found.append((round(x, 1), at))
    return found
