"""`/ui/tasks.csv` and `/ui/tasks.jsonl`: a list as a file, streamed by keyset, in UTC."""

import csv
import io
import json
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from tracker.domain.access import Scope
from tracker.store import listing
from tracker.store.filters import TaskFilter
from tracker.store.listing import Order, Position
from tracker.web.api import views
from tracker.web.api.kept import render_all
from tracker.web.edge import params, query
from tracker.web.edge.cells import guard_cell
from tracker.web.edge.state import get_services
from tracker.web.ui.frame.app import Pages
from tracker.web.ui.frame.reader import Reader

PAGES = Pages()
MOST = 100_000
"""Rows of a file."""
_PIECE = 500
KNOWN = (*params.FILTERS, params.ORDER)
FIELDS = (
    *("id", "external_task_id", "provider", "account", "operation", "provider_task_id", "state"),
    *("version", "overdue", "progress", "provider_status", "message", "created_at", "updated_at"),
    *("submitted_at", "finished_at", "deadline_at", "parent_id", "resubmit_of"),
)
"""Fields of a task that are columns as they are."""
_BOM = "\ufeff"
"""Without it Excel takes UTF-8 for the system's own charset."""


@dataclass(frozen=True, slots=True)
class FileFormat:
    """A kind of file. before: what it begins with. rendered: the text of some tasks."""

    name: str
    media: str
    before: str
    rendered: Callable[[Sequence[views.TaskView]], str]


@PAGES.get("/tasks.csv", scope=Scope.TASKS_READ, known=KNOWN)
async def export_csv(request: Request, reader: Reader) -> Response:
    """Send the list as CSV: UTF-8 with a byte order mark, a column for each field."""
    header = (*FIELDS, "costs", "error_type", "error_code", "error_message", "urls", "metadata")
    rows = FileFormat("tasks.csv", "text/csv", _BOM + _format_csv([header]), _format_csv_rows)
    return _download(request, reader, rows)


@PAGES.get("/tasks.jsonl", scope=Scope.TASKS_READ, known=KNOWN)
async def export_json_lines(request: Request, reader: Reader) -> Response:
    """Send the list as JSON lines: each task as the API shows it."""
    lines = FileFormat("tasks.jsonl", "application/jsonl", "", _format_json_lines)
    return _download(request, reader, lines)


def _download(request: Request, reader: Reader, format_: FileFormat) -> Response:
    filter_, order = query.read_task_filter(request, reader.tenant), query.read_order(request)
    headers = {
        "content-disposition": f'attachment; filename="{format_.name}"',
        "cache-control": "no-store",
    }
    pieces = _iterate_pieces(request, filter_, order, format_)
    return StreamingResponse(pieces, headers=headers, media_type=format_.media)


async def _iterate_pieces(
    request: Request, filter_: TaskFilter, order: Order, format_: FileFormat
) -> AsyncIterator[str]:
    """Yield the file. Between two pieces no transaction is open."""
    yield format_.before
    after: Position | None = None
    left = MOST
    while left > 0:
        read = partial(
            listing.list_page, filter_=filter_, order=order, after=after, limit=min(_PIECE, left)
        )
        found = await get_services(request).store.read(read)
        yield format_.rendered(await render_all(request, found.tasks))
        left -= len(found.tasks)
        if found.position is None:
            return
        after = found.position


def _format_json_lines(tasks: Sequence[views.TaskView]) -> str:
    return "".join(
        json.dumps(task, ensure_ascii=False, separators=(",", ":")) + "\n" for task in tasks
    )


def _format_csv_rows(tasks: Sequence[views.TaskView]) -> str:
    return _format_csv([_list_cells(task) for task in tasks])


def _list_cells(task: Mapping[str, Any]) -> list[object]:
    error = task["error"] or {}
    pieces = (task["result"] or {}).get("artifacts", [])
    metadata = json.dumps(task["metadata"], ensure_ascii=False) if task["metadata"] else ""
    return [
        *(task[name] for name in FIELDS),
        json.dumps(task["costs"], ensure_ascii=False) if task["costs"] else "",
        *(error.get(name) for name in ("type", "code", "message")),
        " ".join(piece["url"] for piece in pieces if piece["url"]),
        metadata,
    ]


def _format_csv(rows: Sequence[Sequence[object]]) -> str:
    out = io.StringIO()
    csv.writer(out).writerows([guard_cell(cell) for cell in row] for row in rows)
    return out.getvalue()
