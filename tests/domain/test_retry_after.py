"""How long an answer asks to wait, in both forms that the header has."""

from datetime import UTC, datetime

import pytest

from tracker.domain.retry import retry_after_s

DATE = "Mon, 30 Nov 2026 12:00:00 GMT"


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": " 120 "}, 120.0),
        ({"retry-after": "-1"}, None),
        ({"retry-after": "999999999"}, None),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "Mon, 30 Nov 2026 12:00:30 GMT"}, None),
        ({"retry-after": "Mon, 30 Nov 2026 12:00:30 GMT", "date": DATE}, 30.0),
        ({"retry-after": "Mon, 30 Nov 2026 11:00:00 GMT", "date": DATE}, 0.0),
        ({"retry-after": "Mon, 30 Nov 2026 12:00:30 -0000", "date": DATE}, None),
    ],
)
def test_seconds_and_dates_are_read(headers: dict[str, str], seconds: float | None) -> None:
    assert retry_after_s(headers) == seconds


def test_a_date_may_be_compared_with_our_own_time() -> None:
    now = datetime(2026, 11, 30, 12, 0, 10, tzinfo=UTC)
    headers = {"retry-after": "Mon, 30 Nov 2026 12:00:30 GMT", "date": DATE}
    assert retry_after_s(headers, now=now) == 20.0
