"""The page of one task without a browser: what it says, and the bytes that prove it."""

import json
import re
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from html import unescape
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy import select, update

from tests.support.requests import EXAMPLE, build_kling_callback, find_callback_path, submit
from tests.web.conftest import Shared
from tracker.clock import make_id
from tracker.store import deliveries as owed
from tracker.store.deliveries import NewDelivery
from tracker.store.driver.engine import open_engine
from tracker.store.schema import deliveries, jobs, receipts, tasks, transitions
from tracker.web.ui.one_task import curl
from tracker.web.ui.one_task.bodies import format_json, show_body
from tracker.web.ui.task import MOST_PIECES, UNFOLDED

EXACT = "1234567890123456789012345678901234567890"
HOSTILE = '<script>alert(1)</script><img src=x hx-get="/ui"> \u202e {"a":1} javascript:x'


NEWEST = "only the newest 200 each are shown"


@pytest.fixture(scope="module")
def http(shared_idle: Shared) -> Iterator[httpx.Client]:
    with shared_idle.client() as client:
        yield client


@pytest.fixture(scope="module")
def ended(http: httpx.Client) -> dict[str, Any]:
    """A task whose callbacks brought hostile words and a number of forty digits."""
    task = submit(http, external_task_id="ended", metadata={"note": HOSTILE})
    path = find_callback_path(task["id"])
    body = build_kling_callback("processing", task_status_msg=HOSTILE)
    body = body[:-1] + f', "exact": {EXACT}, "twice": 1, "twice": 2.50}}'.encode()
    for said in (body, body, build_kling_callback("succeed")):
        assert http.post(path, content=said).status_code == 200
    found: dict[str, Any] = http.get(f"/v1/tasks/{task['id']}").json()
    return found


def page_of(http: httpx.Client, task: dict[str, Any]) -> str:
    """Return the page of a task."""
    answer = http.get(f"/ui/tasks/{task['id']}")
    assert answer.status_code == 200, answer.text
    return answer.text


def test_history_leads_to_the_bytes_that_prove_it(
    http: httpx.Client, ended: dict[str, Any]
) -> None:
    page = page_of(http, ended)
    receipts = http.get(f"/v1/tasks/{ended['id']}/receipts").json()["receipts"]
    for step in http.get(f"/v1/tasks/{ended['id']}/transitions").json()["transitions"]:
        assert f'id="v{step["version"]}"' in page
        if step["evidence"]:
            assert f'href="#r{step["evidence"]["id"]}"' in page
    for receipt in receipts:
        assert f'id="r{receipt["id"]}"' in page
        got = http.get(f"/ui/tasks/{ended['id']}/receipts/{receipt['id']}")
        assert got.content == receipt["body"].encode()
        assert got.headers["content-type"] == "application/octet-stream"
        assert got.headers["content-disposition"].startswith("attachment")
        assert "sandbox" in got.headers["content-security-policy"]
    assert "It succeeded" in page
    assert "duplicate" in page


def test_hostile_words_are_text_and_numbers_are_exact(
    http: httpx.Client, ended: dict[str, Any]
) -> None:
    page = page_of(http, ended)
    assert "<script>alert" not in page
    assert "<img" not in page
    assert "\u202e" not in page
    assert "\\u202E" in page
    assert f"&#34;exact&#34;: {EXACT}" in page
    assert page.count("&#34;twice&#34;: 2.50") >= 1


def test_the_download_has_everything(http: httpx.Client, ended: dict[str, Any]) -> None:
    answer = http.get(f"/ui/tasks/{ended['id']}/everything.json")
    whole = json.loads(answer.content)
    assert whole["task"] == http.get(f"/v1/tasks/{ended['id']}").json()
    assert whole["input"] == http.get(f"/v1/tasks/{ended['id']}/input").json()
    for part in ("transitions", "receipts", "attempts", "deliveries"):
        assert whole[part] == http.get(f"/v1/tasks/{ended['id']}/{part}").json()[part]
    sent = http.get(f"/ui/tasks/{ended['id']}/input")
    assert sent.content == http.get(f"/v1/tasks/{ended['id']}/input").content


def _why(http: httpx.Client, task: dict[str, Any]) -> str:
    """Return the sentence that says why a task is where it is."""
    (why,) = re.findall(r'<p class="why">(.*?)</p>', page_of(http, task), re.DOTALL)
    return " ".join(re.sub(r"<[^>]+>", "", why).split())


