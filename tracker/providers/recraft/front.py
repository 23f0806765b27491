"""Recraft's API in front of our tasks: each answer is held until the pictures are there.

The client of OpenAI is its client too (https://www.recraft.ai/docs/api-reference/usage, read
2026-11): it repeats a create up to three times, which then waits for the first one.
"""

from collections.abc import Mapping
from typing import Any

from tracker.domain.access import Scope
from tracker.domain.task import Artifact, Task
from tracker.providers.kit.error_object_front import ErrorObjectFront
from tracker.providers.kit.front_answers import list_ready_pieces
from tracker.providers.kit.front_calls import find_name, refuse_method, refuse_path
from tracker.providers.kit.held_answers import (
    HELD_S,
    explain_missing_result,
    find_piece_file,
)
from tracker.providers.kit.ledger import compute_net
from tracker.providers.ports.commands import Command, Create, Get, PassOn
from tracker.providers.ports.front import Shown
from tracker.providers.ports.front_call import FrontAnswer, FrontCall, FrontRefusal, WantsBody
from tracker.providers.recraft.inputs import CREATES, DRAWINGS, GENERATIONS, LISTS
from tracker.providers.recraft.passing import ME, STYLES
from tracker.providers.recraft.words import UNIT

_ROOT, _COMFY = "v1/", "image_generation"


class RecraftFront(ErrorObjectFront):
    """See providers/ports/front.py."""

    prefixes = ("/recraft", "/proxy/recraft")

    def get_scope(self, call: FrontCall) -> Scope:
        """Ask `admin` for the account, which all tenants share."""
        return Scope.ADMIN if _read_path(call) == ME else super().get_scope(call)

    def read(self, call: FrontCall) -> Command | WantsBody | FrontRefusal:
        """Route by path and method."""
        path = _read_path(call)
        if path == ME:
            return PassOn(ME) if call.is_read else refuse_method(call)
        if path == STYLES:
            return PassOn(STYLES) if call.method == "POST" else refuse_method(call)
        if path in CREATES:
            return _create(call, path) if call.method == "POST" else refuse_method(call)
        holder, _, name = path.rpartition("/")
        named = find_name(name)
        if holder not in CREATES or not named:
            return refuse_path(call)
        return Get([named], operation=holder) if call.is_read else refuse_method(call)

    def show(self, call: FrontCall, command: Command, shown: Shown, request_id: str) -> FrontAnswer:
        """Show the pictures of a create, or why there are none."""
        del command, request_id
        [task] = shown.tasks
        ready = list_ready_pieces(task)
        if not ready:
            return explain_missing_result(call, task)
        wants_file = shown.get_input(task).get("response_format") == "b64_json"
        pictures = [_show_picture(one, shown, wants_file=wants_file) for one in ready]
        body = {"id": str(task.id), "created": int(task.created_at.timestamp())}
        body |= _find_price(task)
        held = {"data": pictures} if task.operation in LISTS else {"image": pictures[0]}
        return FrontAnswer({**body, **held}, has_files=bool(shown.names))


def _read_path(call: FrontCall) -> str:
    """Return the path without a version; ComfyUI's proxy has a name of its own for the first."""
    path = call.path.removeprefix(_ROOT)
    return GENERATIONS if path == _COMFY else path


def _create(call: FrontCall, operation: str) -> Create | WantsBody:
    if call.body is None:
        return WantsBody(or_form=operation not in DRAWINGS)
    return Create(operation, call.body, wait_s=HELD_S, waits_for="sent")


def _find_price(task: Task) -> dict[str, Any]:
    """Return what was charged, where the provider told that."""
    units = compute_net(task.costs, UNIT)
    return {} if units is None else {"credits": int(units) if units == int(units) else float(units)}


def _show_picture(piece: Artifact, shown: Shown, *, wants_file: bool) -> Mapping[str, Any]:
    file = find_piece_file(piece, shown) if wants_file else None
    found: dict[str, Any] = {"image_id": piece.id} if piece.id else {}
    found |= {"url": piece.url} if file is None else {"b64_json": file}
    if "revised_prompt" in piece.extra:
        found["revised_prompt"] = piece.extra["revised_prompt"]
    if "nsfw_score" in piece.extra:
        found["features"] = {"nsfw_score": float(piece.extra["nsfw_score"])}
    return found
