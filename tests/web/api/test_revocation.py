"""Requests that wait with a key end within seconds of the key's end, and show nothing more."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from itertools import count
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import create_engine, delete, update

from tests.support.keys import build_bearer, issue
from tests.support.requests import (
    SECRET,
    build_kling_callback,
    build_submission,
    find_callback_path,
    submit,
)
from tests.support.service import build_environment, serve_service
from tests.support.waiting import wait_until
from tracker.domain.access import Scope
from tracker.services.access.keys import Issued
from tracker.services.access.recent_rows import FRESH_S
from tracker.store.driver.engine import normalise_url
from tracker.store.schema import api_keys

LONG_S = 60
PROMISED_S = 5
"""Within so many seconds a key's end is seen; the store is asked again after FRESH_S."""
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


CHANGES: tuple[Change, ...] = (_revoked, _deleted, _narrowed, _moved)


@pytest.fixture(params=["on"])
def url(request: pytest.FixtureRequest, database_url: str, tmp_path: Path) -> Iterator[str]:
    """A service that nobody's work moves. param: TRACKER_AUTH, empty for unset."""
    env = build_environment(
        database_url,
        tmp_path,
        provider_url="http://127.0.0.1:9",
        public_url="https://tracker.example",
        TRACKER_CALLBACK_SECRETS=SECRET.decode(),
        TRACKER_HEARTBEAT_S=str(LONG_S),
        TRACKER_AUTH=request.param,
    )
    with serve_service(env, workers=False) as address:
        yield address


@pytest.fixture
def beside() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(20) as pool:
        yield pool


def _client(url: str, **headers: str) -> httpx.Client:
    return httpx.Client(base_url=url, headers=headers, trust_env=False, timeout=LONG_S)


def _behind(client: httpx.Client) -> str:
    """The cursor behind the change that was just made, once it is in the feed."""
    pages: list[dict[str, Any]] = []

    def is_there() -> bool:
        pages.append(client.get("/v1/changes").json())
        return bool(pages[-1]["changes"])

    wait_until(is_there)
    return str(pages[-1]["next_cursor"])


def _read_stream(client: httpx.Client, began: list[str], after: str = "now") -> list[str]:
    """Everything that a stream says until it ends."""
    with client.stream("GET", f"/v1/changes/stream?after={after}") as answer:
        for line in answer.iter_lines():
            began.append(line)  # noqa: PERF402 - the caller looks at it meanwhile
    return began


_tenants = count(1)


class _Waiting:
    """A stream and long polls of a key of their own, begun."""

    def __init__(
        self, stack: ExitStack, url: str, database_url: str, beside: ThreadPoolExecutor
    ) -> None:
        self.key = issue(database_url, tenant=f"tenant-{next(_tenants)}")
        self.client = stack.enter_context(_client(url, **build_bearer(self.key)))
        self.task = submit(self.client)["id"]
        after = _behind(self.client)
        self.began = list[str]()
        self.streaming = beside.submit(_read_stream, self.client, self.began, after)
        paths = (f"/v1/tasks/{self.task}?wait={LONG_S}", f"/v1/changes?after={after}&wait={LONG_S}")
        self.polls = [beside.submit(self.client.get, path) for path in paths]

    @property
    def has_data(self) -> bool:
        """True when the stream has told of a change."""
        return any(line.startswith("data") for line in self.began)

    def check_ended(self) -> None:
        """Wait for the end of all; nothing more was shown."""
        self.streaming.result(LONG_S)
        answers = [poll.result(LONG_S) for poll in self.polls]
        assert [answer.status_code for answer in answers] == [401, 401]
        assert not self.has_data


def test_a_stream_and_long_polls_end_with_what_their_key_allowed(
    url: str, database_url: str, beside: ThreadPoolExecutor
) -> None:
    assert FRESH_S <= PROMISED_S
    with ExitStack() as stack:
        waiting = [_Waiting(stack, url, database_url, beside) for _ in (None, *CHANGES)]
        wait_until(lambda: all(one.began for one in waiting))
        staying, *ending = waiting
        for change, one in zip(CHANGES, ending, strict=True):
            change(database_url, one.key)
        for one in ending:
            one.check_ended()
        # Their own time is not what ended them: those that began before them wait still.
        assert not any(poll.done() for poll in staying.polls)
        assert not staying.has_data
        staying.client.post(
            find_callback_path(staying.task), content=build_kling_callback("processing")
        ).raise_for_status()
        wait_until(lambda: staying.has_data)
        _revoked(database_url, staying.key)
        staying.streaming.result(LONG_S)


def test_a_submit_that_waits_says_that_it_was_accepted(
    url: str, database_url: str, beside: ThreadPoolExecutor
) -> None:
    key = issue(database_url)
    with _client(url, **build_bearer(key)) as client:
        prefer = {"prefer": f"wait={LONG_S}"}
        waiting = beside.submit(client.post, "/v1/tasks", json=build_submission(), headers=prefer)
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
        streaming.result(LONG_S)
        wait_until(lambda: client.get("/v1/changes/stream").status_code == 401)
