"""Callbacks of an account that has a webhook secret: genuine ones move tasks, others are kept."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support.requests import build_kling_callback, find_callback_path, submit
from tests.support.service import build_environment, serve_to_client
from tracker.domain import token
from tracker.emulator.core.signing import build_signature_headers

OLD = "whsec_dGVzdHNlY3JldHRlc3RzZWNyZXR0ZXN0c2VjcmV0MTI="
NEW = "whsec_b3RoZXIgc2VjcmV0IG90aGVyIHNlY3JldCAxMjM0NTY="


@pytest.fixture
def signed(database_url: str, tmp_path: Path) -> Iterator[httpx.Client]:
    """A client of a service whose account is rotating its secret."""
    env = build_environment(
        database_url,
        tmp_path,
        provider_url="http://127.0.0.1:9",
        public_url="https://tracker.example",
        TRACKER_CALLBACK_SECRETS="a secret for tests only",
        TRACKER_KLING_WEBHOOK_SECRET=f"{NEW}, {OLD}",
        TRACKER_ADOPT_UNKNOWN="true",
    )
    with serve_to_client(env, workers=False) as client:
        yield client


def _headers(body: bytes, *, secret: str = NEW, id_: str = "m1", off_s: int = 0) -> dict[str, str]:
    stamp = int(time.time()) + off_s
    return build_signature_headers([secret], message_id=id_, timestamp=stamp, body=body)


def _receipts(http: httpx.Client, task: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = http.get(f"/v1/tasks/{task['id']}/receipts").json()["receipts"]
    return found


def _state(http: httpx.Client, task: dict[str, Any]) -> tuple[str, int]:
    now = http.get(f"/v1/tasks/{task['id']}").json()
    return now["state"], now["version"]


@pytest.mark.parametrize("secret", [OLD, NEW])
def test_a_callback_signed_with_either_secret_moves_the_task(
    signed: httpx.Client, secret: str
) -> None:
    task, body = submit(signed), build_kling_callback("succeed")
    answer = signed.post(
        find_callback_path(task["id"]), content=body, headers=_headers(body, secret=secret)
    )
    assert (answer.status_code, answer.json()) == (200, {"verdict": "advanced"})
    assert _state(signed, task) == ("succeeded", 2)
    assert _receipts(signed, task)[0]["headers"]["webhook-id"] == "m1"


def test_what_is_not_genuine_is_refused_in_the_same_words_and_kept_whole(
    signed: httpx.Client,
) -> None:
    task, body = submit(signed), build_kling_callback("succeed", padding="x" * 5000)
    genuine, path = _headers(body), find_callback_path(task["id"])
    wrong: list[tuple[bytes, dict[str, str]]] = [
        (body, {}),
        (body, genuine | {"webhook-signature": "v1,AAAA"}),
        (body, _headers(body, off_s=-301)),
        (body, _headers(body, off_s=302)),
        (body + b" ", genuine),
        (b"{", {}),
    ]
    answers = [signed.post(path, content=sent, headers=headers) for sent, headers in wrong]
    assert {answer.status_code for answer in answers} == {401}
    assert len({answer.json()["detail"] for answer in answers}) == 1
    assert _state(signed, task) == ("queued", 1)
    kept = _receipts(signed, task)
    assert [receipt["verdict"] for receipt in kept] == ["forged"] * 6
    assert kept[0]["body"].encode() == body
    assert [receipt["reason"].partition(":")[0] for receipt in kept] == [
        "not signed",
        "no signature fits",
        "webhook-timestamp is too old",
        "webhook-timestamp is too far in the future",
        "no signature fits",
        "not signed",
    ]
    # What was refused spent nothing: the genuine message is still taken.
    assert signed.post(path, content=body, headers=genuine).json() == {"verdict": "advanced"}
    assert not {OLD, NEW} & {str(receipt) for receipt in kept}


def test_a_message_that_came_before_changes_nothing_whatever_it_says(signed: httpx.Client) -> None:
    task = submit(signed)
    path = find_callback_path(task["id"])
    first, second = build_kling_callback("processing"), build_kling_callback("succeed")
    for body, verdict in [(first, "advanced"), (first, "duplicate"), (second, "duplicate")]:
        answer = signed.post(path, content=body, headers=_headers(body))
        assert (answer.status_code, answer.json()) == (200, {"verdict": verdict})
    assert _state(signed, task) == ("running", 2)
    assert _receipts(signed, task)[-1]["body"].encode() == second
    fresh = signed.post(path, content=second, headers=_headers(second, id_="m2"))
    assert fresh.json() == {"verdict": "advanced"}


def test_a_hundred_replays_at_once_make_one_transition(signed: httpx.Client) -> None:
    task, body = submit(signed), build_kling_callback("succeed")
    path, headers = find_callback_path(task["id"]), _headers(body)
    with ThreadPoolExecutor(16) as pool:
        answers = list(
            pool.map(lambda _: signed.post(path, content=body, headers=headers), range(100))
        )
    assert {answer.status_code for answer in answers} == {200}
    verdicts = sorted(answer.json()["verdict"] for answer in answers)
    assert verdicts == ["advanced"] + ["duplicate"] * 99
    assert _state(signed, task) == ("succeeded", 2)


def test_unsigned_calls_to_the_shared_url_do_not_tell_known_tasks_from_unknown_ones(
    signed: httpx.Client,
) -> None:
    task = submit(signed, external_task_id="mine")
    path = find_callback_path(token.SHARED)
    for name in ("mine", "nobodys"):
        body = build_kling_callback("succeed", task_id=name, task_info={"external_task_id": name})
        answer = signed.post(path, content=body)
        assert answer.status_code == 401
        assert "mine" not in answer.text
    assert _state(signed, task) == ("queued", 1)
    listed = signed.get("/v1/tasks").json()["tasks"]
    assert [one["id"] for one in listed] == [task["id"]]  # nothing was adopted
    body = build_kling_callback("succeed", task_id="77", task_info={"external_task_id": "others"})
    assert signed.post(path, content=body, headers=_headers(body)).json()["verdict"] == "advanced"
    assert len(signed.get("/v1/tasks").json()["tasks"]) == 2
