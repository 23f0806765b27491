"""A rate is kept to in every window, and is not much slower than it must be."""

from bisect import bisect_left
from math import ceil

import pytest

from tracker.domain.call_rate import CallRate, look_spacing_s

DOCUMENTED = [CallRate(150, 10), CallRate(20, 1), CallRate(10, 1), CallRate(20, 10)]


@pytest.mark.parametrize("rate", [*DOCUMENTED, CallRate(600, 60), CallRate(1, 2), CallRate(2.5, 1)])
def test_no_window_holds_more_calls_than_its_rate(rate: CallRate) -> None:
    bucket, now, left = rate.make_bucket(), 0.0, list[float]()
    while len(left) < 4 * rate.calls + 10:
        if bucket.take(now):
            left.append(now)
        else:
            now += bucket.wait_s + 1e-9
    most = max(bisect_left(left, at + rate.seconds) - n for n, at in enumerate(left))
    assert most <= ceil(rate.calls)
    assert rate.per_s >= 0.8 * rate.calls / (rate.seconds + 0.1)


def test_looks_are_planned_so_that_all_open_tasks_can_have_one() -> None:
    rate = CallRate(150, 10)
    alone = look_spacing_s(rate, open_tasks=10_000, together=1)
    assert 10_000 / alone < rate.per_s
    assert look_spacing_s(rate, open_tasks=10_000, together=100) == pytest.approx(alone / 100)
    assert look_spacing_s(rate, open_tasks=1, together=1) < 0.2
