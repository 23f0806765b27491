"""The front of the made-up provider: every command, in as few words as a front can have."""

import json
import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, ClassVar

from tests.support.made_up_stream import TELL, MadeUpTextStream
from tracker.domain.access import Scope
from tracker.domain.decimal_names import encode_decimal_name
from tracker.domain.lifecycle import Transition
from tracker.domain.task import Task
from tracker.providers.kit.front_calls import read_whole_number, refuse_path
from tracker.providers.kit.passed_calls import PlainCalls
from tracker.providers.kit.plain_front import PlainFront
from tracker.providers.kit.result_ids import build_id_lister
from tracker.providers.ports.commands import Cancel, Command, Create, Get, Media, PassOn, Skip
from tracker.providers.ports.front import Shown
from tracker.providers.ports.front_call import (
    Fault,
    FrontAnswer,
    FrontCall,
    FrontRefusal,
    WantsBody,
)
from tracker.providers.ports.objects import NamedObject, NamingText, ObjectIds
from tracker.providers.ports.passing import PassedCall

_STATUS = {
    Fault.NO_KEY: 401,
    Fault.BAD_KEY: 401,
    Fault.EXPIRED_KEY: 401,
    Fault.EARLY_KEY: 401,
    Fault.FORBIDDEN: 403,
    Fault.NOT_FOUND: 404,
    Fault.NO_ROUTE: 404,
    Fault.CONFLICT: 409,
    Fault.INVALID: 422,
    Fault.UNAVAILABLE: 503,
    Fault.INTERNAL: 500,
}


FACTS = "facts/{id}"
"""A call of the provider's that makes no task and is about one."""


class MadeUpFront(PlainFront):
    """`POST make/{operation}?wait=`, `GET tasks`, `tasks/{name}` and its parts: see `read`.

    The files of a task that came within an answer are shown as base64.
    """

    prefixes = ("/made-up",)

    def get_scope(self, call: FrontCall) -> Scope:
        """Return the right to read for what only looks."""
        return Scope.TASKS_READ if call.method == "GET" else Scope.TASKS_WRITE

    def read(self, call: FrontCall) -> Command | WantsBody | FrontRefusal:
        """Read a call."""
        wait_s = read_whole_number(call, "wait", default=0, low=0, high=600)
        match call.method, call.path.split("/"):
            case "POST", ["make", operation]:
                if call.body is None:
                    return WantsBody()
                if operation == "paint":
                    return Create(operation, call.body, wait_s=wait_s, waits_for="sent")
                return Create(operation, call.body, wait_s=wait_s)
            case "POST", ["tell"]:
                if call.body is None:
                    return WantsBody()
                return Create(TELL, call.body, stream=MadeUpTextStream())
            case "GET", ["tasks"]:
                offset = read_whole_number(call, "offset", default=0, low=0, high=1000)
                return Skip(limit=10, offset=offset)
            case "GET", ["tasks", name]:
                return Get([name], wait_s=wait_s)
            case "GET", ["tasks", name, "facts"]:
                return PassOn(FACTS, task=name)
            case "GET", ["tasks", name, "file"]:
                return Media(name)
            case "POST", ["tasks", name, "cancel"]:
                return Cancel(name)
            case _:
                return refuse_path(call)

    def show(self, call: FrontCall, command: Command, shown: Shown, request_id: str) -> FrontAnswer:
        """Show one task, or a page of them."""
        del call, request_id
        found = [_build_view(task, shown.get_input(task)) for task in shown.tasks]
        if isinstance(command, Skip):
            return FrontAnswer({"tasks": found, "more": shown.has_more})
        found[0] |= {"files": list(shown.names.values())} if shown.names else {}
        status = 201 if isinstance(command, Create) else 200
        return FrontAnswer(found[0], status, has_files=bool(shown.names))

    def refuse(
        self, refusal: FrontRefusal, request_id: str, call: FrontCall | None = None
    ) -> FrontAnswer:
        """Say why not."""
        del request_id, call
        said = {"no": refusal.fault.value, "why": refusal.message}
        return FrontAnswer(said, _STATUS.get(refusal.fault, 400))

    def tell(
        self, task: Task, step: Transition, input_: Mapping[str, Any], *, base: str
    ) -> bytes | None:
        """Tell every step."""
        del base
        return json.dumps(_build_view(task, input_) | {"step": step.version}).encode()


def _build_view(task: Task, input_: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "id": str(task.id),
        "number": encode_decimal_name(task.key),
        "state": task.state.value,
        "stage": task.stage,
        "prompt": input_.get("prompt"),
        "urls": [piece.url for piece in task.artifacts],
    }


class MadeUpCalls(PlainCalls):
    """One call that makes no task and is about one."""

    calls: ClassVar[Mapping[str, PassedCall]] = MappingProxyType({FACTS: PassedCall("GET")})


MADE_UP_OBJECTS = ObjectIds(
    fields={
        "style": NamedObject("style", may_be_public=True),
        "scene": NamedObject("scene"),
    },
    texts=(
        NamingText(
            re.compile("made-up://(.+)"), NamedObject("upload", is_strict=True), "made-up://1"
        ),
    ),
    results={"scene": build_id_lister("video")},
)
