"""The clients against a running service, and against one that is away or busy."""

import json
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from tests.support.databases import SqliteTemplate
from tests.support.requests import EXAMPLE
from tests.support.service import build_environment, free_port, listen, serve_service
from tests.support.waiting import PATIENCE_S, wait_until
from tracker.client import (
    AsyncClient,
    Change,
    Client,
    Conflict,
    Forbidden,
    Invalid,
    NotFound,
    Refused,
    TimedOut,
    Unauthenticated,
    Unavailable,
    Unreachable,
)

OPERATION = "videos/multi-image2video"
SLOW = EXAMPLE | {"prompt": "[scenario:slow=30]"}


def _with_its_file(tracker: Client, task_id: str) -> None:
    """Wait until the file of a task is kept: it is a change of the task, and the last one."""
    wait_until(lambda: "asset_kept" in {step.kind for step in tracker.transitions(task_id)})


def test_a_task_is_submitted_and_waited_for(tracker: Client) -> None:
    made = tracker.submit(OPERATION, EXAMPLE, metadata={"order": 7})
    assert (made.state, made.version, made.metadata) == ("queued", 1, {"order": 7})
    done = tracker.wait(made.id, timeout_s=60)
    assert done.has_succeeded
    assert done.is_over
    assert done.urls
    assert done.finished_at is not None
    assert done.finished_at >= made.created_at
    assert [step.to_state for step in tracker.transitions(made.id)][-1] == "succeeded"
    _with_its_file(tracker, made.id)
    done = tracker.wait(made.id, timeout_s=60)
    assert tracker.get(made.id) == done


def test_a_task_is_watched_at_each_change(tracker: Client) -> None:
    made = tracker.submit(OPERATION, EXAMPLE)
    seen = list(tracker.watch(made.id, timeout_s=60))
    versions = [task.version for task in seen]
    assert versions == sorted(set(versions))
    assert seen[-1].has_succeeded


def test_who_waits_too_short_is_told_how_it_stands(tracker: Client) -> None:
    made = tracker.submit(OPERATION, SLOW)
    with pytest.raises(TimedOut) as waited:
        tracker.wait(made.id, timeout_s=0.2)
    assert waited.value.task.id == made.id
    with pytest.raises(TimedOut):
        list(tracker.watch(made.id, timeout_s=0.2))


def test_lists_fetch_page_after_page(tracker: Client) -> None:
    other, input_ = "videos/text2video", {"prompt": "[scenario:slow=30]"}
    made = [tracker.submit(other, input_).id for _ in range(5)]
    assert [task.id for task in tracker.tasks(page_size=2, operation=other)] == made[::-1]
    first = next(tracker.tasks(state=["queued", "submitted", "running"], operation=other))
    assert first.operation == other
    assert list(tracker.tasks(external_task_id="nobody's")) == []


def test_changes_go_on_behind_a_cursor(alone: Client) -> None:
    made = alone.submit(OPERATION, EXAMPLE)
    alone.wait(made.id, timeout_s=60)
    _with_its_file(alone, made.id)
    whole = list(alone.changes(follow=False))
    seqs = [change.seq for change in whole]
    assert seqs == sorted(set(seqs))
    assert [c.to_state for c in whole if c.task_id == made.id][-1] == "succeeded"
    assert list(alone.changes(whole[-1].cursor, follow=False)) == []
    again = list(alone.changes(whole[2].cursor, follow=False))
    assert {c.seq for c in again} >= set(seqs[3:])


