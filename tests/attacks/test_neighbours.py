"""A provider that answers with a bomb, and a tenant who holds what others need."""

import gzip
import json
import select
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest

from tests.attacks.conftest import attacked, keep_up
from tests.support.databases import SqliteTemplate
from tests.support.keys import build_bearer, issue
from tests.support.raw import dial
from tests.support.requests import submit
from tests.support.upstream import Asked, Upstream, build_json_answer
from tests.support.waiting import wait_until

_MEMBER = gzip.compress(b"\0" * 1_000_000, mtime=0)
BOMB = gzip.compress(_MEMBER * 3000, mtime=0)
"""3 GB, packed twice."""


def _bomb(asked: Asked) -> Iterator[bytes]:
    """Accept whatever is created, and answer each query with a bomb."""
    b"".join(asked.body)
    if asked.line.startswith("POST"):
        made = {"task_id": f"t{id(asked)}", "task_status": "submitted"}
        yield build_json_answer(json.dumps({"code": 0, "message": "ok", "data": made}).encode())
        return
    yield build_json_answer(BOMB).replace(
        b"\r\n\r\n", b"\r\ncontent-encoding: gzip, gzip\r\n\r\n", 1
    )


@pytest.fixture
def folder(tmp_path: Path, sqlite_template: SqliteTemplate) -> Path:
    sqlite_template.copy(tmp_path)
    return tmp_path


def test_answers_that_are_packed_bombs(folder: Path) -> None:
    assert len(BOMB) < 20_000
    with (
        Upstream(_bomb) as upstream,
        attacked(
            f"sqlite:///{folder}/tracker.db", folder, provider_url=upstream.url, public_url=None
        ) as site,
    ):

        def polls() -> int:
            return sum(one.line.startswith("GET") for one in upstream.asked)

        with site.held_to_figures():
            keep_up(lambda: None, pause_s=0.1)
            wait_until(lambda: polls() > 10)


def test_uploads_of_a_tenant_that_drip(folder: Path) -> None:
    database_url = f"sqlite:///{folder}/tracker.db"
    head = (
        "POST /kling/v1/general/advanced-custom-elements HTTP/1.1\r\nhost: x\r\n"
        "content-type: application/json\r\ncontent-length: 1000000\r\n"
    )
    with (
        Upstream(_bomb) as upstream,
        attacked(database_url, folder, provider_url=upstream.url) as site,
        ExitStack() as stack,
    ):
        ((_, value),) = build_bearer(issue(database_url, tenant="dripping")).items()
        lines = [stack.enter_context(dial(site.url)) for _ in range(70)]
        for line in lines:
            line.sendall(f"{head}authorization: {value}\r\n\r\n{{".encode())

        def drip() -> None:
            for line in lines:
                with suppress(OSError):
                    line.send(b" ")

        with site.held_to_figures():
            keep_up(drip, pause_s=0.5)
            with site.client(site.writer) as http:
                task = submit(http)["id"]
                path = f"/v1/tasks/{task}"
                wait_until(lambda: http.get(path).json()["state"] == "submitted")
            # Uploads that drip hold their connections for a minute; nobody else waits for that.
            ended, _, _ = select.select(lines, [], [], 0)
            assert ended == []
