"""Single steps of the lifecycle: how tasks begin, what is news, what a verdict yields to."""

from dataclasses import replace
from typing import Any

import pytest

from tests.domain.factories import NOW, VIDEO, a_task, an_event
from tracker.domain.cost import Cost, Phase
from tracker.domain.effects import Effect
from tracker.domain.errors import Misuse
from tracker.domain.events import EventKind
from tracker.domain.lifecycle import Verdict, adopt_task, apply, begin_part, create_task
from tracker.domain.task import TaskError, TaskState

S, K = TaskState, EventKind


@pytest.mark.parametrize(
    ("error", "state", "verdict"),
    [
        (TaskError("provider", None, "gave up"), S.FAILED, Verdict.CONFLICT),
        (TaskError("provider", None, "gave up", doubtful=True), S.SUCCEEDED, Verdict.ADVANCED),
    ],
)
def test_only_a_doubtful_failure_gives_way_to_a_success(
    error: TaskError, state: TaskState, verdict: Verdict
) -> None:
    failed = apply(a_task(S.RUNNING, version=3), an_event(K.SEEN_FAILED, error=error), now=NOW).task
    step = apply(failed, an_event(K.SEEN_SUCCEEDED, artifacts=(VIDEO,)), now=NOW)
    assert (failed.state, step.task.state, step.verdict) == (S.FAILED, state, verdict)


@pytest.mark.parametrize("version", [1, 2])
@pytest.mark.parametrize("state", list(S))
def test_a_task_begins_in_one_state_at_version_one(state: TaskState, version: int) -> None:
    for begin, first in ((create_task, S.QUEUED), (adopt_task, S.SUBMITTED)):
        if (state, version) == (first, 1):
            assert begin(a_task(state, version=version)).task.state is first
        else:
            with pytest.raises(Misuse, match="version 1"):
                begin(a_task(state, version=version))


def test_a_part_of_anothers_create_is_asked_about_and_told() -> None:
    step = begin_part(a_task(S.SUBMITTED, provider_task_id="p2"), 7)
    assert step.transition is not None
    assert (step.transition.to_state, step.transition.attempt) == (S.SUBMITTED, 7)
    assert (step.verdict, step.effects) == (Verdict.ADVANCED, (Effect.RECONCILE, Effect.NOTIFY))


@pytest.mark.parametrize(
    "news", [{"stage": "upscaling"}, {"is_blocked": True}, {"artifacts": (VIDEO,)}]
)
def test_news_of_a_running_task_is_told_once(news: dict[str, Any]) -> None:
    running = a_task(S.RUNNING, version=3)
    told = apply(running, an_event(K.SEEN_RUNNING, **news), now=NOW)
    again = apply(told.task, an_event(K.SEEN_RUNNING, **news), now=NOW)
    assert told.transition is not None
    assert (told.transition.kind, told.task.state) == (K.NEWS, S.RUNNING)
    assert Effect.NOTIFY in told.effects
    assert (again.transition, again.verdict) == (None, Verdict.DUPLICATE)


def test_a_url_that_is_signed_anew_is_no_news() -> None:
    task = a_task(S.RUNNING, version=3, artifacts=(VIDEO,))
    anew = replace(VIDEO, url=f"{VIDEO.url}?signature=2")
    step = apply(task, an_event(K.SEEN_RUNNING, artifacts=(anew,)), now=NOW)
    assert step.transition is None


def test_a_verdict_that_is_stated_again_with_another_bill_changes_the_bill_alone() -> None:
    bill = (Cost("unit", "2", phase=Phase.SETTLE),)
    done = a_task(S.SUCCEEDED, version=4, artifacts=(VIDEO,), costs=bill)
    event = an_event(K.SEEN_SUCCEEDED, artifacts=(VIDEO,), costs=(replace(bill[0], amount="3"),))
    step = apply(done, event, now=NOW)
    assert step.transition is not None
    assert (step.transition.kind, step.task.state) == (K.COSTS_CHANGED, S.SUCCEEDED)
    assert step.task.costs == event.costs
    assert apply(step.task, event, now=NOW).transition is None
