"""Kling's routes: which command a call is, and how its outcome is answered."""

import json
from collections.abc import Mapping
from typing import Any

from tracker.domain.access import Scope
from tracker.domain.lifecycle import Transition
from tracker.domain.task import TERMINAL, Task
from tracker.providers.kit.front_calls import read_whole_number, refuse_method, refuse_path
from tracker.providers.kit.plain_front import PlainFront
from tracker.providers.kling import helpers, standard
from tracker.providers.kling.front import groups, shapes
from tracker.providers.kling.operations import OPERATIONS
from tracker.providers.ports.commands import Command, Create, Get, Page, PassOn, Skip
from tracker.providers.ports.front import Shown
from tracker.providers.ports.front_call import (
    Fault,
    FrontAnswer,
    FrontCall,
    FrontRefusal,
    WantsBody,
)

PREFIXES = ("", "/kling", "/proxy/kling")
FAMILIES = ("videos", "images", "audio", "general")
_CODES: Mapping[Fault, int] = {
    Fault.UNREADABLE: 1200,
    Fault.MEDIA_TYPE: 1200,
    Fault.ENCODING: 1200,
    Fault.TOO_LARGE: 1200,
    Fault.TOO_SLOW: 1200,
    Fault.INVALID: 1201,
    Fault.NO_ROUTE: 1203,
    Fault.WRONG_METHOD: 1202,
    Fault.NOT_SERVED: 1203,
    Fault.NOT_FOUND: 1201,
    Fault.CONFLICT: 1201,
    Fault.BUSY: 1201,
    Fault.NO_KEY: 1001,
    Fault.BAD_KEY: 1002,
    Fault.EARLY_KEY: 1003,
    Fault.EXPIRED_KEY: 1004,
    Fault.FORBIDDEN: 1103,
    Fault.NO_MONEY: 1102,
    Fault.RATE_LIMITED: 1302,
    Fault.UNAVAILABLE: 5001,
    Fault.PROVIDER_UNKNOWN: 5002,
    Fault.INTERNAL: 5000,
}
"""Kling's error code page, 2026-09."""
SAID = frozenset(_CODES.values())
"""Every code that the front itself says."""
_NOT_FOUND = "Task not found by id/external id"
"""Kling's own words (app.klingai.com/global/dev, query pages, 2026-09)."""
_OWN_PARTS = frozenset({"account", *FAMILIES, *standard.PRODUCTS})
_EARLY = 3
"""Parts of a path, e.g. `api/v1/videos` or `kling/v2/images`."""
_SMALL_BODY = 64 * 1024
_WHOLE_PATHS = frozenset(OPERATIONS)
_OPERATIONS = sorted(OPERATIONS, key=len, reverse=True)
"""Longest first: an operation's path may begin with another's."""


