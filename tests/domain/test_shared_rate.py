"""One process takes its part of a limit that all share."""

from tracker.domain.shared_rate import WINDOW_S, SharedAllowance, compute_window

AT_S = 1_000_000 * WINDOW_S + 20.0


def test_a_block_is_drawn_when_there_is_none_and_taken_one_by_one() -> None:
    allowance = SharedAllowance(100)
    assert allowance.must_draw(AT_S)
    allowance.add(AT_S, compute_window(AT_S), 30)  # others have drawn twenty
    assert [allowance.take(AT_S) for _ in range(11)] == [True] * 10 + [False]
    assert allowance.must_draw(AT_S)
    allowance.add(AT_S, compute_window(AT_S), 40)
    assert allowance.take(AT_S)
    assert (allowance.left, allowance.next_s, allowance.full_s) == (69, 40, 40)


def test_nobody_asks_again_in_a_window_of_which_nothing_is_left() -> None:
    allowance = SharedAllowance(100)
    allowance.add(AT_S, compute_window(AT_S), None)
    assert not allowance.must_draw(AT_S)
    assert not allowance.take(AT_S)
    assert (allowance.left, allowance.next_s) == (0, 40)
    later = AT_S + WINDOW_S
    assert allowance.must_draw(later)
    allowance.add(later, compute_window(later), 10)
    assert allowance.take(later)


def test_what_was_drawn_of_a_window_is_not_carried_into_the_next() -> None:
    allowance = SharedAllowance(100)
    allowance.add(AT_S, compute_window(AT_S), 10)
    allowance.add(AT_S, compute_window(AT_S) + 1, 10)
    assert [allowance.take(AT_S + WINDOW_S) for _ in range(11)].count(True) == 10


def test_a_window_that_begins_later_at_the_database_is_drawn_of_once() -> None:
    allowance, later = SharedAllowance(100), AT_S + WINDOW_S
    allowance.add(AT_S, compute_window(AT_S), 10)
    assert allowance.must_draw(later)
    allowance.add(later, compute_window(AT_S), 20)  # there, the minute is not over
    for _ in range(20):
        assert not allowance.must_draw(later)
        assert allowance.take(later)
    assert allowance.must_draw(later)
    allowance.add(later, compute_window(AT_S), None)
    assert allowance.must_draw(later)  # its next minute may have begun
    allowance.add(later, compute_window(later), 10)
    assert not allowance.must_draw(later)
    assert allowance.take(later)


def test_a_small_limit_is_drawn_one_by_one() -> None:
    assert [SharedAllowance(size).block for size in (1, 9, 19, 25, 1000)] == [1, 1, 1, 2, 100]
