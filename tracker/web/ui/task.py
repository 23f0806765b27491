"""`/ui/tasks/{id}`: one task, and everything that proves what is said of it."""

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import unquote, urlsplit
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from tracker.domain.access import Scope
from tracker.domain.custody import INLINE as INLINE_FILE
from tracker.domain.custody import Asset, AssetState, index_by_piece, name_pieces
from tracker.domain.errors import NO_SUCH_TASK, NotFound
from tracker.domain.media_type import is_shown
from tracker.domain.task import Artifact, Task, is_askable, update_overdue
from tracker.store import feed, task_inputs, task_story, tasks
from tracker.store import receipts as stored_receipts
from tracker.store.attempts import Attempt
from tracker.store.receipts import Receipt
from tracker.store.store import Reading
from tracker.store.task_story import TaskHistory
from tracker.web.api.changes import encode_feed_cursor
from tracker.web.api.schemas import (
    render_attempt,
    render_delivery,
    render_receipt,
    render_task,
    render_transition,
)
from tracker.web.edge import query
from tracker.web.edge.links import find_base
from tracker.web.edge.operation import Param
from tracker.web.edge.state import get_services
from tracker.web.ui.frame.app import Pages
from tracker.web.ui.frame.formats import shorten
from tracker.web.ui.frame.reader import Reader
from tracker.web.ui.frame.render import build_address, render_page
from tracker.web.ui.frame.visible import HIDDEN
from tracker.web.ui.frame.words import build_translator
from tracker.web.ui.one_task import curl
from tracker.web.ui.one_task.axis import HEIGHT, LANE_Y, WIDTH, AxisCut, build_axis
from tracker.web.ui.one_task.bodies import MOST_SHOWN, ShownBody, compute_difference, show_body
from tracker.web.ui.one_task.history import build_history, count_polls, iterate_marks
from tracker.web.ui.one_task.why import AccountFacts, explain_state
from tracker.web.ui.task_parts import bill_text, build_row, format_kind, format_stage

PAGES = Pages()
INLINE = 12
"""Receipts whose bytes stand on the page at once; others come when they are asked for."""
INLINE_BYTES = 4096
MOST_PIECES, UNFOLDED = 200, 12
"""Pieces of a result that its page shows, and how many of them at once."""
MOST_SAVED = 10_000
"""Steps, receipts and deliveries of a task that are saved with it, of each."""
RAW = {
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
    "content-security-policy": "sandbox; default-src 'none'",
}
"""Headers of bytes that strangers sent: to be saved, never to be shown."""


@PAGES.get(
    "/tasks/{id}",
    scope=Scope.TASKS_READ,
    known=[Param("receipt", "Show the bytes of this receipt.")],
)
async def show(request: Request, reader: Reader) -> Response:
    """Show a task. `receipt` puts the bytes of one more receipt on the page."""
    asked = query.read_integer(request, "receipt", default=0, low=0, high=999_999_999)
    story, seen = await load_story(request, reader, query.read_task_id(request), asked=asked)
    live = {
        "url": build_address(request, "/live", task=str(story.kept.task.id)),
        "after": encode_feed_cursor(request, reader.tenant, seen),
    }
    values = build_task_values(request, reader, story, asked=asked)
    return render_page(request, reader, "task.html", live=live, **values)