def test_tasks_are_acted_on(tracker: Client) -> None:
    failed = tracker.submit(OPERATION, EXAMPLE | {"prompt": "[scenario:failed]"})
    assert tracker.wait(failed.id, timeout_s=60).state == "failed"
    again = tracker.resubmit(failed.id, idempotency_key="once")
    assert (again.resubmit_of, again.state) == (failed.id, "queued")
    assert tracker.resubmit(failed.id, idempotency_key="once").id == again.id
    tracker.wait(again.id, timeout_s=60)
    counted = tracker.resubmit_many(state="failed", operation=failed.operation)
    assert (counted.dry_run, counted.sample, counted.tasks) == (True, [again.id], [])
    taken = tracker.resubmit_many(
        include_resubmitted=True, created_before=again.created_at, dry_run=False
    )
    assert [source for _, source in taken.tasks] == [failed.id]
    with pytest.raises(Conflict, match="only an uncertain task"):
        tracker.resolve(failed.id, "give_up")
    assert tracker.refresh(failed.id).state == "failed"
    with pytest.raises(Conflict):
        tracker.cancel(failed.id)


def test_what_is_wrong_has_a_class_and_names_its_fields(tracker: Client) -> None:
    with pytest.raises(Invalid) as refused:
        tracker.submit(OPERATION, {"image_list": []})
    assert [path for path, _ in refused.value.fields] == ["input.image_list"]
    assert refused.value.request_id
    with pytest.raises(NotFound):
        tracker.get("../../healthz")
    tracker.submit(OPERATION, EXAMPLE, external_task_id="taken")
    with pytest.raises(Conflict):
        tracker.submit(OPERATION, EXAMPLE, external_task_id="taken")
    with pytest.raises(Invalid) as unknown:
        list(tracker.tasks(state="sideways"))
    assert unknown.value.status == 400


def test_a_wrong_key_is_said_to_be_wrong(service: tuple[str, str]) -> None:
    with Client(service[0], "trk_wrong") as client, pytest.raises(Unauthenticated):
        client.get("x")


@pytest.mark.anyio
async def test_the_same_in_asyncio(service: tuple[str, str]) -> None:
    async with AsyncClient(*service) as tracker:
        made = await tracker.submit(OPERATION, EXAMPLE, external_task_id="async")
        assert (await tracker.wait(made.id, timeout_s=60)).has_succeeded
        with Client(*service) as beside:
            _with_its_file(beside, made.id)
        done = await tracker.wait(made.id, timeout_s=60)
        assert [task async for task in tracker.tasks(external_task_id="async")] == [done]
        seen = [task async for task in tracker.watch(made.id)]
        assert [task.version for task in seen] == [done.version]
        changes = [change async for change in tracker.changes(follow=False)]
        assert made.id in {change.task_id for change in changes}
        assert await tracker.transitions(made.id)
        assert (await tracker.refresh(made.id)).has_succeeded
        with pytest.raises(Conflict):
            await tracker.cancel(made.id)
        with pytest.raises(Conflict):
            await tracker.resubmit(made.id)
        with pytest.raises(NotFound):
            await tracker.get("none")


Scripted = tuple[int, dict[str, str], Any]
GONE: Scripted = (0, {}, None)
"""The connection is cut instead of an answer."""


