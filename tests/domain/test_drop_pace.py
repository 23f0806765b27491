"""How much retention drops at once: little while others write, whatever fits otherwise."""

import pytest

from tracker.domain.drop_pace import (
    FIRST,
    FIRST_ALONE,
    HELD_ALONE_S,
    HELD_S,
    LEAST,
    MOST_REST_S,
    MOST_SHARED,
    SHARED_S,
    DropPace,
)

MOST = 1000


def _shared(*, least: int = LEAST) -> DropPace:
    pace = DropPace(least=least)
    pace.note_newest(1, 0.0)
    pace.note_newest(2, 1.0)
    return pace


def test_alone_it_drops_what_suits_the_database_and_never_rests_while_late() -> None:
    pace = DropPace()
    for now_s in range(5):
        pace.note_newest(7, float(now_s))
        pace.note_drop(pace.choose_batch(MOST), 0.0)
    assert (pace.is_shared, pace.choose_batch(MOST)) == (False, MOST)
    assert pace.compute_pause_s(0.1, is_late=True) == 0
    assert pace.compute_pause_s(0.1, is_late=False) == pytest.approx(0.9)
    assert pace.compute_pause_s(10.0, is_late=False) == MOST_REST_S


def test_beside_others_it_drops_little_and_rests_longer_than_it_works() -> None:
    pace = _shared()
    assert (pace.is_shared, pace.choose_batch(MOST)) == (True, FIRST)
    assert pace.choose_batch(5) == 5
    assert pace.compute_pause_s(0.1, is_late=True) == pytest.approx(0.4)
    assert pace.compute_pause_s(0.1, is_late=False) == pytest.approx(0.9)


def test_it_is_alone_again_once_nobody_has_written_for_a_while() -> None:
    pace = _shared()
    pace.note_newest(2, 1.0 + SHARED_S - 0.1)
    assert pace.is_shared
    pace.note_newest(2, 1.0 + SHARED_S)
    assert pace.choose_batch(MOST) == FIRST_ALONE


@pytest.mark.parametrize("cost_s", [HELD_ALONE_S / 400, HELD_ALONE_S / 5000, 1.0])
def test_alone_no_transaction_takes_longer_than_who_comes_first_can_wait(cost_s: float) -> None:
    pace = DropPace()
    counts = []
    for _ in range(4):
        counts.append(pace.choose_batch(MOST))
        pace.note_drop(counts[-1], counts[-1] * cost_s)
    assert counts[0] == FIRST_ALONE
    assert max(counts[1:]) == min(MOST, max(round(HELD_ALONE_S / cost_s), LEAST))


@pytest.mark.parametrize("cost_s", [HELD_S / 5, HELD_S / 10, HELD_S / 400, 1.0])
def test_a_transaction_comes_to_take_its_time_whatever_a_task_costs(cost_s: float) -> None:
    pace = _shared()
    for _ in range(20):
        count = pace.choose_batch(MOST)
        pace.note_drop(count, count * cost_s)
    assert pace.choose_batch(MOST) == min(max(round(HELD_S / cost_s), LEAST), MOST_SHARED)


def test_one_slow_or_quick_transaction_changes_it_by_no_more_than_two() -> None:
    pace = _shared()
    pace.note_drop(FIRST, 0.0)
    assert pace.choose_batch(MOST) == 2 * FIRST
    pace.note_drop(2 * FIRST, 60.0)
    assert pace.choose_batch(MOST) == FIRST
    pace.note_drop(0, 60.0)
    assert pace.choose_batch(MOST) == FIRST


def test_what_is_archived_is_never_cut_into_small_files() -> None:
    pace = _shared(least=100)
    for _ in range(5):
        pace.note_drop(pace.choose_batch(MOST), 1.0)
    assert pace.choose_batch(MOST) == 100
