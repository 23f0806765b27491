"""Retry, polling, expectation, allowance: when, and how often."""

from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.domain.factories import NOW
from tracker.domain.expectation import (
    ENOUGH,
    NOTHING_KNOWN,
    EndedTask,
    Expectation,
    derive_expectation,
)
from tracker.domain.polling import PollPlan
from tracker.domain.retry import RETRY_AFTER_CAP_S, SUBMIT, Backoff
from tracker.domain.token_bucket import TokenBucket

JITTER = st.floats(0, 1, exclude_max=True)
HOUR = timedelta(hours=1)
PLAN = PollPlan()


@given(st.integers(1, 60), JITTER)
def test_jitter_only_adds_to_a_pause(attempt: int, jitter: float) -> None:
    backoff = Backoff(timedelta(seconds=1), HOUR)
    plain = backoff.compute_next_try(attempt, now=NOW, jitter=0.0)
    moved = backoff.compute_next_try(attempt, now=NOW, jitter=jitter)
    assert plain is not None
    assert moved is not None
    assert plain <= moved <= NOW + (plain - NOW) * (1 + backoff.spread)


@given(st.integers(1, 60))
def test_pauses_grow_up_to_the_ceiling(attempt: int) -> None:
    backoff = Backoff(timedelta(seconds=1), HOUR)
    this = backoff.compute_next_try(attempt, now=NOW, jitter=0.0)
    after = backoff.compute_next_try(attempt + 1, now=NOW, jitter=0.0)
    assert this is not None
    assert after is not None
    assert this <= after <= NOW + HOUR


@given(st.integers(0, 10**9), JITTER)  # a pause has whole microseconds
def test_retry_after_is_kept_to_up_to_a_cap(asked_s: int, jitter: float) -> None:
    when = SUBMIT.compute_next_try(1, now=NOW, jitter=jitter, retry_after_s=asked_s)
    assert when is not None
    waited = (when - NOW).total_seconds()
    assert waited >= min(asked_s, RETRY_AFTER_CAP_S)
    assert waited <= max(RETRY_AFTER_CAP_S, 1.0) * (1 + SUBMIT.spread)


def test_the_tries_come_to_an_end() -> None:
    assert SUBMIT.attempts is not None
    assert SUBMIT.compute_next_try(SUBMIT.attempts, now=NOW, jitter=0.0) is None
    assert SUBMIT.compute_next_try(SUBMIT.attempts - 1, now=NOW, jitter=0.0) is not None


USUAL = st.one_of(
    st.just(NOTHING_KNOWN),
    st.builds(
        lambda typical, more, silent: Expectation(
            timedelta(seconds=typical), timedelta(seconds=typical + more), silent
        ),
        st.floats(0, 7200),
        st.floats(0, 7200),
        st.booleans(),
    ),
)


@settings(max_examples=25)
@given(usual=USUAL, callbacks=st.booleans(), jitter=JITTER)
def test_a_task_is_looked_at_a_bounded_number_of_times(
    *, usual: Expectation, callbacks: bool, jitter: float
) -> None:
    """Three days of silence: looks grow with the logarithm of a task's age up to the ceiling."""
    now, looks = NOW, 0
    while now - NOW < timedelta(days=3):
        now = PLAN.compute_next_look(
            now=now, since=NOW, usual=usual, callbacks=callbacks, jitter=jitter
        )
        looks += 1
    at_the_ceiling = 3 * 86400 / PLAN.ceiling.total_seconds()
    assert looks < at_the_ceiling + 100


@given(usual=USUAL, callbacks=st.booleans(), jitter=JITTER, asked_s=st.floats(0, 1e5))
def test_the_next_look_lies_ahead_and_respects_what_was_asked(
    *, usual: Expectation, callbacks: bool, jitter: float, asked_s: float
) -> None:
    at = PLAN.compute_next_look(
        now=NOW, since=NOW, usual=usual, callbacks=callbacks, jitter=jitter, asked_s=asked_s
    )
    assert at >= NOW + PLAN.first
    assert at >= NOW + timedelta(seconds=min(asked_s, 3600.0))


def test_the_first_look_comes_when_tasks_usually_end() -> None:
    usual = Expectation(timedelta(minutes=5), timedelta(minutes=8))
    polling = PLAN.compute_next_look(now=NOW, since=NOW, usual=usual, callbacks=False, jitter=0.0)
    relying = PLAN.compute_next_look(now=NOW, since=NOW, usual=usual, callbacks=True, jitter=0.0)
    assert polling == NOW + timedelta(minutes=4)
    assert relying == NOW + timedelta(minutes=8)


def test_polling_is_frequent_where_no_callbacks_come() -> None:
    usual = Expectation(timedelta(minutes=5), timedelta(minutes=8), is_silent=True)
    at = PLAN.compute_next_look(now=NOW, since=NOW, usual=usual, callbacks=True, jitter=0.0)
    assert at == NOW + timedelta(minutes=4)


def test_nothing_is_concluded_from_too_few() -> None:
    few = [EndedTask(timedelta(seconds=9), by_callback=False)] * (ENOUGH - 1)
    assert derive_expectation(few) == NOTHING_KNOWN


def test_percentiles_and_silence_are_learned() -> None:
    ended = [EndedTask(timedelta(seconds=n), by_callback=n > 4) for n in range(10)]
    assert derive_expectation(ended) == Expectation(timedelta(seconds=5), timedelta(seconds=9))
    silent = [EndedTask(timedelta(seconds=n), by_callback=n > 5) for n in range(10)]
    assert derive_expectation(silent).is_silent


def test_an_allowance_refills_with_time() -> None:
    allowance = TokenBucket.make_per_minute(2)
    assert [allowance.take(0.0) for _ in range(3)] == [True, True, False]
    assert [allowance.take(30.0) for _ in range(2)] == [True, False]
