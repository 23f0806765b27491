"""The sentence that says why a task is where it is."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta

import pytest

from tests.domain.factories import NOW, a_task, an_event
from tracker.domain.events import EventKind, Source
from tracker.domain.lifecycle import Step, Verdict, apply, create_task
from tracker.domain.work import JobKind
from tracker.store.kept_tasks import KeptTask
from tracker.store.receipts import Receipt
from tracker.store.task_story import Story
from tracker.web.ui.frame.words import words_of
from tracker.web.ui.one_task.why import Reason, reason_of

HOUR = timedelta(hours=1)


def _reason(
    *events: tuple[EventKind, str | None],
    due: Mapping[JobKind, datetime] | None = None,
    taken: Collection[JobKind] = (),
    receipts: Sequence[Receipt] = (),
    unfindable: str | None = None,
) -> Reason:
    """Return why a task is where some events led it. events: with what was said of each."""
    steps: list[Step] = [create_task(a_task())]
    for number, (kind, message) in enumerate(events, 1):
        event = an_event(kind, message=message, receipt=number)
        steps.append(apply(steps[-1].task, event, now=NOW + timedelta(seconds=number)))
    made = [step.transition for step in steps if step.transition is not None]
    assert len(made) == len(steps)
    story = Story(
        kept=KeptTask(steps[-1].task, ()),
        steps=list(enumerate(made, 1)),
        attempts=(),
        receipts=receipts,
        is_cut=False,
        whole={},
        deliveries=(),
        submitter=None,
        due=due or {},
        taken=taken,
        resubmitted_as=(),
        children=(),
        related={},
        input=None,
        input_size=0,
        stream=None,
        holds=(),
    )
    return reason_of(
        story, words_of("en"), is_called_back=False, now=NOW + HOUR, unfindable=unfindable
    )


@pytest.mark.parametrize("said", ["it is done", None])
def test_what_is_said_of_a_file_is_not_said_of_the_verdict(said: str | None) -> None:
    kept = (EventKind.ASSET_KEPT, "01a2: 3464 bytes of video/mp4")
    reason = _reason((EventKind.SEEN_SUCCEEDED, said), kept)
    assert (reason.text, reason.said) == ("It succeeded", said or "")
    assert (reason.evidence, reason.at) == (("r1", "r1"), NOW + timedelta(seconds=1))


def test_the_words_are_those_of_the_step_that_is_named_as_evidence() -> None:
    late = (EventKind.DEADLINE_PASSED, "past its deadline")
    reason = _reason((EventKind.SEEN_RUNNING, "frame 3 of 40"), late)
    assert (reason.said, reason.evidence) == ("frame 3 of 40", ("r1", "r1"))


@pytest.mark.parametrize(
    ("late", "taken", "key"),
    [
        (timedelta(minutes=2), (), "why.late"),
        (timedelta(minutes=2), (JobKind.RECONCILE,), "why.next-look"),
        (timedelta(seconds=5), (), "why.next-look"),
        (-HOUR, (), "why.next-look"),
    ],
)
def test_work_that_no_worker_takes_is_told(
    late: timedelta, taken: Collection[JobKind], key: str
) -> None:
    at = NOW + HOUR - late
    reason = _reason((EventKind.SEEN_RUNNING, None), due={JobKind.RECONCILE: at}, taken=taken)
    assert (reason.next_key, reason.next_at) == (key, at)


def test_a_submit_that_nothing_finds_is_left_to_a_person() -> None:
    why = "its account is not in the settings"
    lost = _reason((EventKind.SUBMIT_UNKNOWN, None), unfindable=why)
    assert (lost.next_key, lost.next_at, lost.next_said) == ("why.next-resolve", None, why)
    running = _reason((EventKind.SEEN_RUNNING, None), unfindable=why)
    assert (running.next_key, running.next_said) == ("why.next-look", "")


@pytest.mark.parametrize(
    ("verdict", "seconds", "is_told"),
    [("unknown_status", 2, True), ("duplicate", 2, False), ("unknown_status", 0, False)],
)
def test_what_came_since_and_moved_nothing_is_told(
    verdict: str, seconds: int, *, is_told: bool
) -> None:
    came = Receipt(
        tenant="default",
        provider="kling",
        task_key=1,
        source=Source.CALLBACK,
        verdict=Verdict(verdict),
        received_at=NOW + timedelta(seconds=seconds),
        fingerprint=b"",
        size_bytes=0,
        body=None,
        key=9,
    )
    reason = _reason((EventKind.SEEN_RUNNING, None), receipts=[came])
    assert (reason.odd is not None) == is_told
    ended = _reason((EventKind.SEEN_SUCCEEDED, None), receipts=[came])
    assert ended.odd is None
