"""`tracker attention`: each cause of an endpoint's trouble is told once, with what mends it."""

import json

import httpx

from tests.cli.test_reading import run
from tests.support.upstream import Upstream, build_json_answer
from tracker.domain.delivery_trouble import ADVICE, Trouble

REFUSED = {
    "endpoint_id": "e-1",
    "url": "https://a.example/hook",
    "state": "active",
    "reason": None,
    "failing_since": "2026-11-29T10:00:00Z",
    "cause": "refuses",
    "advice": ADVICE[Trouble.REFUSES],
    "last_error": "HTTP 401",
    "last_failed_at": "2026-11-29T10:05:00Z",
    "owed": 44,
}
PAUSED = {**REFUSED, "endpoint_id": "e-3", "cause": None, "advice": None, "last_error": None}
FOUND = {"endpoints": [REFUSED, {**REFUSED, "endpoint_id": "e-2"}, PAUSED], "receipts": {}}


def test_what_mends_an_endpoint_is_told_once_for_each_cause() -> None:
    with (
        Upstream(lambda _: [build_json_answer(json.dumps(FOUND).encode())]) as service,
        httpx.Client(base_url=service.url, timeout=60) as client,
    ):
        done = run(client, "attention")
    assert done.exit_code == 0
    assert done.stdout.count(f"refuses: {ADVICE[Trouble.REFUSES]}") == 1
    assert done.stdout.count("HTTP 401") == 2
    assert "None" not in done.stdout
