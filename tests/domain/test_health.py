"""When an account is said to stand still."""

from datetime import timedelta

from tests.domain.factories import NOW
from tracker.domain.health import (
    PATIENCE,
    AnsweredSubmit,
    describe_standstill,
    find_standstill_start,
)


def _tries(*ages_s: float, accepted: float | None = None) -> list[AnsweredSubmit]:
    """Make submits that came to nothing so many seconds ago, and one that was accepted."""
    found = [AnsweredSubmit(NOW - timedelta(seconds=age), False, "HTTP 429") for age in ages_s]
    if accepted is not None:
        found.append(AnsweredSubmit(NOW - timedelta(seconds=accepted), True, "accepted"))
    return sorted(found, key=lambda one: one.ended_at, reverse=True)


def _said(tries: list[AnsweredSubmit], before_s: float | None = None) -> str | None:
    before = None if before_s is None else NOW - timedelta(seconds=before_s)
    since = find_standstill_start(tries, before=before, now=NOW)
    return describe_standstill(tries, since=since, now=NOW)


def test_nothing_accepted_for_minutes_is_said_with_the_last_answer() -> None:
    said = _said(_tries(1, 30, 90, 150, 240))
    assert said is not None
    assert "4 minutes" in said
    assert "HTTP 429" in said


def test_a_short_while_few_tries_or_one_that_was_accepted_are_none() -> None:
    assert _said(_tries(1, 30, 60, 90, 120)) is None
    assert _said(_tries(1, 300)) is None
    assert _said(_tries(1, 30, 90, 150, 240, accepted=0.5)) is None
    assert _said(_tries(1, 30, 60, 90, 120, accepted=300)) is None
    assert _said([]) is None


def test_what_was_seen_at_the_look_before_counts_where_only_the_latest_are_read() -> None:
    minutes = PATIENCE.total_seconds() + 60
    assert _said(_tries(1, 2, 3, 4, 5), before_s=minutes) is not None
    assert _said(_tries(1, 2, 3, 4, accepted=5), before_s=minutes) is None


def test_an_account_that_nobody_tries_any_more_is_forgiven() -> None:
    assert find_standstill_start(_tries(3600, 3700), before=None, now=NOW) is None
