"""A failure whose reason is that there is no such task, or no right to ask, is no verdict."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from tests.providers.recorded import asking_of, result_of
from tests.providers.support import (
    SAMPLES,
    a_task,
    an_account,
    asked_of,
    called_back,
    profiles_of,
)
from tracker.domain.exchange import HttpResult
from tracker.domain.observation import Observation
from tracker.domain.outcome import Absent, Observed, PollOutcome, Unanswered
from tracker.domain.task import TaskState
from tracker.providers.kit.denials import doubt_denial
from tracker.providers.registry import PROVIDERS
from tracker.services.asking import read_poll

_SHORTEST = 4
"""Characters of a reason that stands nowhere else in an answer."""


def _failures(kind: str) -> Iterator[Any]:
    """Yield each recorded failure that gives its reason, and not its status word for one."""
    for path in sorted(SAMPLES.rglob("*.json")):
        sample = json.loads(path.read_text()) if path.parent != SAMPLES else {}
        if sample.get("kind") != kind or sample.get("expect", {}).get("state") != "failed":
            continue
        reason = (sample["expect"].get("error") or [None, None, ""])[2]
        body = json.dumps(sample.get("body"))
        is_word = f'"status": "{reason}"' in body
        if len(reason) >= _SHORTEST and f'"{reason}"' in body and not is_word:
            yield pytest.param(
                path.parent.name, sample, reason, id=f"{path.parent.name}-{path.stem}"
            )


POLLED, CALLED = list(_failures("poll")), list(_failures("callback"))


def _said(sample: Mapping[str, Any], reason: str, other: str) -> bytes:
    return json.dumps(sample["body"]).replace(f'"{reason}"', json.dumps(other)).encode()


def _polled(name: str, sample: Mapping[str, Any], reason: str, other: str) -> PollOutcome:
    provider = PROVIDERS[name]
    assert provider.polls is not None
    told = result_of(sample)
    answer = HttpResult(told.status, told.headers, _said(sample, reason, other))
    (found,) = read_poll(provider.polls, asking_of(provider, sample), answer)
    return found


@pytest.mark.parametrize(("name", "sample", "reason"), POLLED)
def test_a_failure_of_the_question_is_none_of_the_task(
    name: str, sample: Mapping[str, Any], reason: str
) -> None:
    for denial in ("task_not_exist", "Task not found.", "任务不存在"):
        found = _polled(name, sample, reason, denial)
        assert isinstance(found, Absent), denial
        assert found.weak  # no reason to send the task again
    for refusal in ("invalid api key", "Unauthorized"):
        assert isinstance(_polled(name, sample, reason, refusal), Unanswered), refusal


@pytest.mark.parametrize(("name", "sample", "reason"), POLLED)
def test_other_failures_are_believed(name: str, sample: Mapping[str, Any], reason: str) -> None:
    for other in ("image not found", "the original task does not exist any more"):
        found = _polled(name, sample, reason, other)
        assert isinstance(found, Observed)
        assert found.observation.state is TaskState.FAILED


@pytest.mark.parametrize(("name", "sample", "reason"), CALLED)
def test_a_callback_that_denies_its_task_is_doubted(
    name: str, sample: Mapping[str, Any], reason: str
) -> None:
    calls_back = PROVIDERS[name].calls_back
    assert calls_back is not None
    for other, is_doubted in (
        ("task_not_exist", True),
        ("Unauthorized", True),
        ("it is bad", False),
    ):
        body = _said(sample, reason, other)
        (said,) = calls_back.parse_callback(called_back(body, sample.get("headers")))
        assert isinstance(said, Observation)
        found = doubt_denial(said)
        assert found.state is TaskState.FAILED
        assert found.error is not None
        assert found.error.doubtful is is_doubted, other


@pytest.mark.parametrize("name", [one for one, held in PROVIDERS.items() if held.polls is not None])
def test_an_answer_of_trouble_denies_no_task_whatever_its_code(name: str) -> None:
    provider = PROVIDERS[name]
    assert provider.polls is not None
    body = json.dumps({"code": "task_not_exist", "message": "task_not_exist", "data": None})
    for profile in profiles_of(provider):
        account = an_account(provider, **({} if profile is None else {"profile": profile}))
        operations = [
            one
            for one in provider.submits.operations
            if not provider.submits.explain_unserved(account, one)
        ]
        asking = asked_of(account, a_task(min(operations), provider_task_id="theirs"))
        for status in (401, 403, 429, 500, 502, 503, 504, 524):
            answer = HttpResult(status, {"content-type": "application/json"}, body.encode())
            (found,) = read_poll(provider.polls, asking, answer)
            assert isinstance(found, Unanswered), (profile, status)
