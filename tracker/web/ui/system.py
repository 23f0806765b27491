"""`/ui/system`: versions, processes, how far background work is behind, and what is wrong."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from starlette.requests import Request
from starlette.responses import Response

from tracker.domain.access import DEFAULT_TENANT, Scope
from tracker.domain.work import JobKind, build_lane
from tracker.providers.ports.account import Account, list_slot_caps
from tracker.store import conditions, due_jobs, held_slots
from tracker.store.store import Reading
from tracker.web.api import system as api
from tracker.web.api.system import DueJobs, Installation
from tracker.web.edge.state import get_services
from tracker.web.ui.frame.app import Pages
from tracker.web.ui.frame.reader import Reader
from tracker.web.ui.frame.render import render_page

PAGES = Pages()
BEHIND_S = 60.0
"""Work that has been due for so long is behind."""
FAR_BEHIND = 10_000
"""Changes that statistics have not counted: more of them are too many."""


@dataclass(frozen=True, slots=True)
class SystemFinding:
    """One thing that was looked at. key: of its words, `system.is.KEY`; n: what varies in them."""

    level: Literal["ok", "error"]
    key: str
    n: int = 0


@PAGES.get("/system", scope=Scope.ADMIN, known=())
async def show(request: Request, reader: Reader) -> Response:
    """Show what the installation is like. It is the operator's: others see the version."""
    our = get_services(request)
    told = await api.collect(our, reader.tenant)
    standing, waiting = [], 0
    if reader.tenant == DEFAULT_TENANT:
        standing = await our.store.read(conditions.list_open)
        waiting = await our.store.read(lambda db: _wait_for_slots(db, our.accounts))
    there = told["installation"]
    now = our.clock.now()
    if there is not None and waiting:
        there = {**there, "due": [_remove_waiting(one, waiting) for one in there["due"]]}
    return render_page(
        request,
        reader,
        "system.html",
        there=there,
        findings=[] if there is None else list_findings(there, now),
        waiting=waiting,
        standing=[one for one in standing if not one.provider],
        instant_of=datetime.fromisoformat,
    )


def _wait_for_slots(db: Reading, accounts: Mapping[tuple[str, str], Account]) -> int:
    """Count queued tasks of accounts that have no free slot: workers leave them on purpose."""
    caps = list_slot_caps(accounts)
    held = held_slots.count(db, caps)
    full = [name for name, cap in caps.items() if held.get(name, 0) >= cap]
    return sum(due_jobs.count_waiting(db, JobKind.SUBMIT, build_lane(*name))[0] for name in full)


def _remove_waiting(one: DueJobs, waiting: int) -> DueJobs:
    """Return the due work of a kind without submits that wait for a slot."""
    if one["kind"] != JobKind.SUBMIT:
        return one
    left = max(0, one["count"] - waiting)
    return {**one, "count": left, "oldest_due_at": one["oldest_due_at"] if left else None}


def list_findings(there: Installation, now: datetime) -> list[SystemFinding]:
    """Return what an installation's own figures say, what is wrong first."""
    late = 0
    for one in there["due"]:
        oldest = one["oldest_due_at"]
        if oldest and (now - datetime.fromisoformat(oldest)).total_seconds() > BEHIND_S:
            late += one["count"]
    found = [
        _make_finding(there["schema"] == there["wanted_schema"], "schema"),
        _make_finding(there["has_worker"], "worker"),
        _make_finding(not late, "due", late),
        _make_finding(there["feed_uncounted"] <= FAR_BEHIND, "feed", there["feed_uncounted"]),
        _make_finding(all(abs(one["ahead_ms"]) < 2000 for one in there["processes"]), "clock"),
    ]
    return sorted(found, key=lambda one: one.level != "error")


def _make_finding(is_ok: bool, key: str, n: int = 0) -> SystemFinding:  # noqa: FBT001 - what was found
    return SystemFinding("ok", f"{key}.ok", n) if is_ok else SystemFinding("error", key, n)
