"""The rules of deliveries: what becomes of one, how fast they go, how secrets are kept."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.domain.factories import a_task
from tracker.clock import make_id
from tracker.domain import retry
from tracker.domain.delivery import AttemptResult, DeliveryState, judge_attempt
from tracker.domain.event_types import EventType
from tracker.domain.events import EventKind
from tracker.domain.notices import EventFilter, build_delivery_id, find_event_type
from tracker.domain.pacing import MOST, START, Pace
from tracker.domain.sealing import NONCE_BYTES, CannotOpen, seal, seal_long, unseal
from tracker.domain.task import TaskState

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)


def tried(status: int | None, **fields: Any) -> AttemptResult:
    return AttemptResult(NOW, 12, status=status, **fields)


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
def test_any_2xx_is_success(status: int) -> None:
    assert judge_attempt(tried(status), 1, now=NOW, jitter=0).state is DeliveryState.DELIVERED


@pytest.mark.parametrize("status", [None, 199, 300, 301, 302, 304, 307, 400, 404, 429, 500, 503])
def test_anything_else_is_tried_again(status: int | None) -> None:
    ended = judge_attempt(tried(status), 1, now=NOW, jitter=0)
    assert (ended.state, ended.again_at) == (DeliveryState.PENDING, NOW + timedelta(seconds=5))


def test_410_is_never_tried_again() -> None:
    ended = judge_attempt(tried(410), 1, now=NOW, jitter=0)
    assert (ended.state, ended.again_at) == (DeliveryState.FAILED, None)


def test_the_ladder_goes_on_for_three_days_and_ends() -> None:
    at, number = NOW, 1
    while (again := judge_attempt(tried(500), number, now=at, jitter=0).again_at) is not None:
        assert again > at
        at, number = again, number + 1
    assert number == 10
    assert timedelta(days=3) < at - NOW < timedelta(days=4)
    assert judge_attempt(tried(500), number, now=at, jitter=0).state is DeliveryState.FAILED


@given(st.integers(1, 9), st.floats(0, 1, exclude_max=True), st.floats(0, 1e9))
def test_jitter_and_retry_after_only_lengthen_a_pause_and_within_bounds(
    number: int, jitter: float, asked_s: float
) -> None:
    plain = retry.DELIVER.compute_next_try(number, now=NOW, jitter=0)
    asked = retry.DELIVER.compute_next_try(number, now=NOW, jitter=jitter, retry_after_s=asked_s)
    assert plain is not None
    assert asked is not None
    longest = max(plain - NOW, timedelta(seconds=retry.RETRY_AFTER_CAP_S))
    assert plain <= asked <= NOW + longest * 1.2


@pytest.mark.parametrize(
    ("filter_", "wants"),
    [
        (EventFilter(), True),
        (EventFilter(types={"task.succeeded"}), True),
        (EventFilter(types={"task.failed"}), False),
        (EventFilter(providers={"kling"}), True),
        (EventFilter(providers={"other"}), False),
        (EventFilter(operations={"videos/text2video"}), True),
        (EventFilter(operations={"videos/extend"}), False),
        (EventFilter(metadata={"n": 1}), True),
        (EventFilter(metadata={"n": True}), False),
        (EventFilter(metadata={"n": 1, "m": None}), False),
        (EventFilter(metadata={"n": "1"}), False),
        (EventFilter(types={"task.succeeded"}, metadata={"n": 2}), False),
    ],
)
def test_every_part_of_a_filter_narrows(filter_: EventFilter, wants: object) -> None:
    task = a_task(TaskState.SUCCEEDED, operation="videos/text2video", metadata={"n": 1})
    assert filter_.is_match(EventType.TASK_SUCCEEDED, provider="kling", task=task) == wants


@pytest.mark.parametrize(
    ("kind", "before", "after", "told"),
    [
        (EventKind.CREATED, None, TaskState.QUEUED, None),
        (EventKind.CREATED, None, TaskState.SUBMITTED, EventType.TASK_SUBMITTED),
        (EventKind.SUBMIT_UNKNOWN, TaskState.QUEUED, TaskState.UNCERTAIN, None),
        (
            EventKind.SUBMIT_ACCEPTED,
            TaskState.QUEUED,
            TaskState.SUBMITTED,
            EventType.TASK_SUBMITTED,
        ),
        (EventKind.SUBMIT_ACCEPTED, TaskState.RUNNING, TaskState.RUNNING, None),
        (EventKind.SEEN_RUNNING, TaskState.SUBMITTED, TaskState.RUNNING, EventType.TASK_RUNNING),
        (EventKind.SEEN_RUNNING, TaskState.RUNNING, TaskState.RUNNING, None),
        (
            EventKind.SEEN_SUCCEEDED,
            TaskState.EXPIRED,
            TaskState.SUCCEEDED,
            EventType.TASK_SUCCEEDED,
        ),
        (EventKind.SUBMIT_REFUSED, TaskState.QUEUED, TaskState.FAILED, EventType.TASK_FAILED),
        (
            EventKind.CANCEL_REQUESTED,
            TaskState.QUEUED,
            TaskState.CANCELLED,
            EventType.TASK_CANCELLED,
        ),
        (EventKind.DEADLINE_PASSED, TaskState.RUNNING, TaskState.RUNNING, EventType.TASK_OVERDUE),
        (EventKind.GIVEN_UP, TaskState.RUNNING, TaskState.EXPIRED, EventType.TASK_EXPIRED),
        (EventKind.ABSENT, TaskState.UNCERTAIN, TaskState.QUEUED, None),
    ],
)
def test_a_step_is_told_when_it_says_something_new(
    kind: EventKind, before: TaskState | None, after: TaskState, told: EventType | None
) -> None:
    assert find_event_type(kind, before, after) is told


def test_what_is_not_about_a_task_passes_no_filter_that_asks_for_one() -> None:
    degraded = EventType.CALLBACKS_DEGRADED
    assert EventFilter(providers={"kling"}).is_match(degraded, provider="kling", task=None)
    assert not EventFilter(providers={"other"}).is_match(degraded, provider="kling", task=None)
    assert not EventFilter(metadata={"n": 1}).is_match(degraded, provider="kling", task=None)
    assert EventFilter(operations={"x"}).is_match(
        EventType.ENDPOINT_PAUSED, provider=None, task=None
    )


def test_an_id_is_derived_from_task_version_and_endpoint_and_sorts_by_time() -> None:
    task = a_task(TaskState.RUNNING, version=3)
    first = build_delivery_id(NOW, task, "one")
    assert first == build_delivery_id(NOW, task, "one")
    assert (first.version, first.variant) == (7, "specified in RFC 4122")
    others = {
        build_delivery_id(NOW, task, "two"),
        build_delivery_id(NOW, a_task(TaskState.RUNNING, version=4), "one"),
        build_delivery_id(NOW, a_task(TaskState.RUNNING, version=3, id=make_id()), "one"),
    }
    assert len(others | {first}) == 4
    assert first < build_delivery_id(NOW + timedelta(seconds=1), task, "one")


@pytest.mark.parametrize("sealer", [seal, seal_long])
@given(st.binary(min_size=24, max_size=400), st.binary(min_size=NONCE_BYTES, max_size=NONCE_BYTES))
def test_a_sealed_secret_opens_with_its_key_among_others_and_shows_nothing(
    sealer: Callable[..., bytes], secret: bytes, nonce: bytes
) -> None:
    sealed = sealer(b"new", secret, nonce=nonce)
    assert unseal([b"old", b"new"], sealed) == secret
    assert secret != sealed[1 + NONCE_BYTES :][: len(secret)]
    with pytest.raises(CannotOpen):
        unseal([b"old"], sealed)


@pytest.mark.parametrize("sealer", [seal, seal_long])
@given(st.integers(0, 64), st.integers(1, 255))
def test_a_changed_seal_does_not_open(sealer: Callable[..., bytes], place: int, flip: int) -> None:
    sealed = bytearray(sealer(b"key", b"s" * 32, nonce=bytes(NONCE_BYTES)))
    sealed[place % len(sealed)] ^= flip
    with pytest.raises(CannotOpen):
        unseal([b"key"], bytes(sealed))


@pytest.mark.parametrize("sealer", [seal, seal_long])
def test_one_nonce_for_each_seal_makes_equal_secrets_look_unequal(
    sealer: Callable[..., bytes],
) -> None:
    one, other = (sealer(b"key", b"s" * 32, nonce=bytes([n]) * NONCE_BYTES) for n in (1, 2))
    assert one[17:] != other[17:]


@given(st.lists(st.booleans(), max_size=200))
def test_a_pace_stays_within_bounds_and_the_last_failures_leave_one_place(
    answers: list[bool],
) -> None:
    pace = Pace()
    for answered in answers:
        pace.note_success() if answered else pace.note_failure()
        assert 1 <= pace.limit <= MOST
    for _ in range(6):
        pace.note_failure()
    assert pace.is_failing
    assert (int(pace.limit), pace.room) == (1, 1)


def test_a_pace_grows_to_the_most_while_it_is_answered_and_comes_back_soon() -> None:
    pace = Pace()
    for _ in range(2000):
        pace.note_success()
    assert int(pace.limit) == MOST
    for _ in range(6):
        pace.note_failure()
    for _ in range(START):
        pace.note_success()
    assert int(pace.limit) >= START
