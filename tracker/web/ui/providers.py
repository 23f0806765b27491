"""`/ui/providers`: how each provider account fares, and how it fared."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import Response

from tracker.domain.access import DEFAULT_TENANT, Scope
from tracker.domain.lifecycle import Verdict
from tracker.domain.tally import Tally
from tracker.domain.work import JobKind, build_lane
from tracker.locale import translate
from tracker.services.upkeep.counting import Counted, look
from tracker.store import conditions, due_jobs, odd_receipts
from tracker.store.conditions import Condition
from tracker.store.odd_receipts import LatestCallback
from tracker.store.store import Reading
from tracker.web.api import accounts as api
from tracker.web.api.service_views import AccountView
from tracker.web.edge.operation import Param
from tracker.web.edge.state import get_services
from tracker.web.ui.ended import HOUR, EndedSpan, build_chart, compute_callback_share, list_spans
from tracker.web.ui.frame.app import Pages
from tracker.web.ui.frame.asking import redirect_back
from tracker.web.ui.frame.forms import read_form
from tracker.web.ui.frame.reader import Reader
from tracker.web.ui.frame.render import render_page

PAGES = Pages()
STEPS = {1: HOUR, 7: 6 * HOUR, 30: 24 * HOUR}
"""Times that the charts offer, in days, and the span of one column of each."""
CALLBACKS_LOOKED_AT = 500
MOST_SAID = 300
"""Characters of an answer that a notice repeats."""
_ACCEPTED = frozenset({Verdict.ADVANCED, Verdict.DUPLICATE, Verdict.STALE})


@dataclass(frozen=True, slots=True)
class ProviderCard:
    """An account, and what is told of it besides the API's view.

    standing: what is wrong with it now.
    queue:    tasks that wait to be submitted, 1,000 at most; oldest: since when the oldest waits.
    accepted, refused: the newest callbacks of its provider of either kind, if any is recent.
    """

    view: AccountView
    standing: Sequence[Condition]
    queue: int
    oldest: datetime | None
    tally: Tally
    spans: Sequence[EndedSpan]
    chart: Markup
    accepted: LatestCallback | None
    refused: LatestCallback | None

    @property
    def ended(self) -> dict[str, int]:
        """Return how tasks ended, by state, those that are none left out."""
        return {state: count for state, count in self.tally.get_counts("ended").items() if count}

    @property
    def by_callback(self) -> float | None:
        """Return the share of verdicts that callbacks brought; None without any."""
        return compute_callback_share(self.tally)


@dataclass(frozen=True, slots=True)
class _Around:
    counted: Counted
    standing: Sequence[Condition]
    queues: Mapping[tuple[str, str], tuple[int, datetime | None]]
    callbacks: Sequence[LatestCallback]


@PAGES.get(
    "/providers",
    scope=Scope.TASKS_READ,
    known=[Param("days", "How far back the figures reach.")],
)
async def show(request: Request, reader: Reader) -> Response:
    """Show every account. They are the operator's: other tenants see none."""
    our, owner = get_services(request), reader.tenant
    days = next((one for one in STEPS if str(one) == request.query_params.get("days")), 1)
    views = await api.collect(our, owner)
    now = our.clock.now()
    first = now.astimezone(UTC).replace(minute=0, second=0, microsecond=0) - timedelta(days=days)
    names = [(one["provider"], one["name"]) for one in views]
    found = await our.store.read(lambda db: _look(db, owner, names, first))
    cards = [_build_card(request, reader, view, found, (first, now, days)) for view in views]
    return render_page(
        request,
        reader,
        "providers.html",
        cards=cards,
        days=days,
        spans=list(STEPS),
        is_operator=owner == DEFAULT_TENANT,
        is_whole=found.counted.whole,
        can_probe={name for name, one in our.providers.items() if one.probes is not None},
        instant_of=datetime.fromisoformat,
    )


@PAGES.post("/providers/probe", scope=Scope.ADMIN)
async def probe(request: Request, reader: Reader) -> Response:
    """Ask a provider one harmless query with an account. Raises NotFound, Conflict."""
    form = await read_form(request)
    provider, account = form.get_text("provider"), form.get_text("account")
    if reader.tenant != DEFAULT_TENANT:
        provider = ""
    told = await get_services(request).probing.probe(provider, account)
    key = {"ok": "done.probe.ok", "note": "done.probe.note"}.get(told.level, "done.probe.error")
    return redirect_back(
        request,
        form,
        "/providers",
        key,
        account=f"{provider}/{account}",
        text=translate(told.text, reader.preferences.language)[:MOST_SAID],
    )


def _look(db: Reading, owner: str, names: Sequence[tuple[str, str]], first: datetime) -> _Around:
    return _Around(
        look(db, owner, since=first, most_open=0),
        conditions.list_told(db) if names else [],
        {name: due_jobs.count_waiting(db, JobKind.SUBMIT, build_lane(*name)) for name in names},
        odd_receipts.list_latest_callbacks(db, limit=CALLBACKS_LOOKED_AT) if names else [],
    )


def _build_card(
    request: Request,
    reader: Reader,
    view: AccountView,
    found: _Around,
    span: tuple[datetime, datetime, int],
) -> ProviderCard:
    name = (view["provider"], view["name"])
    own = [one for one in found.callbacks if one.provider == name[0]]
    first, now, days = span
    hours = found.counted.hours
    spans = list_spans(
        request,
        lambda at: [one] if (one := hours.get(at, {}).get(name)) else [],
        first=first,
        now=now,
        step=STEPS[days],
        provider=name[0],
        account=name[1],
    )
    queue, oldest = found.queues[name]
    return ProviderCard(
        view=view,
        standing=[one for one in found.standing if (one.provider, one.account) == name],
        queue=queue,
        oldest=oldest,
        tally=found.counted.lately.get(name, Tally()),
        spans=spans,
        chart=build_chart(reader, spans),
        accepted=next((one for one in own if one.verdict in _ACCEPTED), None),
        refused=next((one for one in own if one.verdict not in _ACCEPTED), None),
    )