def build_task_values(
    request: Request, reader: Reader, story: TaskHistory, *, asked: int = 0
) -> dict[str, Any]:
    """Return what the page of a task, and each of its parts, names. asked: see `show`."""
    our, say = get_services(request), build_translator(reader.preferences.language)
    zone = reader.preferences.zone
    task = update_overdue(story.kept.task, our.clock.now())
    row = build_row(task, our.clock.now(), reader.preferences.language)
    provider = our.providers.get(task.provider)
    account = our.accounts.get((task.provider, task.account))
    is_called_back = (
        provider is not None and provider.calls_back is not None and our.public_url is not None
    )
    axis = build_axis(list(iterate_marks(story, say)))
    spanned = axis.ticks[-1][1] - axis.ticks[0][1] if axis else timedelta(0)
    return {
        "task": task,
        "row": row,
        "stage": format_stage(task.stage, reader.preferences.language),
        "reason": explain_state(
            story,
            say,
            AccountFacts(
                is_called_back,
                our.actions.explain_manual_resolution(task.provider, task.account),
                None if account is None else account.max_in_flight,
            ),
            now=our.clock.now(),
        ),
        "story": story,
        "most": task_story.MOST,
        "history": build_history(story, say),
        "axis": axis,
        "axis_size": (WIDTH, HEIGHT),
        "lanes": LANE_Y,
        "evidence": _list_evidence(story),
        "asked": asked,
        "can_refresh": is_askable(task),
        "unfolded": UNFOLDED,
        "pieces": _list_pieces(story, our.clock.now(), say),
        "bill": bill_text(task.costs, say),
        "polls": count_polls(story.receipts),
        "metadata": show_body(json.dumps(dict(task.metadata), ensure_ascii=False).encode()),
        "input": None if story.input is None else show_body(story.input, story.input_size),
        "stream_cut": story.stream is not None and story.stream.size > len(story.stream.text),
        "base": find_base(request).removesuffix(request.scope.get("root_path", "")),
        "clock": lambda when: _format_clock(when.astimezone(zone), spanned),
        "cut_reason": lambda cut: explain_cut(story.kept.task, story.attempts, cut, say),
        "curl_read": curl.build_reading(find_base(request), str(task.id)),
        "curl_submit": _build_resubmit_command(request, story),
        "as_json": _write_json(request, story),
    }


_MOST_COPIED = 8192
"""Characters of a task as JSON that its page carries; longer ones are downloaded."""
_SHORT = timedelta(minutes=2)
"""Of a task's life: its axis tells tenths of seconds."""


_INSTANT = timedelta(seconds=2)
"""Of an axis: it tells thousandths."""


def _format_clock(local: datetime, spanned: timedelta) -> str:
    digits = 3 if spanned < _INSTANT else 1 if spanned < _SHORT else 0
    return f"{local:%H:%M:%S}" + f".{local.microsecond:06}"[: digits + 1 if digits else 0]


def explain_cut(
    task: Task, attempts: Sequence[Attempt], cut: AxisCut, say: Callable[..., str]
) -> str:
    """Return why nothing happened for long: an attempt got no answer or a lost one, or it waited.

    Empty for what came after its end, which is no matter of the task's any more.
    """
    under_way = [one for one in attempts if one.started_at <= cut.since]
    if under_way and _find_answer_time(under_way[-1]) > cut.since:
        return say("axis.answered")
    sent, ended = task.submitted_at, task.finished_at
    if ended is not None and cut.until > ended:
        return ""
    if sent is not None and cut.until > sent:
        return say("axis.worked")
    is_lost = bool(under_way) and under_way[-1].outcome in ("unknown", "lost")
    return say("state.uncertain" if is_lost else "axis.waited")


def _find_answer_time(attempt: Attempt) -> datetime:
    return attempt.started_at + timedelta(milliseconds=attempt.latency_ms or 0)


async def load_story(
    request: Request, reader: Reader, id_: UUID, *, asked: int = 0
) -> tuple[TaskHistory, int]:
    """Read a task of the reader's, and the feed's newest number before that.

    asked: see `show`. Raises NotFound.
    """
    tenant = reader.tenant

    def read(db: Reading) -> tuple[TaskHistory, int] | None:
        # The feed first: what changes meanwhile is told once more, and nothing is missed.
        seen = feed.find_head(db)
        story = task_story.read(db, tenant, id_, most_bytes=MOST_SHOWN)
        if story is None:
            return None
        return task_story.load_bodies(db, story, _choose_inline(story, asked)), seen

    found = await get_services(request).store.read(read)
    if found is None:
        raise NotFound(NO_SUCH_TASK)
    (story, seen), shown = found, get_services(request).serving.describe_files
    return replace(story, whole={key: shown(one) for key, one in story.whole.items()}), seen


