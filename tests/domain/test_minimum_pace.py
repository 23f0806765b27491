"""A transfer that is too slow to wait for is told from one that gets on."""

from tracker.domain.minimum_pace import LEAST_BYTES, MinimumPace


def test_a_few_bytes_in_a_span_are_too_slow_and_many_are_not() -> None:
    at = [0.0]
    pace = MinimumPace(10, lambda: at[0])
    seen = []
    for now, size in (
        (9, 1),  # slow, and the span is not over
        (10, LEAST_BYTES),  # enough just in time: a new span
        (20, LEAST_BYTES + 1),
        (20.5, LEAST_BYTES + 2),
        (21, 3 * LEAST_BYTES),
        (31, 3 * LEAST_BYTES + 5),
    ):
        at[0] = now
        seen.append(pace.explain_slowness(size))
    slow = "only 2 bytes came within 10 s"
    assert seen == [None, None, None, slow, None, None]
