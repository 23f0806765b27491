"""Dismissed entries leave `/v1/attention`; forged callbacks are counted there."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy import select

from tests.support.requests import build_kling_callback, find_callback_path, submit
from tests.web.conftest import Shared
from tracker.clock import SystemClock, make_id
from tracker.store.driver.engine import open_engine
from tracker.store.schema import assets, tasks
from tracker.web.receive.sender import find_sender


@pytest.fixture
def http(shared_http: httpx.Client) -> httpx.Client:
    return shared_http


def attention(http: httpx.Client) -> dict[str, Any]:
    found: dict[str, Any] = http.get("/v1/attention").json()
    return found


@pytest.mark.parametrize(
    ("body", "verdict"),
    [(b"{", "malformed"), (build_kling_callback("marinating"), "unknown_status")],
)
def test_a_dismissed_receipt_asks_for_nobody_and_stays_in_its_list(
    http: httpx.Client, body: bytes, verdict: str
) -> None:
    task = submit(http)["id"]
    http.post(find_callback_path(task), content=body)
    (odd,) = attention(http)["receipts"][verdict]
    first = http.post(f"/v1/receipts/{odd['receipt_id']}/dismiss")
    assert first.status_code == 200, first.text
    assert first.json()["actor"]
    again = http.post(f"/v1/receipts/{odd['receipt_id']}/dismiss")
    assert again.json() == first.json()
    assert attention(http)["receipts"][verdict] == []
    assert attention(http)["unknown_words"] == []
    assert len(http.get(f"/v1/tasks/{task}/receipts").json()["receipts"]) == 1


def test_a_dismissed_task_asks_for_nobody_and_is_asked_about_on(http: httpx.Client) -> None:
    task = submit(http)["id"]
    assert http.post(f"/v1/tasks/{task}/dismiss").status_code == 409
    http.post(find_callback_path(task), content=build_kling_callback("succeed", task_result={}))
    (stuck,) = attention(http)["without_result"]
    assert stuck["task_id"] == task
    assert http.post(f"/v1/tasks/{task}/dismiss").status_code == 200
    assert attention(http)["without_result"] == []


def test_a_lost_file_asks_for_somebody_for_a_day_or_until_it_is_dismissed(
    http: httpx.Client, shared_idle: Shared
) -> None:
    task, now = submit(http)["id"], SystemClock().now()
    http.post(find_callback_path(task), content=build_kling_callback("succeed"))
    told = []
    engine = open_engine(shared_idle.database_url)
    for ended_at in (now - timedelta(days=2), now):
        with engine.begin() as db:
            of = select(tasks.c.tenant, tasks.c.key).where(tasks.c.id == UUID(task))
            tenant, key = db.execute(of).one()
            row = {"id": make_id(), "tenant": tenant, "task_key": key, "piece": str(ended_at)}
            row |= {"position": 0, "kind": "video", "state": "lost", "lane": "", "attempts": 1}
            row |= {"dies_at": now, "next_at": now, "created_at": now, "ended_at": ended_at}
            db.execute(assets.insert().values(row | {"reason": "HTTP 404"}))
        told.append(attention(http)["lost_files"])
    engine.dispose()
    assert [[(one["task_id"], one["message"]) for one in some] for some in told] == [
        [],
        [(task, "HTTP 404")],
    ]
    assert http.post(f"/v1/tasks/{task}/dismiss").status_code == 200
    assert attention(http)["lost_files"] == []


@pytest.mark.parametrize("id_", ["0", "-1", "x", "999999999999", "9" * 30, "%00"])
def test_a_receipt_that_is_not_there_is_not_found(http: httpx.Client, id_: str) -> None:
    assert http.post(f"/v1/receipts/{id_}/dismiss").status_code == 404


@pytest.mark.parametrize("header", [{}, {"x-forwarded-for": "203.0.113.9, 198.51.100.7"}])
def test_forged_callbacks_are_counted_by_where_they_came_from(
    own_http: httpx.Client, header: dict[str, str]
) -> None:
    task = submit(own_http)["id"]
    for _ in range(5):
        url = find_callback_path(task)[:-1] + "~"
        assert own_http.post(url, content=b"{}", headers=header).status_code == 404
    found = attention(own_http)
    assert found["forgeries"]["total"] == 5
    (kind,) = found["forgeries"]["kinds"]
    # The peer is on this machine, as a proxy would be: the address that it saw counts.
    sender = header.get("x-forwarded-for", "127.0.0.1").rpartition(", ")[2]
    assert (kind["sender"], kind["subject"], kind["count"]) == (sender, task, 5)
    (receipt,) = found["receipts"]["forged"]
    own_http.post(f"/v1/receipts/{receipt['receipt_id']}/dismiss").raise_for_status()
    assert attention(own_http)["receipts"]["forged"] == []


@pytest.mark.parametrize(
    ("peer", "header", "sender"),
    [
        ("192.0.2.7", "203.0.113.9", "192.0.2.7"),
        ("10.0.0.1", "203.0.113.9", "203.0.113.9"),
        ("10.0.0.1", "198.51.100.1, 203.0.113.9, 10.0.0.2", "203.0.113.9"),
        ("10.0.0.1", "", "10.0.0.1"),
    ],
)
def test_only_a_trusted_proxy_says_who_sent_it(peer: str, header: str, sender: str) -> None:
    assert find_sender(peer, {"x-forwarded-for": header}, "10.0.0.0/8") == sender
