"""Carry out what a front read from a call: make, find, list and cancel tasks."""

import asyncio
import json
import logging
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from uuid import UUID

from starlette.requests import Request

from tracker.domain import cursor, decimal_names
from tracker.domain.errors import NO_SUCH_TASK, BeingSent, Conflict, NotFound, Unavailable
from tracker.domain.records import replace_fields
from tracker.domain.task import TERMINAL, ArtifactState, Task
from tracker.providers.ports.commands import Cancel, Create, Get, Media, Page, Skip
from tracker.providers.ports.front import Shown
from tracker.services.read.watch import WakeReason
from tracker.services.submit.request import Submission
from tracker.store import front, listing, task_inputs, tasks
from tracker.store.filters import TaskFilter
from tracker.store.front import FrontFilter
from tracker.telemetry.logs import note
from tracker.web.edge import query
from tracker.web.edge.body_shares import release_share
from tracker.web.edge.paging import decode_instant, encode_instant
from tracker.web.edge.state import get_holder, get_principal, get_services, get_tenant
from tracker.web.edge.waiting import (
    IsOver,
    WaitTime,
    build_leave_waiter,
    has_ended,
    is_answered,
    refuse_ended,
    wait_until_over,
)
from tracker.web.fronts.own_urls import put_own_urls
from tracker.web.fronts.repeats import accept_once
from tracker.web.fronts.uploads import put_links

log = logging.getLogger(__name__)

_SENDING_S = 20
"""Seconds that a cancel waits for the end of a submit."""
_LISTED_INPUT = 64 * 1024
"""Bytes of an input that is shown in a list."""
_PARSED_AT_ONCE = 256 * 1024
"""Bytes that the event loop parses itself, in some 2 ms."""


async def run(
    request: Request,
    provider: str,
    command: Create | Get | Skip | Page | Cancel,
    *,
    shows_input: bool = False,
) -> Shown:
    """Carry out a command at one provider for the tenant that asks.

    shows_input: whether the inputs of its tasks are wanted as well.
    Raises NotFound, Conflict, InvalidRequest, Unavailable, ClientDisconnect, Unauthenticated.
    """
    bodies: Mapping[int, bytes] = {}
    match command:
        case Create():
            shown, bodies = await _create(request, provider, command)
        case Get():
            shown = await _get(request, provider, command)
        case Skip():
            shown = await _skip(request, provider, command)
        case Page():
            shown = await _show_page(request, provider, command)
        case Cancel():
            shown = await _cancel(request, provider, command)
    return await _add_inputs(request, shown, bodies) if shows_input else shown


async def build_media_url(request: Request, provider: str, command: Media) -> str:
    """Return the address of a file of a task's result, as the front would show it.

    Raises NotFound, Conflict, Unavailable.
    """
    found = await _get(request, provider, Get([command.name]))
    [task] = found.tasks
    if task.state not in TERMINAL:
        raise Conflict("the task has not ended yet")
    [linked] = (await put_own_urls(request, provider, found)).tasks
    urls = [
        (link.url, piece.needs_auth and link.url == piece.url)
        for piece, link in zip(task.artifacts, linked.artifacts, strict=True)
        if link.url is not None
        and piece.state is ArtifactState.READY
        and command.kind in (None, piece.kind)
    ]
    url, is_closed = urls[command.index] if command.index < len(urls) else (None, True)
    if url is None or is_closed:  # whose address needs the provider's key, and is not kept here
        raise NotFound("there is no such file")
    return url


async def _add_inputs(request: Request, shown: Shown, found: Mapping[int, bytes]) -> Shown:
    """Return what a command found with the inputs of its tasks.

    found: those that need no read. Of several tasks only small inputs: pictures in hundreds of them
    would fill the memory.
    """
    keys = [task.key for task in shown.tasks]
    if not found and keys:
        most = _LISTED_INPUT if len(keys) > 1 else None
        found = await get_services(request).store.read(
            lambda db: task_inputs.get_by_keys(db, keys, most=most)
        )
    if sum(map(len, found.values())) > _PARSED_AT_ONCE:
        return replace_fields(shown, inputs=await asyncio.to_thread(_parse_inputs, found))
    return replace_fields(shown, inputs=_LazyInputs(found))


