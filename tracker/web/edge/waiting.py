"""Requests that wait: for how long, for what, and that their client may go."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial

from starlette.requests import ClientDisconnect, Request
from starlette.types import Receive

from tracker.domain.errors import CredentialFault, NotFound, TaskGone, Unauthenticated
from tracker.domain.events import OF_OPEN_CALL
from tracker.domain.task import TERMINAL, VERDICTS, Task, TaskState, is_unanswered
from tracker.services.read.watch import WakeReason
from tracker.store import kept_tasks, task_rows, tasks, tombstones
from tracker.store.feed import Change
from tracker.store.kept_tasks import KeptTask
from tracker.web.edge import query
from tracker.web.edge.conditional import build_etag, is_matching
from tracker.web.edge.state import get_holder, get_services, get_tenant

MAX_WAIT_S = 60
_PREFERENCE = re.compile(r'(?:^|,)\s*wait\s*=\s*"?(\d{1,9})"?\s*(?:;[^,]*)?(?:,|$)', re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class WaitTime:
    """How long a request may wait.

    headers: what its answer says of that.
    """

    seconds: int
    headers: dict[str, str]

    @property
    def until(self) -> float:
        """The end, by the event loop's clock, from now."""
        return asyncio.get_running_loop().time() + self.seconds


NO_WAIT = WaitTime(0, {})


def read_wait_time(request: Request) -> WaitTime:
    """`?wait=N`, else `Prefer: wait=N` (RFC 7240), else no wait.

    Raises InvalidRequest for a parameter out of bounds; a preference is bounded instead, and one
    that cannot be read is ignored, as the RFC has it.
    """
    if request.scope["query_string"] and "wait" in request.query_params:
        return WaitTime(query.read_integer(request, "wait", default=0, low=0, high=MAX_WAIT_S), {})
    return read_preferred_wait(request)


def read_preferred_wait(request: Request) -> WaitTime:
    """`Prefer: wait=N`, else no wait."""
    preferences = [value for name, value in request.scope["headers"] if name == b"prefer"]
    if not preferences:
        return NO_WAIT
    found = _PREFERENCE.search(b",".join(preferences).decode("latin-1"))
    if found is None:
        return NO_WAIT
    seconds = min(int(found[1]), MAX_WAIT_S)
    return WaitTime(seconds, {"preference-applied": f"wait={seconds}"})


def build_leave_waiter(request: Request) -> Callable[[], Awaitable[None]]:
    """Return a function that waits until the client has disconnected."""
    return partial(wait_until_gone, request.receive)


async def wait_until_gone(receive: Receive) -> None:
    """Wait until a client has disconnected."""
    while (await receive())["type"] != "http.disconnect":
        pass


def refuse_ended(woke: WakeReason) -> None:
    """Raise ClientDisconnect or Unauthenticated where there is nobody to answer any more."""
    if woke is WakeReason.GONE:
        raise ClientDisconnect
    if woke is WakeReason.REVOKED:
        raise Unauthenticated(
            CredentialFault.INVALID, "this key was revoked, or allows less than before"
        )


Standing = Task | task_rows.TaskStanding


async def look_whole(request: Request) -> Task:
    """Return the task of the path. Raises NotFound, TaskGone."""
    found = await get_services(request).store.find(tasks.load_by_id, query.read_task_id(request))
    if found is None or found.tenant != get_tenant(request):
        raise await _make_missing(request)
    return found


async def look_kept(request: Request) -> KeptTask:
    """Return the task of the path, and what is kept of its result. Raises NotFound, TaskGone."""
    if get_services(request).storage is None:
        return KeptTask(await look_whole(request), ())
    found = await get_services(request).store.find(
        kept_tasks.load_by_id, query.read_task_id(request)
    )
    if found is None or found.task.tenant != get_tenant(request):
        raise await _make_missing(request)
    return found


async def _make_missing(request: Request) -> NotFound | TaskGone:
    owner, id_ = get_tenant(request), query.read_task_id(request)
    return await get_services(request).store.read(
        lambda db: tombstones.explain_missing(db, owner, id_)
    )


def find_standing(found: KeptTask | task_rows.TaskStanding) -> Standing:
    """Return where a task that was looked for stands."""
    return found.task if isinstance(found, KeptTask) else found


async def look_narrow(request: Request) -> task_rows.TaskStanding:
    """Return where the task of the path stands: neither its input nor its result is read."""
    found = await get_services(request).store.find(
        tasks.load_standings, query.read_task_id(request)
    )
    if found is None or found.tenant != get_tenant(request):
        raise await _make_missing(request)
    return found


async def wait_until_moved(
    request: Request, wait: WaitTime, seen: str | None
) -> KeptTask | task_rows.TaskStanding:
    """Return the task of the path: at once, or when it is news to the caller or the time is over.

    seen: If-None-Match. News is a version that it does not name; without it, the end of the task.
    Raises NotFound, TaskGone, Unavailable, ClientDisconnect, Unauthenticated.
    """
    # Who waits holds little: the whole task is read when there is something to say of it.
    narrow = seen is not None
    watch = get_services(request).watch
    if not wait.seconds:
        return await (look_narrow(request) if narrow else look_kept(request))
    until, position = wait.until, watch.position
    found: KeptTask | task_rows.TaskStanding = await look_narrow(request)
    now = find_standing(found)
    if seen is not None and seen.strip() == "*":
        seen = build_etag(now.version)
    if _is_news(now.version, now.state, seen):
        return found
    wants = None if seen else _is_end
    with watch.watch_task(
        now.id, since=position, wants=wants, holder=get_holder(request)
    ) as waiter:
        while not _is_news(now.version, now.state, seen):
            woke = await waiter.sleep(until, build_leave_waiter(request))
            refuse_ended(woke)
            if woke is not WakeReason.NEWS:
                break
            found = await look_kept(request)
            now = found.task
    return found


IsOver = Callable[[Task], bool]


def has_ended(task: Task) -> bool:
    """Return whether a task needs no more waiting for."""
    return task.state in TERMINAL


def is_answered(task: Task) -> bool:
    """Return whether the provider has answered a task's create."""
    return not is_unanswered(task)


async def wait_until_over(
    request: Request,
    wait: WaitTime,
    task: Task,
    *,
    since: int | None,
    is_over: IsOver = has_ended,
) -> Task:
    """Return a task that has just been accepted: when it is over, or as it is when the time is.

    since:   the watch's position before it was accepted.
    is_over: tells of a task whether it is as it is waited for.
    """
    our, until = get_services(request), wait.until
    wants = _is_end if is_over is has_ended else _has_more
    with our.watch.watch_task(
        task.id, since=since, wants=wants, holder=get_holder(request)
    ) as waiter:
        while not is_over(task):
            woke = await waiter.sleep(until, build_leave_waiter(request))
            if woke is WakeReason.REVOKED:
                break  # it was accepted, which must be said; what came of it is not told
            refuse_ended(woke)
            task = await our.store.find(tasks.load_by_id, task.id) or task
            if woke is not WakeReason.NEWS:
                break
    return task


def _is_news(version: int, state: TaskState, seen: str | None) -> bool:
    if seen is None:
        return state in TERMINAL
    # Nothing moves a task out of a verdict: waiting for that would be waiting for ever.
    return state in VERDICTS or not is_matching(seen, build_etag(version))


def _is_end(change: Change) -> bool:
    return change.step.to_state in TERMINAL


def _has_more(change: Change) -> bool:
    return change.step.kind not in OF_OPEN_CALL