def _choose_inline(story: TaskHistory, asked: int) -> set[int]:
    """Choose receipts whose bytes stand on the page: what moved the task last, if it is small."""
    used = {step.receipt for _, step in story.steps}
    small = [
        receipt.key
        for receipt in reversed(story.receipts)
        if receipt.key in used and receipt.size_bytes <= INLINE_BYTES
    ]
    return {*small[:INLINE], asked} - {0}


def _list_evidence(story: TaskHistory) -> list[dict[str, Any]]:
    """Return each receipt with its body, where that is on the page, and the difference."""
    shown: list[dict[str, Any]] = []
    before: tuple[Receipt, ShownBody] | None = None
    for receipt in story.receipts:
        whole = story.whole.get(receipt.key)
        entry: dict[str, Any] = {"receipt": receipt, "whole": whole, "body": None, "diff": None}
        if whole is not None:
            body = entry["body"] = show_body(whole.body or b"")
            is_small = body.size <= MOST_SHOWN
            entry["curl"] = (
                curl.build_sending(whole.headers or {}, whole.body or b"") if is_small else ""
            )
            if before is not None and receipt.duplicate_of is None:
                entry["diff"] = compute_difference(before[1], body)
                entry["diff_to"] = before[0].key
            before = (receipt, body)
        shown.append(entry)
    return shown


def _list_pieces(
    story: TaskHistory, now: datetime, say: Callable[..., str]
) -> list[dict[str, Any]]:
    """Return the first pieces of a result, each with its kind, our copy of it and its host.

    kept_as: `shown` or `saved`, as a browser may do with our copy; empty where there is none.
    """
    kept = index_by_piece(story.kept.assets)
    first = story.kept.task.artifacts[:MOST_PIECES]
    copies = [kept.get(name) for name in name_pieces(first)]
    ends = [_find_expiry(piece, copy) for piece, copy in zip(first, copies, strict=True)]
    return [
        {
            "piece": piece,
            "number": number,
            "kind": format_kind(piece.kind, say),
            "asset": copy,
            "kept_as": _copy_of(copy),
            "is_inline": (piece.url or "").startswith(INLINE_FILE),
            "host": _read_host(piece),
            "text": find_text(piece),
            "expires_at": end,
            "is_expired": end is not None and end < now,
            "extra": json.dumps(dict(piece.extra), ensure_ascii=False, indent=1)
            if piece.extra
            else "",
        }
        for number, (piece, copy, end) in enumerate(zip(first, copies, ends, strict=True))
    ]


def _copy_of(asset: Asset | None) -> str:
    if asset is None or asset.state is not AssetState.KEPT:
        return ""
    return "shown" if is_shown(asset.media_type or "") else "saved"


_LONGEST_HOST = 100


def _read_host(piece: Artifact) -> str:
    """Return the host of a piece's URL; empty where it is no address that a browser may open."""
    try:
        parts = urlsplit(piece.url or "")
    except ValueError:
        return ""
    host = parts.netloc.rpartition("@")[2]  # what stands before it may look like another host
    return shorten(host, _LONGEST_HOST) if parts.scheme in ("http", "https") else ""


_PLAIN_TEXT = re.compile(r"data:text/plain;charset=utf-8,([^,]*)", re.IGNORECASE)


def find_text(piece: Artifact) -> str:
    """Return the text of a piece that is one, e.g. lyrics, which its address holds; else empty."""
    found = _PLAIN_TEXT.fullmatch(piece.url or "")
    try:
        return unquote(found[1], errors="strict") if found else ""
    except UnicodeDecodeError:
        return ""


def _find_expiry(piece: Artifact, kept: Asset | None) -> datetime | None:
    """Return when a piece's address dies: as the provider says, else as the address itself does."""
    return piece.expires_at or (None if kept is None else kept.url_expires_at)


