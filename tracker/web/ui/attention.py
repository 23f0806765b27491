"""`/ui/attention`: what needs a person, what the last day was like, and where to go on."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from hashlib import blake2b
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from tracker.domain.access import Scope
from tracker.domain.cost import Price
from tracker.domain.lifecycle import Verdict
from tracker.domain.tally import Tally
from tracker.domain.task import TaskState
from tracker.services.access.budgets import Budgets
from tracker.services.upkeep.counting import Counted, look
from tracker.store.endpoint_troubles import MOST_OWED
from tracker.web.api import attention as api
from tracker.web.api.changes import NOW
from tracker.web.edge.state import get_services
from tracker.web.ui.ended import BAD, build_chart, compute_callback_share, list_spans
from tracker.web.ui.frame.app import Pages
from tracker.web.ui.frame.needs import format_needs, look_now
from tracker.web.ui.frame.reader import Reader
from tracker.web.ui.frame.render import build_address, render_page

PAGES = Pages()
"""The home page."""
SHOWN = 5
"""Entries of a group that are shown before a link leads to the rest."""
_DAY = timedelta(days=1)
_TASKS = ("uncertain", "overdue", "blocked", "without_result", "denied", "doubtful", "lost_files")
_RECEIPTS = (Verdict.CONFLICT, Verdict.MISMATCH, Verdict.UNKNOWN_TASK)
GROUPS = frozenset(
    {"conditions", "endpoints", *_TASKS, "words", Verdict.MALFORMED.value}
    | {verdict.value for verdict in _RECEIPTS}
)
"""Names of all groups."""
_PASSING = dict.fromkeys(("last_error", "last_failed_at", "owed"))
"""Fields of an endpoint that each further attempt changes."""
_IDENTITY = {
    "condition": ("name", "provider", "account"),
    "endpoint": ("endpoint_id",),
    "task": ("task_id",),
    "receipt": ("receipt_id",),
    "word": ("provider", "word"),
}
"""Fields that tell an entry of a kind from every other."""


@dataclass(frozen=True, slots=True)
class AttentionGroup:
    """Entries that need the same thing.

    name:    of its words: `attention.NAME`. kind: how its entries are shown.
    entries: at most MOST of the API's; the newest. since: when the oldest of them began.
    more:    where all of them are listed, under `/ui`; None where no page lists them.
    """

    name: str
    kind: str
    entries: Sequence[Mapping[str, Any]]
    since: datetime | None
    more: str | None = None
    query: Mapping[str, Any] | None = None

    @property
    def count(self) -> str:
        """Return how many there are, `50+` from as many as are looked for."""
        number = len(self.entries)
        return f"{number}+" if number >= api.MOST else str(number)

    @property
    def shown(self) -> list[tuple[str, Mapping[str, Any]]]:
        """Return the first entries, each with the id of its element, which it keeps."""
        return [(self._derive_id(one), one) for one in self.entries[:SHOWN]]

    @property
    def ids(self) -> list[str]:
        """Return the ids of the elements of all entries."""
        return [self._derive_id(one) for one in self.entries]

    def _derive_id(self, one: Mapping[str, Any]) -> str:
        told = json.dumps([self.name, *(one[name] for name in _IDENTITY[self.kind])]).encode()
        return "e" + blake2b(told, digest_size=6).hexdigest()

    @property
    def rest(self) -> int:
        """Return how many are not shown."""
        return max(0, len(self.entries) - SHOWN)


@dataclass(frozen=True, slots=True)
class DayFigures:
    """The last 24 hours. by_callback: the share of verdicts that callbacks brought."""

    ended: Mapping[TaskState, int]
    success: float | None
    by_callback: float | None
    p50: timedelta | None
    p90: timedelta | None
    costs: Mapping[Price, Decimal]
    is_whole: bool


@PAGES.get("/attention", scope=Scope.TASKS_READ, known=(), tells_needs=True)
async def show(request: Request, reader: Reader) -> Response:
    """Show what needs a person, in the order in which it does."""
    our, owner = get_services(request), reader.tenant
    found = await our.attention_looks.renew(owner, lambda: look_now(our, owner))
    now = our.clock.now()
    first = now.astimezone(UTC).replace(minute=0, second=0, microsecond=0) - _DAY
    counted = await our.store.read(lambda db: look(db, owner, since=first))
    hours = list_spans(request, lambda at: counted.hours.get(at, {}).values(), first=first, now=now)
    groups = build_groups(found)
    spent = 0
    if reader.may(Scope.ADMIN):
        spent = sum(
            one.is_used_up for one in await Budgets(our.store, our.clock).list_of_tenant(owner)
        )
    return render_page(
        request,
        reader,
        "attention.html",
        groups=groups,
        spent=spent,
        forged=found["receipts"][Verdict.FORGED.value],
        forgeries=found["forgeries"],
        needs=format_needs(found),
        most=api.MOST,
        most_owed=MOST_OWED,
        day=_build_day(counted),
        hours=hours,
        chart=build_chart(reader, hours),
        live={"url": _build_live_url(request, groups, digest_of(found)), "after": NOW},
        new=0,
        instant_of=datetime.fromisoformat,
    )


def digest_of(found: Mapping[str, Any]) -> str:
    """Return a short text that differs where anything differs that asks for a person."""
    told = json.dumps(remove_passing(found), sort_keys=True).encode()
    return blake2b(told, digest_size=8).hexdigest()


def remove_passing(found: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return an answer of `api.collect` without what changes while nothing else is wrong."""
    steady = [{**one, **_PASSING} for one in found["endpoints"]]
    return {
        **found,
        "endpoints": steady,
        "forgeries": {**found["forgeries"], "since": None},
    }


