"""How long deliveries that come during a look wait for the next one."""

import pytest

from tracker.workers.deliveries import BETWEEN_LOOKS_S, LOOKS_SAVED, REST_OF_A_LANE_S, RestTimes

MANY = 600


@pytest.mark.parametrize(
    ("destinations", "took_s", "rest_s"),
    [
        (1, 2.0, BETWEEN_LOOKS_S),
        (MANY, 2.0, MANY * REST_OF_A_LANE_S),
        (MANY, 0.0, BETWEEN_LOOKS_S),
    ],
)
def test_a_look_that_waited_for_others_is_not_rested_from_as_long(
    destinations: int, took_s: float, rest_s: float
) -> None:
    rests = RestTimes()
    for _ in range(LOOKS_SAVED):
        rests.compute_rest(100.0, 100.0, 1)
    assert rests.compute_rest(100.0 - took_s, 100.0, destinations) == pytest.approx(rest_s)


def test_looks_after_a_while_without_any_follow_each_other_at_once() -> None:
    rests, at_s = RestTimes(), 100.0
    had = []
    for _ in range(LOOKS_SAVED + 2):
        had.append(rests.compute_rest(at_s, at_s, 1))
        at_s += had[-1]
    assert had == pytest.approx([0.0] * LOOKS_SAVED + [BETWEEN_LOOKS_S] * 2)
    assert rests.compute_rest(at_s + 1, at_s + 1, 1) == 0.0
