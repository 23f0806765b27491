"""A failure whose reason is that there is no such task, or no right to ask, is no verdict."""

import json
from typing import Any

import pytest

from tests.providers.kinds import KINDS, Kind
from tests.providers.support import a_task, an_account, asked_of
from tracker.domain.exchange import HttpResult
from tracker.domain.outcome import Absent, Observed, PollOutcome, Unanswered
from tracker.domain.task import TaskState
from tracker.providers.registry import PROVIDERS

NAMES = ("luma", "luma agents", "flux", "hailuo", "domo", "ark")
_SHAPES: dict[str, dict[str, Any]] = {
    "luma": {"id": "ID", "state": "failed", "failure_reason": "REASON"},
    "luma agents": {"id": "ID", "state": "failed", "failure_reason": "REASON"},
    "flux": {"id": "ID", "status": "Error", "error": "REASON"},
    "hailuo": {"task_id": "ID", "status": "failed", "message": "REASON"},
    "domo": {"task_id": "ID", "status": "failed", "message": "REASON"},
    "ark": {"id": "ID", "status": "failed", "error": {"message": "REASON"}},
}


def polled(kind: Kind, name: str, reason: str) -> PollOutcome:
    provider = PROVIDERS[kind.provider]
    assert provider.polls is not None
    address = f"https://provider.example{kind.address}"
    account = an_account(provider, base_url=address, **kind.options)
    task = a_task(kind.operation, provider_task_id="ID", provider=kind.provider)
    body = json.dumps(_SHAPES[name]).replace("REASON", reason).encode()
    answer = HttpResult(200, {"content-type": "application/json"}, body)
    (found,) = provider.polls.parse_poll(asked_of(account, task), answer)
    return found


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    ("reason", "outcome"),
    [
        ("task_not_exist", Absent),
        ("Task not found.", Absent),
        ("任务不存在", Absent),
        ("invalid api key", Unanswered),
        ("Unauthorized", Unanswered),
    ],
)
def test_a_failure_of_the_question_is_none_of_the_task(
    name: str, reason: str, outcome: type[PollOutcome]
) -> None:
    assert isinstance(polled(KINDS[name], name, reason), outcome)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    "reason", ["image not found", "the task failed", "the original task does not exist any more"]
)
def test_other_failures_are_believed(name: str, reason: str) -> None:
    found = polled(KINDS[name], name, reason)
    assert isinstance(found, Observed)
    assert found.observation.state is TaskState.FAILED