def test_of_a_long_history_the_newest_is_shown_and_where_it_came_from(
    http: httpx.Client, shared_idle: Shared
) -> None:
    task = submit(http, external_task_id="long")
    assert (
        http.post(
            find_callback_path(task["id"]), content=build_kling_callback("succeed", task_id="long")
        ).status_code
        == 200
    )
    page = page_of(http, task)
    assert NEWEST not in page
    version = int(http.get(f"/v1/tasks/{task['id']}").json()["version"])
    engine = open_engine(shared_idle.database_url)
    with engine.begin() as db:
        key = db.scalar(select(tasks.c.key).where(tasks.c.id == UUID(task["id"])))
        body, now = make_id(), datetime.now(UTC)
        owed.insert_bodies(db, [(body, "t", b"{}")])
        told = NewDelivery(make_id(), "t", "task.news", body, "a", now, url="u", task_key=key)
        owed.insert_many(db, [told])
        for table, changed, unique in (
            (transitions, {"kind": "news", "from_state": "succeeded"}, ("seq", "version")),
            (receipts, {"verdict": "conflict"}, ("key", "fingerprint")),
            (deliveries, {}, ("key", "id")),
        ):
            found = select(table).where(table.c.task_key == key)
            one = dict(db.execute(found.order_by(table.c[unique[0]].desc())).mappings().all()[0])
            rows = [{**one, **changed, **_unlike(unique, one, n)} for n in range(1, 206)]
            db.execute(table.insert(), rows)
        db.execute(update(tasks).where(tasks.c.key == key).values(version=version + 205))
    engine.dispose()
    page = page_of(http, task)
    assert NEWEST in page
    for kind, most in (("step", 200 + version), ("receipt", 200), ("delivery", 200)):
        assert 190 < page.count(f'<tr class="{kind}"') <= most, kind
    assert 'id="v1"' in page
    assert f'id="v{version + 205}"' in page
    saved = http.get(f"/ui/tasks/{task['id']}/everything.json").json()
    assert len(saved["transitions"]) == version + 205
    assert min(len(saved["receipts"]), len(saved["deliveries"])) > 205


def _unlike(unique: tuple[str, str], one: dict[str, Any], number: int) -> dict[str, Any]:
    """Return what tells a copy of a row from it: its key, and another unique field."""
    key, other = unique
    value = one[other]
    if isinstance(value, int):
        changed: Any = value + number
    else:
        changed = make_id() if isinstance(value, UUID) else make_id().bytes
    return {key: one[key] + 10_000 + number, other: changed}


def test_of_thousands_of_pieces_the_first_are_shown(
    shared_idle: Shared, http: httpx.Client
) -> None:
    task = submit(http, external_task_id="pieces")
    said = build_kling_callback("succeed", task_id="pieces")
    assert http.post(find_callback_path(task["id"]), content=said).status_code == 200
    engine = open_engine(shared_idle.database_url)
    with engine.begin() as db:
        own = tasks.c.id == UUID(task["id"])
        (piece,) = db.scalars(select(tasks.c.artifacts).where(own)).one()
        many = [{**piece, "id": str(number)} for number in range(MOST_PIECES + 1)]
        db.execute(update(tasks).where(own).values(artifacts=many))
    engine.dispose()
    page = page_of(http, task)
    assert "The first 200 of 201 pieces are shown" in page
    assert page.count("Open at the provider") == MOST_PIECES
    assert f"<summary>{MOST_PIECES - UNFOLDED} more</summary>" in page
    everything = http.get(f"/ui/tasks/{task['id']}/everything.json").json()
    assert len(everything["task"]["result"]["artifacts"]) == MOST_PIECES + 1


def test_an_open_task_says_what_comes_next(http: httpx.Client) -> None:
    task = submit(http, external_task_id="waits")
    told = _why(http, task)
    assert re.search(r"It is accepted and waits to be sent \([^)]+\)\. Next try: [-\d]+", told)
    told = http.get(f"/ui/tasks/{task['id']}", headers={"accept-language": "zh"}).text
    assert "下次尝试：" in told


def test_a_stuck_task_says_what_came_since_and_that_no_worker_takes_its_work(
    shared_idle: Shared, http: httpx.Client
) -> None:
    task = submit(http, external_task_id="stuck")
    for word in ("processing", "marinating"):
        said = build_kling_callback(word, task_id="stuck")
        assert http.post(find_callback_path(task["id"]), content=said).status_code == 200
    assert re.search(
        r"The provider works on it \(r\d+, [^)]+\)\. Since then something came that moved nothing"
        r" \(unknown status\): .*marinating.* \(r\d+\)\. Callbacks are expected; next look: [-\d]+",
        _why(http, task),
    )
    engine = open_engine(shared_idle.database_url)
    with engine.begin() as db:
        key = select(tasks.c.key).where(tasks.c.id == UUID(task["id"])).scalar_subquery()
        due = update(jobs).where(jobs.c.task_key == key)
        db.execute(due.values(run_at=datetime.now(UTC) - timedelta(hours=1)))
    engine.dispose()
    assert "No worker has taken the work that was due at" in _why(http, task)


