"""When a file is fetched again: soon at first, then by what is left of its URL's life."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker.domain.custody import compute_next_look, compute_next_try

NOW = datetime(2026, 11, 29, 12, tzinfo=UTC)
LOOKS = (compute_next_look, "ends", 60)


@pytest.mark.parametrize(
    ("attempts", "left_s", "pause_s"),
    [
        (1, 86_400, 2),
        (2, 86_400, 10),
        (3, 86_400, 60),
        (4, 86_400, 8_640),
        (9, 600, 60),
        (4, 20, 5),  # a tenth would be a hammer
        (3, 20, 20),  # never behind its end
        (5, 3, 3),
        (1, 0, None),
        (4, -1, None),
    ],
)
def test_a_fetch_is_tried_again_while_its_url_lives(
    attempts: int, left_s: int, pause_s: int | None
) -> None:
    again_at = compute_next_try(attempts, now=NOW, dies_at=NOW + timedelta(seconds=left_s))
    assert again_at == (None if pause_s is None else NOW + timedelta(seconds=pause_s))


def test_an_origin_may_ask_to_wait_for_half_of_what_is_left_at_most() -> None:
    for asked_s, pause_s in ((1, 2), (30, 30), (9_999, 500)):
        asked, dies_at = timedelta(seconds=asked_s), NOW + timedelta(seconds=1_000)
        again_at = compute_next_try(1, now=NOW, dies_at=dies_at, asked=asked)
        assert again_at == NOW + timedelta(seconds=pause_s)


@given(st.floats(1, 30 * 86_400), st.sampled_from([(compute_next_try, "dies_at", 150), LOOKS]))
def test_a_url_is_tried_to_its_end_and_not_for_ever(
    life_s: float, plan: tuple[Callable[..., datetime | None], str, int]
) -> None:
    compute, end, most = plan
    now, dies_at, tries = NOW, NOW + timedelta(seconds=life_s), 0
    while (again_at := compute(tries := tries + 1, now=now, **{end: dies_at})) is not None:
        assert now < again_at <= dies_at
        now = again_at
    assert now == dies_at
    assert tries < most


def test_a_file_that_its_origin_does_not_have_is_looked_for_ever_more_rarely() -> None:
    ends, now, pauses = NOW + timedelta(days=1), NOW, []
    for looks in range(1, 8):
        again_at = compute_next_look(looks, now=now, ends=ends)
        assert again_at is not None
        pauses.append((again_at - now).total_seconds())
        now = again_at
    assert pauses == [2, 10, 60, 120, 240, 480, 960]
