"""How many tasks ended, hour by hour: the columns of a chart and the rows of the table below it."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from markupsafe import Markup
from starlette.requests import Request

from tracker.domain.rendering import format_instant
from tracker.domain.tally import Tally
from tracker.domain.task import TERMINAL, TaskState
from tracker.web.ui.charts import ChartColumn, draw_columns
from tracker.web.ui.frame.formats import format_hour
from tracker.web.ui.frame.reader import Reader
from tracker.web.ui.frame.render import build_address
from tracker.web.ui.frame.words import build_translator

HOUR = timedelta(hours=1)
BAD = (TaskState.FAILED, TaskState.EXPIRED)
"""Ends that are no success, and that nobody asked for."""
_JUST = timedelta(microseconds=1)
TalliesAt = Callable[[datetime], Iterable[Tally]]
"""Returns the tallies of the hour that begins at a time."""


@dataclass(frozen=True, slots=True)
class EndedSpan:
    """Tasks that ended within a span, of an hour or several. href: leads to them."""

    at: datetime
    ok: int
    bad: int
    other: int
    href: str


def compute_callback_share(tally: Tally) -> float | None:
    """Return the share of verdicts that callbacks brought; None without any."""
    told = tally.get_counts("told")
    total = sum(told.values())
    return told.get("callback", 0) / total if total else None


def list_spans(  # noqa: PLR0913 - what is counted, for how long, and whose
    request: Request,
    tallies_at: TalliesAt,
    *,
    first: datetime,
    now: datetime,
    step: timedelta = HOUR,
    provider: str | None = None,
    account: str | None = None,
) -> list[EndedSpan]:
    """Return every span from the first one to now, quiet ones too.

    step: of each span, whole hours. provider, account: whose tasks the links lead to; None for
    everybody's.
    """
    spans = []
    at = first
    while at <= now:
        ended = Tally()
        for hour in range(step // HOUR):
            for one in tallies_at(at + hour * HOUR):
                ended.add(one)
        counts = ended.get_counts("ended")
        href = build_address(
            request,
            "/tasks",
            provider=provider,
            account=account,
            state=[state.value for state in sorted(TERMINAL)],
            updated_after=format_instant(at - _JUST),
            updated_before=format_instant(at + step),
        )
        bad = sum(counts.get(state.value, 0) for state in BAD)
        ok = counts.get(TaskState.SUCCEEDED.value, 0)
        other = counts.get(TaskState.CANCELLED.value, 0)
        spans.append(EndedSpan(at, ok, bad, other, href))
        at += step
    return spans


def build_chart(reader: Reader, spans: Sequence[EndedSpan]) -> Markup:
    """Return the chart of spans; empty where nothing ended."""
    say, zone = build_translator(reader.preferences.language), reader.preferences.zone
    return draw_columns(
        [
            ChartColumn(
                say("attention.column", hour=format_hour(one.at, zone), ok=one.ok, bad=one.bad),
                one.href,
                (("ok", one.ok), ("other", one.other), ("bad", one.bad)),
            )
            for one in spans
        ]
    )
