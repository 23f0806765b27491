"""The sentence that says why a task is where it is, and the rows of its history."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

import pytest

from tests.domain.factories import NOW, a_task, an_event
from tracker.domain.delivery import DeliveryState
from tracker.domain.events import EventKind, Source
from tracker.domain.lifecycle import Step, Verdict, apply, create_task
from tracker.domain.work import JobKind
from tracker.store.attempts import Attempt
from tracker.store.deliveries import Delivery
from tracker.store.kept_tasks import KeptTask
from tracker.store.receipts import Receipt
from tracker.store.task_story import TaskHistory
from tracker.web.ui.frame.words import build_translator
from tracker.web.ui.one_task.history import build_history
from tracker.web.ui.one_task.why import AccountFacts, Reason, explain_state

HOUR = timedelta(hours=1)


def _reason(
    *events: tuple[EventKind, str | None],
    due: Mapping[JobKind, datetime] | None = None,
    taken: Collection[JobKind] = (),
    receipts: Sequence[Receipt] = (),
    unfindable: str | None = None,
    slots: int | None = None,
    held: int = 0,
) -> Reason:
    """Return why a task is where some events led it. events: with what was said of each."""
    story = replace(
        _story(*events, due=due, taken=taken, receipts=receipts),
        slots_held=held,
        put_off="it stood back",
    )
    return explain_state(
        story,
        build_translator("en"),
        AccountFacts(is_called_back=False, unfindable=unfindable, slots=slots),
        now=NOW + HOUR,
    )


def _story(
    *events: tuple[EventKind, str | None],
    due: Mapping[JobKind, datetime] | None = None,
    taken: Collection[JobKind] = (),
    receipts: Sequence[Receipt] = (),
    owed: Sequence[Delivery] = (),
) -> TaskHistory:
    steps: list[Step] = [create_task(a_task())]
    for number, (kind, message) in enumerate(events, 1):
        event = an_event(kind, message=message, receipt=number)
        steps.append(apply(steps[-1].task, event, now=NOW + timedelta(seconds=number)))
    made = [step.transition for step in steps if step.transition is not None]
    assert len(made) == len(steps)
    return TaskHistory(
        kept=KeptTask(steps[-1].task, ()),
        steps=list(enumerate(made, 1)),
        attempts=(),
        receipts=receipts,
        is_cut=False,
        whole={},
        deliveries=owed,
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


def test_a_submit_that_failed_is_told_with_its_own_time() -> None:
    tried = Attempt(1, 7, NOW + HOUR, outcome="not_sent", message="refused")
    story = replace(_story(), attempts=[tried])
    account = AccountFacts(is_called_back=False)
    reason = explain_state(story, build_translator("en"), account, now=NOW + HOUR)
    assert (reason.evidence, reason.at) == (("a7", "a7"), NOW + HOUR)
    assert reason.text.startswith("The last attempt did not leave tracker")


@pytest.mark.parametrize(
    ("slots", "key"), [(2, "why.next-slot"), (3, "why.late"), (None, "why.late")]
)
def test_a_task_that_waits_for_a_slot_of_its_account_says_so(slots: int | None, key: str) -> None:
    reason = _reason(due={JobKind.SUBMIT: NOW}, slots=slots, held=2)
    assert (reason.said, reason.next_key) == ("it stood back", key)
    assert (reason.next_said == "2 of 2 are at the provider") is (slots == 2)
    under_way = _reason(due={JobKind.SUBMIT: NOW}, taken=[JobKind.SUBMIT], slots=2, held=2)
    assert under_way.next_key == "why.next-try"


def test_a_submit_that_nothing_finds_is_left_to_a_person() -> None:
    why = "its account is not in the settings"
    lost = _reason((EventKind.SUBMIT_UNKNOWN, None), unfindable=why)
    assert (lost.next_key, lost.next_at, lost.next_said) == ("why.next-resolve", None, why)
    running = _reason((EventKind.SEEN_RUNNING, None), unfindable=why)
    assert (running.next_key, running.next_said) == ("why.next-look", "")


@pytest.mark.parametrize(
    ("verdict", "seconds", "is_told", "is_told_at_end"),
    [
        ("unknown_status", 2, True, False),
        ("conflict", 2, True, True),
        ("duplicate", 2, False, False),
        ("unknown_status", 0, False, False),
    ],
)
def test_what_came_since_and_moved_nothing_is_told(
    verdict: str, seconds: int, *, is_told: bool, is_told_at_end: bool
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
    assert (ended.odd is not None) == is_told_at_end


def test_the_history_says_nothing_twice_and_names_where_a_delivery_goes() -> None:
    owed = Delivery(
        **dict.fromkeys(("endpoint_id", "task_id", "version", "ended_at")),
        key=1,
        id=UUID(int=1),
        event="task.overdue",
        url="https://user:word@app.example/hooks?token=x",
        state=DeliveryState.PENDING,
        attempts=1,
        created_at=NOW + HOUR,
        next_at=NOW + HOUR,
        last_attempt_at=NOW + HOUR,
        last_status=502,
        last_error="HTTP 502",
    )
    late = (EventKind.DEADLINE_PASSED, "past its deadline; still open")
    story = _story((EventKind.SEEN_RUNNING, "frame 3 of 40"), late, owed=[owed])
    assert story.kept.task.message == "frame 3 of 40"  # it is what the task waits with
    told = [(one.what, one.note) for one in build_history(story, build_translator("en"))]
    assert told[1:] == [
        ("seen running", "frame 3 of 40"),
        ("past its deadline", ""),
        ("delivery of task.overdue to app.example/hooks: owed 502", ""),
    ]
