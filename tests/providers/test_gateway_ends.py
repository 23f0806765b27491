"""Ends that gateways tell in words and fields of their own, before whatever provider they stand."""

import json
from typing import Any

import pytest

from tests.providers.kinds import KINDS
from tests.providers.support import a_task, an_account, asked_of
from tracker.domain.exchange import HttpResult
from tracker.domain.observation import Observation
from tracker.domain.outcome import Observed
from tracker.domain.task import TaskState
from tracker.providers.registry import PROVIDERS

SHAPES: dict[str, dict[str, Any]] = {
    "luma": {"id": "ID", "state": "WORD"},
    "flux": {"id": "ID", "status": "WORD"},
    "hailuo": {"task_id": "ID", "status": "WORD", "base_resp": {"status_msg": "success"}},
    "domo": {"task_id": "ID", "status": "WORD"},
    "ark": {"id": "ID", "status": "WORD"},
    "vidu": {"id": "ID", "state": "WORD"},
    "replicate": {"id": "ID", "status": "WORD"},
    "wan": {"output": {"task_id": "ID", "task_status": "WORD"}},
}


UNNAMED = ("domo", "luma", "replicate")
"""Kinds whose own answers name their task always."""
FILE = "https://files.example/a.mp4"
RESULTS: dict[str, dict[str, Any]] = {
    "luma": {"assets": {"video": FILE}},
    "flux": {"result": {"sample": FILE}},
    "ark": {"content": {"video_url": FILE}},
    "vidu": {"creations": [{"id": "1", "url": FILE}]},
    "wan": {"output": {"task_id": "ID", "task_status": "WORD", "video_url": FILE}},
}


SAID = {"failMsg": "the moderator said no"}
FAILED: dict[str, dict[str, Any]] = {
    "midjourney": {"id": "ID", "status": "FAILURE", **SAID},
    "domo": {"data": {"task_id": "ID", "status": "FAILED", **SAID}},
    "wan": {"output": {"task_id": "ID", "task_status": "FAILED", **SAID}},
    "openai videos": {"id": "ID", "status": "failed", **SAID},
    "openai rows": {"code": "success", "data": {"task_id": "ID", "status": "FAILURE", **SAID}},
    "jimeng at a relay": {"code": 50207, "data": None, "status": 50207, **SAID},
    "pika at a gateway": {"id": "ID", "videos": [{"id": "1", "status": "error", **SAID}]},
    "runway of the web": {"task": {"id": "ID", "status": "FAILED", **SAID}},
    "runway at kie": {
        "code": 200,
        "data": {"taskId": "ID", "state": "fail", "errMsg": SAID["failMsg"]},
    },
}
"""Failures whose reason stands in a field that is a gateway's own."""


def shape_of(name: str, word: str, id_: str = "ID", **more: Any) -> str:
    return json.dumps(SHAPES[name] | more).replace("WORD", word).replace('"ID"', f'"{id_}"')


def polled(
    name: str, word: str, id_: str = "ID", stage: str | None = None, **more: Any
) -> Observation:
    (found,) = read(name, shape_of(name, word, id_, **more), stage)
    return found


def answered(name: str, body: str) -> Observation:
    (found,) = read(name, body)
    return found


def read(name: str, body: str, stage: str | None = None) -> list[Observation]:
    kind = KINDS[name]
    polls = PROVIDERS[kind.provider].polls
    assert polls is not None
    base_url = f"https://gateway.example{kind.address}"
    account = an_account(PROVIDERS[kind.provider], base_url=base_url, **kind.options)
    task = a_task(kind.operation, provider_task_id="ID", provider=kind.provider, stage=stage)
    answer = HttpResult(200, {"content-type": "application/json"}, body.encode())
    outcomes = polls.parse_poll(asked_of(account, task), answer)
    return [one.observation for one in outcomes if isinstance(one, Observed)]


@pytest.mark.parametrize("name", SHAPES)
def test_a_word_by_which_gateways_end_tasks_ends_them(name: str) -> None:
    for word in ("TIMEOUT", "timed_out", "rejected", "FAILURE"):
        assert polled(name, word).state is TaskState.FAILED, word
    assert polled(name, "nobody_knows").state is None


@pytest.mark.parametrize("name", UNNAMED)
def test_a_failure_that_names_no_task_counts_when_it_is_told_twice(name: str) -> None:
    body = {"failMsg": "the moderator said no"}
    first = polled(name, "timed_out", "", **body)
    assert (first.state, first.error) == (TaskState.RUNNING, None)
    second = polled(name, "timed_out", "", stage=first.stage, **body)
    assert (second.state, second.provider_task_id) == (TaskState.FAILED, "ID")
    assert second.error is not None
    assert (second.error.doubtful, second.error.message) == (True, body["failMsg"])


@pytest.mark.parametrize("name", sorted(SHAPES.keys() - {"flux"}))  # it says `Error` of tasks
def test_an_error_that_names_no_task_is_none_of_a_task(name: str) -> None:
    for word, body in (("error", {}), ("timed_out", {"code": 500})):
        assert read(name, shape_of(name, word, "", **body)) == []


@pytest.mark.parametrize("name", SHAPES)
def test_a_reason_is_found_where_gateways_put_it(name: str) -> None:
    for field in ("failMsg", "fail_reason", "errorMessage", "reason"):
        error = polled(name, "FAILURE", **{field: "the moderator said no"}).error
        assert error is not None
        assert error.message == "the moderator said no", field
    error = polled(name, "FAILURE", statusMessage="ok").error
    assert error is not None
    assert "ok" not in error.message


@pytest.mark.parametrize("name", FAILED)
def test_a_reason_is_found_wherever_the_task_lies(name: str) -> None:
    said = answered(name, json.dumps(FAILED[name]))
    assert said.state is TaskState.FAILED
    assert said.error is not None
    assert said.error.message == SAID["failMsg"]


@pytest.mark.parametrize("name", RESULTS)
def test_a_gateways_word_of_success_counts_beside_a_result(name: str) -> None:
    for word in ("completed", "SUCCESS", "done"):
        assert polled(name, word, **RESULTS[name]).state is TaskState.SUCCEEDED, word
        assert polled(name, word).state in (None, TaskState.RUNNING), word
    assert polled(name, "nobody_knows", **RESULTS[name]).state is None