def test_parents_children_and_repeats_lead_to_each_other(http: httpx.Client) -> None:
    first = submit(http, external_task_id="first")
    again = http.post(f"/v1/tasks/{first['id']}/resubmit")
    assert again.status_code == 409  # it has not ended
    path = find_callback_path(first["id"])
    assert (
        http.post(path, content=build_kling_callback("failed", task_id="77001")).status_code == 200
    )
    second = http.post(f"/v1/tasks/{first['id']}/resubmit").json()
    assert f'href="/ui/tasks/{second["id"]}"' in page_of(http, first)
    assert f'href="/ui/tasks/{first["id"]}"' in page_of(http, second)


@pytest.mark.parametrize("path", ["", "/everything.json", "/input", "/receipts/1"])
def test_another_tenants_task_is_gone(
    shared_idle: Shared, ended: dict[str, Any], path: str
) -> None:
    with shared_idle.client() as other:
        answer = other.get(f"/ui/tasks/{ended['id']}{path}")
        assert answer.status_code == 404
        assert "ended" not in answer.text


@pytest.mark.parametrize("name", ["its id", "no id"])
def test_nothing_is_told_live_of_a_task_that_is_not_ones_own(
    shared_idle: Shared, ended: dict[str, Any], name: str
) -> None:
    asked = {"task": ended["id"] if name == "its id" else name, "once": "1", "after": "now"}
    with shared_idle.client() as other:
        assert other.get("/ui/live", params=asked).status_code == 404


def test_bodies_that_are_no_text_are_shown_in_hex_and_cut() -> None:
    odd = show_body(b"\xff\x00ABC" * 2000)
    assert odd.raw is None
    assert odd.hex is not None
    assert odd.hex.startswith("00000000  ff 00 41 42 43")
    large = show_body(b'{"a": "' + "的".encode() * 400_000 + b'"}')
    assert (large.is_cut, large.pretty) == (True, None)
    assert large.raw is not None
    assert len(large.raw.encode()) <= 65536
    assert large.raw.endswith("的")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (
            "[1e400, -0.0, 12345678901234567890.10]",
            "[\n  1e400,\n  -0.0,\n  12345678901234567890.10\n]",
        ),
        ('{"a": {}, "b": []}', '{\n  "a": {},\n  "b": []\n}'),
        ("[" * 10_000 + "]" * 10_000, None),
        ("not json", None),
        ('{"a": NaN}', '{\n  "a": NaN\n}'),
    ],
)
def test_pretty_json_has_its_numbers_as_they_were_spelt(text: str, shown: str | None) -> None:
    assert format_json(text) == shown


class _Sink(BaseHTTPRequestHandler):
    taken: list[tuple[dict[str, str], bytes]]

    def do_POST(self) -> None:
        length = int(self.headers["content-length"])
        self.taken.append((dict(self.headers), self.rfile.read(length)))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_args: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def sink() -> Iterator[tuple[str, list[tuple[dict[str, str], bytes]]]]:
    """A server that keeps what it is sent; its URL, and what it took."""
    _Sink.taken = []
    with HTTPServer(("127.0.0.1", 0), _Sink) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/a[1]{{b}}", _Sink.taken
        server.shutdown()
        thread.join()


@pytest.mark.parametrize(
    "body",
    [
        bytes(range(256)) * 3,
        "好 'quoted' \"$HOME\" `id` \\n %s %% @/etc/passwd\n".encode(),
        b"@/etc/passwd",
        b"",
        b"0123" + b"\x001\x0022\x07" + b"\r\n" * 3,
    ],
    ids=["every byte", "quotes", "at sign", "empty", "digits after octal"],
)
def test_a_copied_command_sends_the_same_bytes(
    sink: tuple[str, list[tuple[dict[str, str], bytes]]], body: bytes
) -> None:
    url, taken = sink
    headers = {"content-type": "application/json; x='1'", "x-signature": "a$b`c`\"d\" 'e'"}
    command = curl.build_sending(headers | {"host": "elsewhere", "content-length": "1"}, body)
    env = {"URL": url, "PATH": "/usr/local/bin:/usr/bin:/bin"}
    subprocess.run(["sh", "-c", command], env=env, check=True, timeout=300)
    sent, got = taken[-1]
    assert got == body
    assert {name: sent[name] for name in ("content-type", "x-signature")} == headers
    assert sent["Host"].startswith("127.0.0.1")


def test_the_page_carries_the_task_as_the_api_shows_it_and_leads_to_the_playground(
    http: httpx.Client, ended: dict[str, Any]
) -> None:
    page = page_of(http, ended)
    copied = re.search(r'<textarea id="copy-json"[^>]*>(.*?)</textarea>', page, re.DOTALL)
    assert copied
    assert json.loads(unescape(copied[1])) == http.get(f"/v1/tasks/{ended['id']}").json()
    (led,) = re.findall(r'href="(/ui/try\?from=[^"]+)"', page)
    assert EXAMPLE["prompt"] in http.get(led).text
