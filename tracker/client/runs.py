"""Actions on many tasks that the service's workers carry out, and the steps of their methods."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self
from urllib.parse import quote

from tracker.client.calls import Call
from tracker.client.flows import Flow, ItemFlow, iterate_pages, send
from tracker.client.models import AnswerRecord, read_fields


@dataclass(frozen=True, slots=True)
class Run:
    """An action on many tasks that workers carry out.

    state:    `running`, `done` or `stopped`.
    filter:   what chose its tasks.
    matching: how many tasks it is about; done, refused and failed tell what became of them.
    reasons:  why tasks were not done, with how many each is about; empty in lists.
    """

    id: str
    action: str
    state: str
    filter: Mapping[str, Any]
    matching: int
    done: int
    refused: int
    failed: int
    actor: str
    created_at: datetime
    ended_at: datetime | None
    stopped_by: str | None
    reasons: Mapping[str, int]

    @property
    def is_over(self) -> bool:
        """Nothing more is done."""
        return self.state != "running"

    @classmethod
    def parse(cls, data: Mapping[str, Any]) -> Self:
        """Read the fields of an answer."""
        reasons = {one["reason"]: one["count"] for one in data.get("reasons", ())}
        return cls(**read_fields(cls, data, {"reasons": reasons}))


@dataclass(frozen=True, slots=True)
class TaskOfRun(AnswerRecord):
    """A task of a run.

    outcome: `done`, `refused` or `failed`; None where it was not acted on.
    made_id: the new task of a resubmission.
    """

    task_id: str
    external_task_id: str
    outcome: str | None
    reason: str | None
    made_id: str | None


def start_run(token: str, *, tries: int) -> Flow[Run]:
    """`POST /v1/runs`; twice is as good as once."""
    answer = yield from send(Call("POST", "/v1/runs", body={"token": token}), tries=tries)
    return Run.parse(answer.read_json())


def run(run_id: str, *, tries: int) -> Flow[Run]:
    """`GET /v1/runs/{id}`."""
    return Run.parse((yield from send(Call("GET", _build_path(run_id)), tries=tries)).read_json())


def stop_run(run_id: str, *, tries: int) -> Flow[Run]:
    """`POST /v1/runs/{id}/stop`; a second one finds nothing left to stop."""
    call = Call("POST", f"{_build_path(run_id)}/stop", is_repeatable=False)
    return Run.parse((yield from send(call, tries=tries)).read_json())


def iterate_runs(*, page_size: int, tries: int) -> ItemFlow[Run]:
    """Return every run, newest first, page by page."""
    return iterate_pages("/v1/runs", [], "runs", Run.parse, page_size=page_size, tries=tries)


def iterate_run_tasks(
    run_id: str, *, outcome: str | None, page_size: int, tries: int
) -> ItemFlow[TaskOfRun]:
    """Return every task of a run, oldest first, page by page."""
    params: Sequence[tuple[str, str]] = [] if outcome is None else [("outcome", outcome)]
    path = f"{_build_path(run_id)}/tasks"
    return iterate_pages(path, params, "tasks", TaskOfRun.parse, page_size=page_size, tries=tries)


def _build_path(run_id: str) -> str:
    return f"/v1/runs/{quote(run_id, safe='')}"