class _Script:
    """A server that answers as it is told, and keeps what it was asked."""

    def __init__(self, answers: Sequence[Scripted]) -> None:
        self.asked: list[tuple[str, str, dict[str, str]]] = []
        self._answers = list(answers)
        script = self

        class Handler(BaseHTTPRequestHandler):
            def _answer(self) -> None:
                self.rfile.read(int(self.headers.get("content-length", 0)))
                given = {name.lower(): value for name, value in self.headers.items()}
                script.asked.append((self.command, self.path, given))
                status, headers, body = script._answers.pop(0)
                if status == 0:
                    self.close_connection = True
                    return
                raw = body if isinstance(body, bytes) else json.dumps(body).encode()
                self.send_response(status)
                for name, value in {**headers, "content-length": str(len(raw))}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(raw)

            do_GET = do_POST = _answer  # noqa: N815 - as http.server names them

            def log_message(self, *_args: object) -> None:
                """Nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    @contextmanager
    def running(self) -> Iterator[Client]:
        thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        thread.start()
        try:
            with Client(self.url, timeout_s=60) as client:
                yield client
        finally:
            self._server.shutdown()
            self._server.server_close()
            thread.join(60)


@pytest.fixture
def task_json(tracker: Client) -> Any:
    return tracker.submit(OPERATION, SLOW).raw


def test_a_submit_without_an_answer_is_repeated_with_its_key(task_json: Any) -> None:
    script = _Script([GONE, (503, {"retry-after": "0"}, {}), (202, {}, task_json)])
    with script.running() as client:
        assert client.submit(OPERATION, EXAMPLE).id == task_json["id"]
    keys = {headers["idempotency-key"] for _, _, headers in script.asked}
    assert (len(script.asked), len(keys)) == (3, 1)


def test_two_submits_have_two_keys(task_json: Any) -> None:
    script = _Script([(202, {}, task_json)] * 2)
    with script.running() as client:
        for _ in range(2):
            client.submit(OPERATION, EXAMPLE)
    assert len({headers["idempotency-key"] for _, _, headers in script.asked}) == 2


@pytest.mark.parametrize(
    ("status", "error"), [(400, Invalid), (403, Forbidden), (418, Refused), (501, Unavailable)]
)
def test_what_a_repeat_cannot_help_is_not_repeated(status: int, error: type[Refused]) -> None:
    script = _Script([(status, {}, {"title": "no", "detail": "because"})])
    with script.running() as client, pytest.raises(error, match="because"):
        client.get("x")
    assert len(script.asked) == 1


def test_a_service_that_is_away_too_long_is_unreachable() -> None:
    with (
        Client(f"http://127.0.0.1:{free_port()}", tries=2) as client,
        pytest.raises(Unreachable) as away,
    ):
        client.get("x")
    assert not away.value.was_sent


@pytest.mark.parametrize("body", [b"<html>", b"[]", b"\xff", "a string"])
def test_an_answer_of_something_in_between_is_said_to_be_one(body: Any) -> None:
    script = _Script([(200, {}, body)])
    with script.running() as client, pytest.raises(Unreachable, match="is this a tracker"):
        client.get("x")


def test_a_feed_reader_goes_on_when_the_service_comes_back(
    sqlite_template: SqliteTemplate, tmp_path: Path
) -> None:
    url = sqlite_template.copy(tmp_path)
    env = build_environment(url, tmp_path, provider_url="http://127.0.0.1:9", public_url=None)
    seen: list[Change] = []
    port = free_port()

    def read() -> None:
        with Client(f"http://127.0.0.1:{port}", tries=1) as reader:
            seen.extend(islice(reader.changes(), 1))
            seen.extend(islice(reader.changes(seen[-1].cursor), 1))

    thread = threading.Thread(target=read, daemon=True)
    thread.start()
    for wanted in (1, 2):
        with (
            serve_service(env, listener=listen(port), workers=False) as address,
            Client(address) as writer,
        ):
            writer.submit(OPERATION, EXAMPLE)
            wait_until(lambda n=wanted: len(seen) >= n)  # type: ignore[misc]
    thread.join(PATIENCE_S)
    assert not thread.is_alive()
    assert [change.to_state for change in seen] == ["queued", "queued"]
    assert seen[0].seq < seen[1].seq


@pytest.mark.anyio
async def test_holds_are_made_listed_and_removed(service: tuple[str, str], tracker: Client) -> None:
    task = tracker.submit(OPERATION, EXAMPLE)
    first = tracker.hold("claim 17", task_id=task.id)
    async with AsyncClient(*service) as other:
        second = await other.hold("audit of 2026")
        assert (second.task_id, second.reason) == (None, "audit of 2026")
        assert [one async for one in other.holds(page_size=1)] == [second, first]
        await other.remove_hold(first.id)
    tracker.remove_hold(second.id)
    assert list(tracker.holds()) == []
    with pytest.raises(NotFound):
        tracker.remove_hold(first.id)
    with pytest.raises(Invalid, match="no such task"):
        tracker.hold("nobody's", task_id=first.id)
