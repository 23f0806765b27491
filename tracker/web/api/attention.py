"""/v1/attention: what needs a human, and where to look."""

from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from tracker.domain.access import DEFAULT_TENANT, Scope
from tracker.domain.delivery import Endpoint
from tracker.domain.lifecycle import Verdict
from tracker.domain.rendering import format_instant
from tracker.domain.task import FollowUp, TaskState
from tracker.providers.ports.account import list_slot_caps
from tracker.store import attempts, attention, conditions, endpoints, forgeries, held_slots
from tracker.store.endpoint_troubles import EndpointTrouble, list_troubles
from tracker.store.jobs import WAITING
from tracker.store.store import Reading
from tracker.web.api import service_views
from tracker.web.edge.operation import describe_operation
from tracker.web.edge.state import Services, get_services, get_tenant

MOST = 50
"""Entries of each kind; the newest."""
_SENT_LATER = frozenset({TaskState.QUEUED, TaskState.UNCERTAIN})
FORGERIES_SHOWN = timedelta(days=1)
"""Forged callbacks and lost files ask for a human for so long."""


@describe_operation(scope=Scope.TASKS_READ, tag="attention", answers={200: service_views.Attention})
async def get(request: Request) -> Response:
    """Tasks, receipts, status words, endpoints and conditions that need a human."""
    found = await collect(get_services(request), get_tenant(request))
    return JSONResponse(found, headers={"cache-control": "no-store"})


async def collect(our: Services, owner: str) -> service_views.Attention:
    """Return what of a tenant's needs a human. Raises Unavailable."""
    await our.reception.forgeries.flush()
    caps = list_slot_caps(our.accounts)
    found = await our.store.read(lambda db: _collect(db, owner, our.clock.now(), caps))
    for task in found["uncertain"]:
        reason = our.actions.explain_manual_resolution(task["provider"], task["account"])
        task["resolve"] = reason
    if owner == DEFAULT_TENANT:
        found["conditions"] += [_build_condition(one) for one in our.stalls.list_lasting()]
    return found


Caps = Mapping[tuple[str, str], int]
"""Tasks that accounts may have at the provider at once, of those that have a limit."""


def _collect(db: Reading, owner: str, now: datetime, caps: Caps) -> service_views.Attention:
    since = now - FORGERIES_SHOWN
    late = attention.list_overdue(db, owner, now=now, limit=MOST)
    return {
        "endpoints": _list_endpoints(db, owner),
        "conditions": [_build_condition(one) for one in _list_conditions(db, owner)],
        "overdue": _render_unsettled(db, late, caps),
        "uncertain": _render_unsettled(db, attention.list_uncertain(db, owner, limit=MOST), {}),
        "blocked": [_build_stuck(one) for one in attention.list_blocked(db, owner, limit=MOST)],
        "without_result": _render_follow_ups(db, owner, FollowUp.NO_RESULT),
        "denied": _render_follow_ups(db, owner, FollowUp.DENIED),
        "doubtful": _render_follow_ups(db, owner, FollowUp.DOUBTFUL),
        "lost_files": [
            _build_stuck(one)
            for one in attention.list_lost_files(db, owner, since=since, limit=MOST)
        ],
        "unknown_words": [
            render_word(one) for one in attention.list_unknown_words(db, owner, limit=MOST)
        ],
        "receipts": {
            verdict.value: _list_odd_receipts(db, owner, verdict, since)
            for verdict in attention.ASKING
        },
        "forgeries": _count_forgeries(db, owner, since),
    }


def _render_unsettled(
    db: Reading, found: list[attention.StuckTaskRow], caps: Caps
) -> list[service_views.StuckTask]:
    """Return tasks with why they wait or were lost.

    The latest attempt says it, a look that leaves the choice to a person, or that their account
    has no free slot.
    """
    tried = [one.id for one in found if one.state in _SENT_LATER]
    said = attempts.find_last_messages(db, tried) | attention.list_candidates(db, tried)
    full = _find_full_accounts(db, found, caps)

    def explain_wait(one: attention.StuckTaskRow) -> str | None:
        is_held_up = one.state is TaskState.QUEUED and (one.provider, one.account) in full
        return said.get(one.id, WAITING if is_held_up else one.message)

    return [_build_stuck(replace(one, message=explain_wait(one))) for one in found]


