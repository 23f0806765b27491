"""Luma's newer API, for uni-1 and ray-3.2: polled alone, links that live for an hour.

Sources: https://docs.agents.lumalabs.ai and https://pypi.org/project/luma-agents (0.5.0), read
2026-11-29.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from types import MappingProxyType
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from tracker.domain.errors import FieldError, InvalidRequest
from tracker.domain.exchange import HttpCall, HttpResult
from tracker.domain.observation import Observation
from tracker.domain.outcome import Accepted, Deferred, PollOutcome, Refused, SubmitOutcome
from tracker.domain.task import Artifact, Task, TaskState
from tracker.providers.kit.empty_results import show_as_running
from tracker.providers.kit.pieces import read_web_url, set_expiry
from tracker.providers.kit.reading import find_first_text
from tracker.providers.kit.table import TableAdapter, parse_answer
from tracker.providers.kit.table_inputs import CreatePath, OpenInputs
from tracker.providers.ports.account import Account
from tracker.providers.ports.adapter import Answer, Asking, Request, Sending

AGENTS = "agents/generations"
"""The one create; its `type` says what is made."""
LINKS_LIVE = timedelta(hours=1)
"""How long a link works; a later query brings a fresh one."""
_NO_BUDGET, _TOO_FAST = "budget_exhausted", "rate_limited"
_MEDIA = ("source", "video.start_frame", "video.end_frame")
"""Where an input may name a generation that it continues, by `generation_id`."""

Name = Annotated[str, Field(min_length=1)]


class _MediaSource(OpenInputs):
    url: Name | None = None
    generation_id: Name | None = None


class _VideoOptions(OpenInputs):
    start_frame: _MediaSource | None = None
    end_frame: _MediaSource | None = None


class _AgentsInput(OpenInputs):
    prompt: Name
    type: (
        Literal["image", "image_edit", "video", "video_edit", "video_reframe", "layering"] | None
    ) = None
    model: Name | None = None
    aspect_ratio: str | None = None
    source: _MediaSource | None = None
    video: _VideoOptions | None = None
    user_id: str | None = None


class LumaAgents(TableAdapter):
    """Creates and polls: no callback, no list, no cancel, no costs."""

    creates: ClassVar[Mapping[str, CreatePath]] = MappingProxyType(
        {AGENTS: CreatePath("generations", _AgentsInput)}
    )
    poll_path = "generations/{id}"
    names_task = True
    words: ClassVar[Mapping[str, TaskState]] = MappingProxyType(
        {
            "queued": TaskState.SUBMITTED,
            "processing": TaskState.RUNNING,
            "completed": TaskState.SUCCEEDED,
            "failed": TaskState.FAILED,
        }
    )
    words_in: ClassVar[Sequence[str]] = ("state",)
    messages: ClassVar[Sequence[str]] = (
        *("failure_reason", "error.message", "error", "detail", "message"),
    )
    times: ClassVar[Sequence[str]] = ()  # a generation shows when it was made, not its last change
    account_codes = (_NO_BUDGET,)

    def check(self, operation: str, input_: Mapping[str, Any]) -> Request:
        """Validate by the table, and find the task that the input continues.

        Raises InvalidRequest for an input that names two tasks.
        """
        request = super().check(operation, input_)
        named = _list_named_tasks(request.body)
        if not named:
            return request
        field, parent = next(iter(named.items()))
        for other, name in named.items():
            if name != parent:
                reason = f"names another task than {field}: one can be continued"
                raise InvalidRequest(FieldError(other, reason))
        return replace(request, parent=parent, parent_field=field)

    def build_submit(self, sending: Sending) -> HttpCall:
        """Build the create, with Luma's id of the generation that it continues.

        Raises Misuse where that id is not known.
        """
        body = sending.body
        if _list_named_tasks(body):
            theirs = sending.get_parent_task_id()
            body = _put_their_id(body, theirs)
        return super().build_submit(replace(sending, body=body))

    def parse_submit(self, sending: Sending, answer: Answer) -> SubmitOutcome:
        """Take a generation that failed at once for want of budget or pace for no creation."""
        found = super().parse_submit(sending, answer)
        error = found.said.error if isinstance(found, Accepted) and found.said else None
        if error is not None and error.code == _NO_BUDGET:
            return Refused(error.code, error.message, blames_account=True)
        if error is not None and error.code == _TOO_FAST and isinstance(answer, HttpResult):
            return Deferred(error.code, error.message, self.pause_s(answer, parse_answer(answer)))
        return found

    def classify_refusal(self, sending: Sending, answer: HttpResult, parsed: Any) -> SubmitOutcome:
        """Know the code of an exhausted budget beside any status of a refusal."""
        found = super().classify_refusal(sending, answer, parsed)
        code = find_first_text(parsed, ("failure_code", "code", "error.code"), limit=100)
        if isinstance(found, Refused) and code == _NO_BUDGET:
            return replace(found, code=code, blames_account=True)
        return found

    def parse_poll(self, asking: Asking, answer: Answer) -> Sequence[PollOutcome]:
        """Read how the task stands; its links live for an hour from now on."""
        return [
            set_expiry(outcome, asking.now + LINKS_LIVE)
            for outcome in super().parse_poll(asking, answer)
        ]

    def observe(self, account: Account, task: Task | None, parsed: Any) -> Observation | None:
        """Read a generation. One that is completed and names no output yet still runs."""
        return show_as_running(super().observe(account, task, parsed))

    def read_artifacts(
        self, account: Account, task: Task | None, parsed: Any
    ) -> Sequence[Artifact]:
        """Read `output`: each piece with its own type; layers keep what is told of them."""
        del account, task
        output = parsed.get("output")
        if self.read_state(parsed) is not TaskState.SUCCEEDED or not isinstance(output, list):
            return []
        return [
            Artifact(
                find_first_text(one, ("type",), limit=40) or "file",
                url,
                key=str(place),
                refreshable=True,
                extra={"layer": one["layer"]} if isinstance(one.get("layer"), dict) else {},
            )
            for place, one in enumerate(output)
            if isinstance(one, dict) and (url := read_web_url(one.get("url")))
        ]


def _read_field(body: Mapping[str, Any], path: str) -> Any:
    found: Any = body
    for name in path.split("."):
        found = found.get(name) if isinstance(found, Mapping) else None
    return found


def _list_named_tasks(body: Mapping[str, Any]) -> Mapping[str, str]:
    """Return the name of each task that an input continues, by its field."""
    held = {path: _read_field(body, f"{path}.generation_id") for path in _MEDIA}
    return {f"{path}.generation_id": name for path, name in held.items() if name}


def _put_their_id(body: Mapping[str, Any], theirs: str) -> Mapping[str, Any]:
    """Return the body with Luma's id in place of our name of the task that is continued."""
    found = dict(body)
    for path in _list_named_tasks(body):
        *parents, last = path.split(".")
        held = found
        for name in parents:
            held[name] = dict(held[name])
            held = held[name]
        held[last] = theirs
    return found
