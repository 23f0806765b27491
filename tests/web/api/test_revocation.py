"""Requests that wait with a key end within seconds of the key's end, and show nothing more."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import create_engine, delete, update

from tests.support.keys import bearer, issue
from tests.support.requests import SECRET, callback_path, kling_says, submission, submit
from tests.support.service import environment, listen, serving
from tests.support.waiting import wait_until
from tracker.domain.access import Scope
from tracker.services.access.keyring import FRESH_S
from tracker.services.access.keys import Issued
from tracker.store.driver.engine import normalise_url
from tracker.store.schema import api_keys

LONG_S = 40
PROMISED_S = FRESH_S + 3
"""For the end to be seen here; the promise is 5 s, the rest is for a busy machine."""
Change = Callable[[str, Issued], None]


def _written(database_url: str, statement: Any) -> None:
    engine = create_engine(normalise_url(database_url))
    with engine.begin() as db:
        db.execute(statement)
    engine.dispose()


def _revoked(url: str, key: Issued) -> None:
    row = update(api_keys).where(api_keys.c.id == key.row.id)
    _written(url, row.values(revoked_at=key.row.created_at))


def _deleted(url: str, key: Issued) -> None:
    _written(url, delete(api_keys).where(api_keys.c.id == key.row.id))


def _narrowed(url: str, key: Issued) -> None:
    row = update(api_keys).where(api_keys.c.id == key.row.id)
    _written(url, row.values(scopes=Scope.TASKS_WRITE.value))


def _moved(url: str, key: Issued) -> None:
    row = update(api_keys).where(api_keys.c.id == key.row.id)
    _written(url, row.values(tenant="another"))


@pytest.fixture(params=["on"])
def url(request: pytest.FixtureRequest, database_url: str, tmp_path: Path) -> Iterator[str]:
    """A service that nobody's work moves. param: TRACKER_AUTH, empty for unset."""
    env = environment(
        database_url,
        tmp_path,
        provider_url="http://127.0.0.1:9",
        public_url="https://tracker.example",
        TRACKER_CALLBACK_SECRETS=SECRET.decode(),
        TRACKER_HEARTBEAT_S=str(LONG_S),
        TRACKER_AUTH=request.param,
    )
    with serving(env, door=listen(), workers=False) as address:
        yield address


@pytest.fixture
def beside() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor() as pool:
        yield pool


def _client(url: str, **headers: str) -> httpx.Client:
    return httpx.Client(base_url=url, headers=headers, trust_env=False, timeout=LONG_S)


def _read_stream(client: httpx.Client, began: list[str]) -> list[str]:
    """Everything that a stream says until it ends."""
    with client.stream("GET", "/v1/changes/stream?after=now") as answer:
        for line in answer.iter_lines():
            began.append(line)  # noqa: PERF402 - the caller looks at it meanwhile
    return began


@pytest.mark.parametrize("change", [_revoked, _deleted, _narrowed, _moved])
def test_a_stream_and_long_polls_end_with_what_their_key_allowed(
    url: str, database_url: str, beside: ThreadPoolExecutor, change: Change
) -> None:
    key, other = issue(database_url), issue(database_url)
    with _client(url, **bearer(key)) as client, _client(url, **bearer(other)) as stays:
        task = submit(client)["id"]
        began, still = list[str](), list[str]()
        streaming = beside.submit(_read_stream, client, began)
        staying = beside.submit(_read_stream, stays, still)
        polls: list[Future[httpx.Response]] = [
            beside.submit(client.get, path)
            for path in (f"/v1/tasks/{task}?wait={LONG_S}", f"/v1/changes?after=now&wait={LONG_S}")
        ]
        wait_until(lambda: bool(began and still))
        change(database_url, key)
        changed = time.monotonic()
        said = streaming.result(LONG_S)
        answers = [poll.result(LONG_S) for poll in polls]
        assert time.monotonic() - changed < PROMISED_S
        assert [answer.status_code for answer in answers] == [401, 401]
        assert not any(line.startswith("data") for line in said)
        stays.post(callback_path(task), content=kling_says("processing")).raise_for_status()
        wait_until(lambda: any(line.startswith("data") for line in still))
        _revoked(database_url, other)
        staying.result(LONG_S)


def test_a_submit_that_waits_says_that_it_was_accepted(
    url: str, database_url: str, beside: ThreadPoolExecutor
) -> None:
    key = issue(database_url)
    with _client(url, **bearer(key)) as client:
        prefer = {"prefer": f"wait={LONG_S}"}
        waiting = beside.submit(client.post, "/v1/tasks", json=submission(), headers=prefer)
        wait_until(lambda: bool(client.get("/v1/tasks").json()["tasks"]))
        _revoked(database_url, key)
        answer = waiting.result(LONG_S)
        assert (answer.status_code, answer.json()["state"]) == (202, "queued")


@pytest.mark.parametrize("url", [""], indirect=True)
def test_what_waits_without_a_key_ends_once_there_is_one(
    url: str, database_url: str, beside: ThreadPoolExecutor
) -> None:
    began: list[str] = []
    with _client(url) as client:
        streaming = beside.submit(_read_stream, client, began)
        wait_until(lambda: bool(began))
        issue(database_url)
        streaming.result(LONG_S / 2)
        wait_until(lambda: client.get("/v1/changes/stream").status_code == 401)