def _parse_inputs(found: Mapping[int, bytes]) -> dict[int, dict[str, Any]]:
    return {key: json.loads(body) for key, body in found.items()}


class _LazyInputs(Mapping[int, Mapping[str, Any]]):
    """Inputs that are parsed when they are asked for: most answers to a create show nothing of it.

    They are small; see _PARSED_AT_ONCE.
    """

    def __init__(self, bodies: Mapping[int, bytes]) -> None:
        self._bodies = bodies

    def __getitem__(self, key: int) -> Mapping[str, Any]:
        found: Mapping[str, Any] = json.loads(self._bodies[key])
        return found

    def __iter__(self) -> Iterator[int]:
        return iter(self._bodies)

    def __len__(self) -> int:
        return len(self._bodies)


async def _create(
    request: Request, provider: str, command: Create
) -> tuple[Shown, Mapping[int, bytes]]:
    """Accept a task: it is durable when this returns, and nothing after that refuses the call.

    Returns the input of a new task too, by its key.
    """
    place = get_services(request).watch.position
    asked = Submission(
        tenant=get_tenant(request),
        provider=provider,
        operation=command.operation,
        input=await put_links(request, command),
        idempotency_key=query.read_idempotency_key(request) or command.idempotency_key,
        input_path="",
        submitter=get_principal(request).key,
    )
    accepted = await accept_once(request, asked, held_s=command.wait_s)
    release_share(request.scope)  # its answer may be held back for minutes
    task = accepted.task
    # Large ones are read again where they are shown, and not held as long as the answer.
    body = accepted.body if isinstance(accepted.body, bytes) else None
    note(provider=provider, task=str(task.id))
    if accepted.replayed and command.wait_s:
        # It is told as it was accepted; by now it may be over, and no news of that will come.
        task = await get_services(request).store.find(tasks.load_by_id, task.id) or task
    is_over = is_answered if command.waits_for == "sent" else has_ended
    held = await _hold_until_over(request, task, command.wait_s, since=place, is_over=is_over)
    parts = []
    if command.waits_for == "sent":  # its answer names all that was made
        parts = await get_services(request).store.read(lambda db: front.list_parts(db, held))
    return Shown([held, *parts]), {} if body is None else {task.key: body}


async def _get(request: Request, provider: str, command: Get) -> Shown:
    our, owner = get_services(request), get_tenant(request)
    place = our.watch.position
    if command.by == "any":
        name = command.names[0]
        task = await our.store.read(lambda db: tasks.get_by_name(db, owner, provider, name))
        found = [] if task is None else [task]
    else:
        found = await _load_named(request, provider, command)
    if command.operation is not None:
        found = [task for task in found if task.operation == command.operation]
    if command.must_exist and not found:
        raise NotFound(NO_SUCH_TASK)
    if found and command.wait_s:
        found[0] = await _hold_until_over(request, found[0], command.wait_s, since=place)
    return Shown(found)


async def _load_named(request: Request, provider: str, command: Get) -> list[Task]:
    """Return those of the named tasks that there are, in the order of their names."""
    owner, by_id = get_tenant(request), command.by == "id"
    ids = [id_ for name in command.names if (id_ := query.parse_uuid(name))] if by_id else []
    keys = (
        [key for name in command.names if (key := decimal_names.decode_decimal_name(name))]
        if by_id
        else []
    )
    externals = () if by_id else command.names
    found = await get_services(request).store.read(
        lambda db: front.find_named(db, owner, provider, ids=ids, keys=keys, external_ids=externals)
    )
    known: dict[UUID | int | str, Task] = {}
    for task in reversed(found):  # of one name on several accounts the newest stays
        names = (task.id, task.key) if by_id else (task.external_task_id,)
        known |= dict.fromkeys(names, task)
    wanted: Sequence[UUID | int | str] = command.names
    if by_id:
        wanted = [
            query.parse_uuid(n) or decimal_names.decode_decimal_name(n) or n for n in command.names
        ]
    return [known[name] for name in dict.fromkeys(wanted) if name in known]