def _find_full_accounts(
    db: Reading, found: list[attention.StuckTaskRow], caps: Caps
) -> Collection[tuple[str, str]]:
    """Return the accounts of queued tasks that have no free slot."""
    named = {(one.provider, one.account) for one in found if one.state is TaskState.QUEUED}
    asked = named & caps.keys()
    held = held_slots.count(db, asked)
    return {name for name in asked if held.get(name, 0) >= caps[name]}


def _list_odd_receipts(
    db: Reading, owner: str, verdict: Verdict, since: datetime
) -> list[service_views.OddReceipt]:
    newest = since if verdict is Verdict.FORGED else None
    return [
        _build_odd(one) for one in attention.list_odd(db, owner, verdict, since=newest, limit=MOST)
    ]


def _count_forgeries(db: Reading, owner: str, since: datetime) -> service_views.Forgeries:
    """Return the forgeries for the operator; none for others, whom they do not concern."""
    is_operator = owner == DEFAULT_TENANT
    kinds = forgeries.list_kinds(db, since=since, limit=MOST) if is_operator else ()
    return {
        "since": format_instant(since),
        "total": forgeries.count_all(db, since=since) if is_operator else 0,
        "kinds": [
            {
                "provider": one.kind.provider,
                "subject": one.kind.subject,
                "sender": one.kind.sender,
                "count": one.number,
                "last_at": format_instant(one.last_at),
            }
            for one in kinds
        ],
    }


def _render_follow_ups(db: Reading, owner: str, why: FollowUp) -> list[service_views.StuckTask]:
    return [_build_stuck(one) for one in attention.list_followed_up(db, owner, why, limit=MOST)]


def render_word(one: attention.UnknownWord) -> service_views.UnknownWordView:
    """Render a status word that nobody knows."""
    return {
        "provider": one.provider,
        "word": one.word,
        "count": one.count,
        "task_id": None if one.task_id is None else str(one.task_id),
        "last_at": format_instant(one.last_at),
    }


def _list_endpoints(db: Reading, owner: str) -> list[service_views.TroubledEndpoint]:
    stopped = endpoints.list_stopped(db, owner, limit=MOST)
    known = list_troubles(db, stopped)
    return [_build_endpoint(one, known[one.key]) for one in stopped]


def _build_endpoint(one: Endpoint, trouble: EndpointTrouble) -> service_views.TroubledEndpoint:
    return {
        "endpoint_id": str(one.id),
        "url": one.url,
        "state": one.state,
        "reason": one.state_reason,
        "failing_since": format_instant(one.failing_since),
        "cause": trouble.kind,
        "advice": trouble.advice,
        "last_error": trouble.error,
        "last_failed_at": format_instant(trouble.failed_at),
        "owed": trouble.owed,
    }


def _list_conditions(db: Reading, owner: str) -> list[conditions.Condition]:
    """Return the conditions for the operator; none for others, whom they do not concern."""
    return conditions.list_told(db) if owner == DEFAULT_TENANT else []


def _build_condition(one: conditions.Condition) -> service_views.ConditionView:
    return {
        "name": one.name,
        "provider": one.provider,
        "account": one.account,
        "reason": one.reason,
        "raised_at": format_instant(one.raised_at),
    }


def _build_stuck(one: attention.StuckTaskRow) -> service_views.StuckTask:
    return {
        "task_id": str(one.id),
        "provider": one.provider,
        "account": one.account,
        "operation": one.operation,
        "external_task_id": one.external_task_id,
        "state": one.state,
        "message": one.message,
        "since": format_instant(one.since),
        "resolve": None,
    }


def _build_odd(one: attention.OddReceiptRow) -> service_views.OddReceipt:
    return {
        "receipt_id": str(one.key),
        "task_id": None if one.task_id is None else str(one.task_id),
        "provider": one.provider,
        "reason": one.reason,
        "received_at": format_instant(one.received_at),
    }