class KlingFront(PlainFront):
    """See providers/ports/front.py."""

    prefixes = PREFIXES
    roots = (
        *(f"v1/{family}" for family in (*FAMILIES, "account")),
        *("account", "tasks", *standard.PRODUCTS),
    )
    spares_reads = False
    shows_input = False

    def is_own_path(self, path: str) -> bool:
        """Take what has a part of Kling's paths early in it, in any case and version."""
        parts = path.lower().split("/")
        return parts[0] in ("v1", "tasks") or not _OWN_PARTS.isdisjoint(parts[:_EARLY])

    def get_scope(self, call: FrontCall) -> Scope:
        """Ask `admin` for calls about the account: they tell of every tenant's tasks."""
        named = _remove_version(call.path)
        if named in helpers.ACCOUNT:
            return Scope.ADMIN
        is_read = call.is_read or named in groups.GROUPS
        return Scope.TASKS_READ if is_read else Scope.TASKS_WRITE

    def read(self, call: FrontCall) -> Command | WantsBody | FrontRefusal:
        """Route by path and method."""
        is_legacy, named = call.path.startswith("v1/"), _remove_version(call.path)
        method = (helpers.HELPERS if is_legacy else {}).get(named) or helpers.ACCOUNT.get(named)
        if method == call.method:
            return PassOn(named)
        # Below an operation a helper's path may be a task of that external id.
        if method is not None and _split(named)[0] is None:
            return refuse_method(call)
        if is_legacy:
            return self._read_legacy(call, named)
        if call.path in groups.GROUPS:
            return self._group(call)
        if standard.is_standard(call.path):
            return _create(call, call.path) if call.method == "POST" else refuse_method(call)
        return refuse_path(call)

    def _group(self, call: FrontCall) -> Command | WantsBody | FrontRefusal:
        if call.is_read:
            return groups.read_names(call)
        if call.method != "POST":
            return refuse_method(call)
        return WantsBody(_SMALL_BODY) if call.body is None else groups.read_page(call)

    def _read_legacy(self, call: FrontCall, rest: str) -> Command | WantsBody | FrontRefusal:
        operation, name = _split(rest)
        if operation is None:
            return FrontRefusal(Fault.NO_ROUTE, f"there is no operation {rest[:128]!r}")
        if call.method == "POST" and not name:
            return _create(call, operation)
        if call.method not in ("GET", "HEAD"):
            return refuse_method(call)
        if not name:
            number = read_whole_number(call, "pageNum", default=1, low=1, high=1000)
            size = read_whole_number(call, "pageSize", default=30, low=1, high=500)
            return Skip(size, offset=(number - 1) * size, operation=operation)
        name = name.replace("%2F", "/")
        if not name.isprintable():
            return FrontRefusal(Fault.NOT_FOUND, _NOT_FOUND)
        return Get([name], operation=operation)

    def show(self, call: FrontCall, command: Command, shown: Shown, request_id: str) -> FrontAnswer:
        """Put the tasks into the envelope, in the dialect of the path."""
        data: Any
        match command:
            case Create():
                data = shapes.render_created(shown.tasks[0])
            case Get(must_exist=True):
                data = shapes.render_task(shown.tasks[0])
            case Get():
                data = groups.show_named(call, shown)
            case Page():
                data = groups.show_page(shown)
            case _:
                data = [shapes.render_task(task) for task in shown.tasks]
        return FrontAnswer(shapes.build_envelope(data, request_id))

    def refuse(
        self, refusal: FrontRefusal, request_id: str, call: FrontCall | None = None
    ) -> FrontAnswer:
        """Answer with Kling's code and its status."""
        del call
        is_absent = refusal.fault is Fault.NOT_FOUND
        message = _NOT_FOUND if is_absent else refusal.message
        status, body = shapes.build_error(_CODES[refusal.fault], message, request_id)
        if refusal.fault is Fault.ENCODING:
            status = 415  # with Accept-Encoding (RFC 9110 section 15.5.16)
        return FrontAnswer(body, status)

    def relay(self, status: int, parsed: Any, request_id: str) -> FrontAnswer:
        """Put the provider's answer into the envelope that the strictest reader expects."""
        status, body = helpers.answer_in_envelope(status, parsed, request_id)
        return FrontAnswer(body, status)

    def tell(
        self, task: Task, step: Transition, input_: Mapping[str, Any], *, base: str
    ) -> bytes | None:
        """Return the bare task object that Kling itself would call back with, at a task's end."""
        del step, input_, base
        if task.state not in TERMINAL:
            return None
        return json.dumps(shapes.render_callback(task), ensure_ascii=True).encode()


def _remove_version(path: str) -> str:
    return path.removeprefix("v1/")


def _split(path: str) -> tuple[str | None, str]:
    """Return an operation of the legacy dialect and the id behind it; None where there is none.

    path: behind `/v1/`.
    """
    if path in _WHOLE_PATHS:  # as every create is
        return path, ""
    for operation in _OPERATIONS:
        if path.startswith(operation + "/"):
            return operation, path[len(operation) + 1 :]
    return None, ""


def _create(call: FrontCall, operation: str) -> Create | WantsBody:
    return WantsBody() if call.body is None else Create(operation, call.body)
