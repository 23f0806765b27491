"""When a request that failed is sent again."""

from datetime import UTC, datetime

import pytest

from tracker.client.calls import (
    LONGEST_PAUSE_S,
    Answer,
    Call,
    Lost,
    Outcome,
    pause_before_retry,
)
from tracker.client.errors import CursorGone, Dropped, build_refusal

NOW = datetime(2026, 11, 25, 4, 0, tzinfo=UTC)
READ = Call("GET", "/v1/tasks/x")
ONCE = Call("POST", "/v1/x", is_repeatable=False)


def _answer(status: int, **headers: str) -> Answer:
    return Answer(status, {k.replace("_", "-"): v for k, v in headers.items()}, b"{}")


def _pause(call: Call, outcome: Outcome, tried: int = 1) -> float | None:
    return pause_before_retry(call, outcome, tried=tried, now=NOW)


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
def test_what_may_pass_is_tried_again(status: int) -> None:
    assert _pause(READ, _answer(status)) is not None


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 410, 413, 415, 422, 501])
def test_what_will_not_pass_is_not(status: int) -> None:
    assert _pause(READ, _answer(status)) is None


def test_what_must_not_happen_twice_is_repeated_only_where_nothing_was_done() -> None:
    assert _pause(ONCE, Lost("cut", was_sent=True)) is None
    assert _pause(ONCE, _answer(502)) is None
    assert _pause(ONCE, Lost("nobody there", was_sent=False)) is not None
    assert _pause(ONCE, _answer(429)) is not None
    assert _pause(ONCE, _answer(503)) is not None


def test_a_submit_whose_first_request_is_not_done_comes_back() -> None:
    assert _pause(READ, _answer(409, retry_after="1")) == 1


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("0", 0),
        ("7", 7),
        ("Wed, 25 Nov 2026 04:00:30 GMT", 30),
        ("Wed, 25 Nov 2026 03:00:00 GMT", 0),
    ],
)
def test_the_service_says_how_long(text: str, seconds: float) -> None:
    assert _pause(READ, _answer(503, retry_after=text)) == seconds


def test_too_much_patience_is_not_had() -> None:
    assert _pause(READ, _answer(503, retry_after="61")) is None
    assert _pause(READ, _answer(503, retry_after="9" * 400)) is None


@pytest.mark.parametrize("text", ["soon", "-1", "1.5", "²"])
def test_nonsense_is_as_good_as_nothing(text: str) -> None:
    assert _pause(READ, _answer(503, retry_after=text)) is not None


def test_pauses_double_up_to_a_longest_one() -> None:
    pauses = [_pause(READ, Lost("cut", was_sent=True), tried) or 0 for tried in range(1, 40)]
    for tried, pause in enumerate(pauses, start=1):
        top = min(LONGEST_PAUSE_S, 0.25 * 2**tried)
        assert top / 2 <= pause <= top


@pytest.mark.parametrize(("name", "kind"), [("cursor-too-old", CursorGone), ("gone", Dropped)])
def test_an_old_cursor_is_told_from_what_else_is_not_kept(name: str, kind: type[Dropped]) -> None:
    found = build_refusal(410, {"type": f"urn:tracker:problem:{name}"}, retry_after_s=None)
    assert type(found) is kind
    assert (found.state, found.finished_at) == (None, None)