def _build_live_url(request: Request, groups: Sequence[AttentionGroup], digest: str) -> str:
    """Return where changes of the page come from: it names what is on display."""
    query = {
        "attention": digest,
        "ids": ",".join(id_ for group in groups for id_, _ in group.shown),
        "groups": ",".join(group.name for group in groups),
    }
    return build_address(request, "/live", query)


def build_groups(found: Mapping[str, Any]) -> list[AttentionGroup]:
    """Return the groups that have entries, the most urgent first."""
    groups = [
        _group("conditions", "condition", found["conditions"], "raised_at"),
        _group("endpoints", "endpoint", found["endpoints"], "failing_since", "/endpoints"),
    ]
    links: Mapping[str, Mapping[str, Any]] = {
        "uncertain": {"state": "uncertain"},
        "overdue": {"overdue": "true"},
    }
    for name in _TASKS:
        link = links.get(name)
        entries: Sequence[Any] = found[name]
        more = "/tasks" if link else None
        groups.append(_group(name, "task", entries, "since", more, link))
    receipts = found["receipts"]
    groups += [_build_receipts(verdict, receipts[verdict.value]) for verdict in _RECEIPTS]
    words = {"verdict": Verdict.UNKNOWN_STATUS.value, "dismissed": "false"}
    groups.append(_group("words", "word", found["unknown_words"], "last_at", "/callbacks", words))
    groups.append(_build_receipts(Verdict.MALFORMED, receipts[Verdict.MALFORMED.value]))
    return [one for one in groups if one.entries]


def _build_receipts(verdict: Verdict, entries: Sequence[Any]) -> AttentionGroup:
    query = {"verdict": verdict.value, "dismissed": "false"}
    return _group(verdict.value, "receipt", entries, "received_at", "/callbacks", query)


def _group(  # noqa: PLR0913, PLR0917 - a line of the table above each
    name: str,
    kind: str,
    entries: Sequence[Any],
    when: str,
    more: str | None = None,
    query: Mapping[str, Any] | None = None,
) -> AttentionGroup:
    times = [one[when] for one in entries if one[when] is not None]
    since = datetime.fromisoformat(min(times)) if times else None
    return AttentionGroup(name, kind, entries, since, more, query)


def _build_day(counted: Counted) -> DayFigures:
    whole = Tally()
    for one in counted.lately.values():
        whole.add(one)
    ended = {state: whole.get_counts("ended").get(state.value, 0) for state in (*_ENDED,)}
    decided = ended[TaskState.SUCCEEDED] + sum(ended[state] for state in BAD)
    return DayFigures(
        ended=ended,
        success=ended[TaskState.SUCCEEDED] / decided if decided else None,
        by_callback=compute_callback_share(whole),
        p50=whole.compute_percentile(0.5),
        p90=whole.compute_percentile(0.9),
        costs=whole.costs,
        is_whole=counted.whole,
    )


_ENDED = (TaskState.SUCCEEDED, *BAD, TaskState.CANCELLED)
