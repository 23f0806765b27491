"""Rows that stand close together, and times of a zone whose clocks are put forward and back."""

import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import httpx
import pytest

from tests.support.dashboard import Person, build_cookie_header
from tracker.web.ui.frame.formats import format_hour, format_instant, format_second
from tracker.web.ui.frame.reader import CHOICES, DENSITY_COOKIE

AS_IT_IS = {one.name: one.values[0] for one in CHOICES} | {"zone": ""}
"""A form of settings in which nothing is chosen."""
BERLIN = ZoneInfo("Europe/Berlin")
FORWARD = datetime(2026, 3, 29, 1, tzinfo=UTC)
BACK = datetime(2026, 10, 25, 1, tzinfo=UTC)


def test_rows_stand_close_where_that_is_chosen(operator: Person) -> None:
    assert " data-compact" not in operator.see("/tasks")
    saved = operator.send("/settings", **AS_IT_IS | {"density": "compact"})
    assert f"{DENSITY_COOKIE}=compact" in saved.headers["set-cookie"]
    assert 'name="density" value="compact" checked' in operator.see("/settings")
    assert re.search(r"<html [^>]*data-compact", operator.see("/tasks"))
    operator.send("/settings", **AS_IT_IS)
    assert " data-compact" not in operator.see("/tasks")


@pytest.mark.parametrize(
    ("at", "shown"),
    [
        (FORWARD - timedelta(milliseconds=1), "2026-03-29 01:59:59.999 +01:00"),
        (FORWARD, "2026-03-29 03:00:00.000 +02:00"),
        (BACK - timedelta(minutes=30), "2026-10-25 02:30:00.000 +02:00"),
        (BACK + timedelta(minutes=30), "2026-10-25 02:30:00.000 +01:00"),
    ],
)
def test_a_time_tells_its_distance_from_utc_on_either_side_of_a_change(
    at: datetime, shown: str
) -> None:
    assert format_instant(at, BERLIN) == shown
    assert format_second(at, BERLIN, at) == f"{shown[5:19]} {shown[-6:]}"
    assert format_hour(at, BERLIN) == f"{shown[5:16]} {shown[-6:]}"


@pytest.mark.parametrize(
    ("given", "told", "field"),
    [
        ("2026-03-29T01:30:00", "2026-03-29T01:30:00+01:00", "2026-03-29T01:30:00"),
        ("2026-03-29T02:30:00", "2026-03-29T02:30:00+01:00", "2026-03-29T03:30:00"),  # skipped
        ("2026-03-29T03:30:00", "2026-03-29T03:30:00+02:00", "2026-03-29T03:30:00"),
        ("2026-10-25T02:30:00", "2026-10-25T02:30:00+02:00", "2026-10-25T02:30:00"),  # twice
    ],
)
def test_a_time_of_a_form_is_of_the_readers_zone_on_either_side_of_a_change(
    operator: Person, given: str, told: str, field: str
) -> None:
    header = build_cookie_header(operator.http, tracker_zone="Europe/Berlin")
    asked = {"created_after": given}
    led = operator.http.get("/ui/tasks", params=asked, headers=header)
    assert led.status_code == 303
    address = httpx.URL(led.headers["location"])
    assert address.params["created_after"] == told
    page = operator.http.get(str(address), headers=header)
    assert f'name="created_after" value="{field}"' in page.text