def _build_resubmit_command(request: Request, story: TaskHistory) -> str:
    """Return a command that submits the task's input as a new task; empty where it is too long."""
    task = story.kept.task
    if story.input is None or story.input_size > len(story.input):
        return ""
    body = {"provider": task.provider, "account": task.account, "operation": task.operation}
    start = json.dumps(body, ensure_ascii=False)[:-1].encode()
    return curl.build_submitting(find_base(request), start + b', "input": ' + story.input + b"}")


def _write_json(request: Request, story: TaskHistory) -> str:
    """Return the task as the API shows it; empty where it is too long to be copied.

    Characters that hide are escaped as JSON has it, so that they are seen and mean the same.
    """
    shown = render_task(story.kept.task, story.kept.assets, base=find_base(request))
    text = json.dumps(shown, ensure_ascii=False, indent=1)
    text = HIDDEN.sub(lambda found: json.dumps(found[0])[1:-1], text)
    return text if len(text) <= _MOST_COPIED else ""


@PAGES.get("/tasks/{id}/everything.json", scope=Scope.TASKS_READ)
async def send_everything(request: Request, reader: Reader) -> Response:
    """Send a task with its history, evidence, deliveries and input as one JSON document."""
    id_, tenant = query.read_task_id(request), reader.tenant
    shown = get_services(request).serving.describe_files

    def read(db: Reading) -> dict[str, Any] | None:
        story = task_story.read(db, tenant, id_, most_bytes=0, most=MOST_SAVED)
        if story is None:
            return None
        key = story.kept.task.key
        body = task_inputs.get_by_keys(db, [key]).get(key)
        found = stored_receipts.list_of_task(db, key, after=0, limit=MOST_SAVED)
        return {
            "task": render_task(story.kept.task, story.kept.assets, base=find_base(request)),
            "transitions": [render_transition(*row) for row in story.steps],
            "attempts": [render_attempt(row) for row in story.attempts],
            "receipts": [render_receipt(shown(row)) for row in found],
            "deliveries": [render_delivery(row) for row in story.deliveries],
            "input": None if body is None else json.loads(body),
        }

    found = await get_services(request).store.read(read)
    if found is None:
        raise NotFound(NO_SUCH_TASK)
    text = json.dumps(found, ensure_ascii=False, indent=1)
    return _answer_attachment(f"{id_}.json", text.encode())


@PAGES.get("/tasks/{id}/input", scope=Scope.TASKS_READ)
async def send_input(request: Request, reader: Reader) -> Response:
    """Send the request body of a task, to be saved."""
    id_, tenant = query.read_task_id(request), reader.tenant

    def read(db: Reading) -> bytes | None:
        task = tasks.get_own(db, tenant, id_)
        return None if task is None else task_inputs.get_by_keys(db, [task.key]).get(task.key)

    body = await get_services(request).store.read(read)
    if body is None:
        raise NotFound(NO_SUCH_TASK)
    return _answer_attachment(f"{id_}-input.json", body)


@PAGES.get("/tasks/{id}/receipts/{receipt}", scope=Scope.TASKS_READ)
async def send_receipt_body(request: Request, reader: Reader) -> Response:
    """Send the bytes of one receipt of a task, to be saved."""
    id_, tenant = query.read_task_id(request), reader.tenant
    text = request.path_params["receipt"]
    key = int(text) if text.isascii() and text.isdigit() and len(text) <= 18 else 0

    def read(db: Reading) -> Receipt | None:
        task = tasks.get_own(db, tenant, id_)
        return None if task is None else task_story.list_receipts(db, task.key, [key]).get(key)

    found = await get_services(request).store.read(read)
    if found is None:
        raise NotFound("there is no such receipt")
    shown = get_services(request).serving.describe_files(found)
    return _answer_attachment(f"r{key}", shown.body or b"")


def _answer_attachment(name: str, body: bytes) -> Response:
    headers = {**RAW, "content-disposition": f'attachment; filename="{name}"'}
    return Response(body, headers=headers, media_type="application/octet-stream")
