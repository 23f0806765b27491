"""When "there is no such task" is believed."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.domain.factories import NOW
from tracker.domain.denial import BelievedDenial, Denial, UnprovenDenial, find_doubt_end, judge
from tracker.domain.expectation import NOTHING_KNOWN, Expectation
from tracker.domain.task import TaskState

S = TaskState
PAUSE = timedelta(seconds=15)


def _believed_after(state: TaskState, *, usual: Expectation = NOTHING_KNOWN) -> timedelta:
    """Deny a task whenever it is asked about; how long it takes until that is believed."""
    now, earlier, earlier_at = NOW, 0, None
    while True:
        denial = Denial(state, earlier, earlier_at, NOW, usual)
        match judge(denial, pause=PAUSE, now=now):
            case BelievedDenial():
                return now - NOW
            case UnprovenDenial(until=until, counts=counts):
                assert counts
                assert until > now
                earlier, earlier_at, now = earlier + 1, now, until


def test_an_accepted_task_is_given_up_after_some_ten_minutes_of_denials() -> None:
    for state in (S.SUBMITTED, S.RUNNING):
        assert timedelta(minutes=9) < _believed_after(state) < timedelta(minutes=15)


def test_an_uncertain_one_after_two_with_a_pause() -> None:
    assert _believed_after(S.UNCERTAIN) == PAUSE


def test_no_accepted_task_is_given_up_before_its_kind_usually_ends() -> None:
    slow = timedelta(hours=2)
    took = _believed_after(S.RUNNING, usual=Expectation(timedelta(hours=1), slow))
    assert slow <= took < slow + timedelta(minutes=5)


@given(st.integers(1, 30), st.floats(0, 0.99))
def test_a_denial_that_follows_too_soon_does_not_count(earlier: int, share: float) -> None:
    first = judge(Denial(S.RUNNING, earlier - 1, None, NOW, _SLOW), pause=PAUSE, now=NOW)
    assert isinstance(first, UnprovenDenial)
    soon = NOW + (first.until - NOW) * share
    denial = Denial(S.RUNNING, earlier, NOW, NOW, _SLOW)
    assert judge(denial, pause=PAUSE, now=soon) == UnprovenDenial(first.until, counts=False)


_SLOW = Expectation(timedelta(days=9), timedelta(days=9))


@pytest.mark.parametrize(
    ("outcome", "age_s", "until_s"),
    [("exists", 500, 60), ("lost", 10, 80), ("lost", 91, None), ("unknown", 1, None)],
)
def test_how_the_submit_ended_may_put_a_denial_in_doubt(
    outcome: str, age_s: int, until_s: int | None
) -> None:
    doubt = find_doubt_end(
        outcome,
        started_at=NOW - timedelta(seconds=age_s),
        may_last=timedelta(seconds=90),
        now=NOW,
        next_look=NOW + timedelta(seconds=60),
    )
    assert doubt == (None if until_s is None else NOW + timedelta(seconds=until_s))
