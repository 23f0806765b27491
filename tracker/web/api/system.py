"""/v1/system: versions, processes, and how far the background work is behind."""

from pydantic import with_config
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from typing_extensions import TypedDict

from tracker import __version__
from tracker.domain.access import DEFAULT_TENANT, Scope
from tracker.domain.rendering import format_instant
from tracker.domain.work import JobKind
from tracker.store import due_jobs, feed, stats
from tracker.store.revision import SCHEMA_REVISION, look
from tracker.store.store import Reading
from tracker.web.api.views import EXACT, Instant, Uuid
from tracker.web.edge.operation import describe_operation
from tracker.web.edge.state import Services, get_services, get_tenant


@with_config(EXACT)
class RunningProcess(TypedDict):
    """A process on this database that was heard of lately."""

    id: Uuid
    is_worker: bool
    seen_at: Instant
    ahead_ms: int
    """By how much its clock is ahead of the database server's."""


@with_config(EXACT)
class DueJobs(TypedDict):
    """Background work of one kind that nobody has taken though it is due."""

    kind: JobKind
    count: int
    """At most 1,000 are counted."""
    oldest_due_at: Instant | None


@with_config(EXACT)
class Installation(TypedDict):
    """The state of the installation."""

    schema: str | None
    """Of the database."""
    wanted_schema: str
    """That this version was made for."""
    has_worker: bool
    processes: list[RunningProcess]
    due: list[DueJobs]
    feed_head: int
    """The newest number of the feed."""
    feed_uncounted: int
    """Numbers that statistics have not folded yet."""


@with_config(EXACT)
class SystemState(TypedDict):
    """The service and its installation."""

    version: str
    installation: Installation | None
    """The operator's: null for another tenant than `default`."""


@describe_operation(scope=Scope.ADMIN, tag="system", answers={200: SystemState})
async def get(request: Request) -> Response:
    """Tell versions, the processes on the database, and how far background work is behind."""
    told = await collect(get_services(request), get_tenant(request))
    return JSONResponse(told, headers={"cache-control": "no-store"})


async def collect(our: Services, owner: str) -> SystemState:
    """Return what a tenant's administrator may know of the service."""
    told: SystemState = {"version": __version__, "installation": None}
    if owner == DEFAULT_TENANT:
        told["installation"] = await our.store.read(lambda db: _look(db, our))
    return told


def _look(db: Reading, our: Services) -> Installation:
    head = feed.find_head(db)
    return {
        "schema": look(db).revision,
        "wanted_schema": SCHEMA_REVISION,
        "has_worker": our.presence.has_worker,
        "processes": [
            {
                "id": str(one.id),
                "is_worker": one.is_worker,
                "seen_at": format_instant(one.seen_at),
                "ahead_ms": one.ahead_ms,
            }
            for one in our.presence.list_alive(db)
        ],
        "due": [
            {"kind": kind, "count": count, "oldest_due_at": format_instant(oldest)}
            for kind, (count, oldest) in due_jobs.count_overdue(db, now=our.clock.now()).items()
        ],
        "feed_head": head,
        "feed_uncounted": max(0, head - stats.read_counted_place(db)),
    }
