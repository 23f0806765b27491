"""When a file is fetched again: soon at first, then by what is left of its URL's life."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker.domain.custody import compute_next_try

NOW = datetime(2026, 11, 29, 12, tzinfo=UTC)


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


@given(st.floats(1, 30 * 86_400))
def test_a_url_is_tried_to_its_end_and_not_for_ever(life_s: float) -> None:
    now, dies_at, tries = NOW, NOW + timedelta(seconds=life_s), 0
    while (again_at := compute_next_try(tries := tries + 1, now=now, dies_at=dies_at)) is not None:
        assert now < again_at <= dies_at
        now = again_at
    assert now == dies_at
    assert tries < 150