async def _skip(request: Request, provider: str, command: Skip) -> Shown:
    filter_ = TaskFilter(get_tenant(request), provider=provider, operation=command.operation)
    found = await get_services(request).store.read(
        lambda db: listing.list_skipping_page(
            db, filter_, offset=command.offset, limit=command.limit + 1
        )
    )
    return Shown(found[: command.limit], has_more=len(found) > command.limit)


async def _show_page(request: Request, provider: str, command: Page) -> Shown:
    our, owner = get_services(request), get_tenant(request)
    scope = f"{provider} {owner} {command.binds}"
    before = None
    if command.after is not None:
        at, key = cursor.decode(our.cursor_secrets, scope, command.after)
        before = (decode_instant(int(at)), int(key))
    wanted = FrontFilter(
        tenant=owner,
        provider=provider,
        created_from=command.created_from,
        created_until=command.created_until,
        states=command.states,
        below=command.below,
        not_below=command.not_below,
        named=command.named,
    )
    found = await our.store.read(
        lambda db: front.list_page(db, wanted, before=before, limit=command.limit + 1)
    )
    shown = found[: command.limit]
    if len(found) <= command.limit:
        return Shown(shown)
    last = shown[-1]
    place = [encode_instant(last.created_at), last.key]
    return Shown(shown, has_more=True, next=cursor.encode(our.cursor_secrets[0], scope, place))


async def _cancel(request: Request, provider: str, command: Cancel) -> Shown:
    our, owner, name = get_services(request), get_tenant(request), command.name
    task = await our.store.read(lambda db: tasks.get_by_name(db, owner, provider, name))
    if task is None:
        raise NotFound(NO_SUCH_TASK)
    note(provider=provider, task=str(task.id))
    if task.state in TERMINAL:
        return Shown([task])
    try:
        cancelled = await _cancel_when_sent(request, task)
    except Conflict:
        # It may have ended meanwhile: then there is nothing to refuse.
        now = await our.store.find(tasks.load_by_id, task.id)
        if now is None or now.state not in TERMINAL:
            raise
        cancelled = now
    return Shown([cancelled])


async def _cancel_when_sent(request: Request, task: Task) -> Task:
    """Cancel a task; one that is being sent, once that is over: clients do not ask twice."""
    our = get_services(request)
    until = WaitTime(_SENDING_S, {}).until
    while True:
        place = our.watch.position
        try:
            return await our.actions.cancel(
                task.tenant, task.id, actor=get_principal(request).actor
            )
        except BeingSent:
            with our.watch.watch_task(
                task.id, since=place, wants=None, holder=get_holder(request)
            ) as waiter:
                woke = await waiter.sleep(until, build_leave_waiter(request))
                refuse_ended(woke)
                if woke is not WakeReason.NEWS:
                    raise


async def _hold_until_over(
    request: Request,
    task: Task,
    wait_s: int,
    *,
    since: int | None,
    is_over: IsOver = has_ended,
) -> Task:
    """Return a task once it is over, or as it is after so many seconds.

    since: the feed's place before the task was looked at. is_over: see `wait_until_over`.
    Raises ClientDisconnect.
    """
    if not wait_s or is_over(task):
        return task
    try:
        return await wait_until_over(
            request, WaitTime(wait_s, {}), task, since=since, is_over=is_over
        )
    except Unavailable as error:
        # The task is durable: a client that reads a refusal would make another one.
        log.warning("an answer was not held to the end: %(reason)s", {"reason": error})
        return task
