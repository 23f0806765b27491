"""A provider that the registry alone knows, in a whole running service, from submit to resolve."""

import json
from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support.keys import build_bearer, issue
from tests.support.made_up import NAME, MadeUp, make_made_up
from tests.support.made_up_server import SECRET, MadeUpServer
from tests.support.raw import answer_of, build_request, dial
from tests.support.service import serve_whole
from tests.support.sink import Sink
from tests.support.waiting import wait_until
from tracker.providers.ports.adapter import Finds
from tracker.providers.registry import PROVIDERS

PIECE = {"key": "1", "url": "https://media.example/v.mp4"}


@dataclass
class Whole:
    """A service with web and workers, its provider, and a receiver of callers' callbacks."""

    http: httpx.Client
    provider: MadeUpServer
    sink: Sink

    def make(self, operation: str = "film", **fields: Any) -> dict[str, Any]:
        """Create a task through the front."""
        body = {"prompt": "rain"} | fields
        answer = self.http.post(f"/made-up/make/{operation}", json=body)
        assert answer.status_code == 201, answer.text
        made: dict[str, Any] = answer.json()
        return made

    def shown(self, id_: str, **asked: Any) -> dict[str, Any]:
        """Return what the front shows of a task."""
        answer = self.http.get(f"/made-up/tasks/{id_}", params=asked)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def reaches(self, id_: str, state: str) -> None:
        """Wait until the front shows a state."""
        wait_until(lambda: self.shown(id_)["state"] == state)


@pytest.fixture(params=[Finds.BY_ID, Finds.NEVER], ids=lambda how: how.value)
def how(request: pytest.FixtureRequest) -> Finds:
    found: Finds = request.param
    return found


@pytest.fixture
def whole(how: Finds, database_url: str, tmp_path: Path) -> Iterator[Whole]:
    with ExitStack() as stack:
        provider = stack.enter_context(MadeUpServer(SECRET))
        sink = stack.enter_context(Sink())
        providers = {**PROVIDERS, NAME: make_made_up(MadeUp(how))}
        http = stack.enter_context(
            serve_whole(
                database_url,
                tmp_path,
                "http://127.0.0.1:9",
                providers,
                **provider.settings,
                TRACKER_FRONT_HOSTS=f"{NAME}=made-up.example",
            )
        )
        yield Whole(http, provider, sink)


def test_from_submit_over_news_and_verdict_to_cancel_and_resolve(whole: Whole, how: Finds) -> None:
    _ends_by_callbacks(whole)
    _is_cancelled(whole)
    _is_settled(whole, how)
    _comes_in_parts_and_goes_on(whole)
    assert set(whole.provider.creations.values()) == {1}


def _ends_by_callbacks(whole: Whole) -> None:
    made = whole.make(callback_url=whole.sink.url)
    id_ = made["id"]
    assert (made["state"], made["prompt"]) == ("queued", "rain")
    whole.reaches(id_, "submitted")
    theirs = whole.provider.find_marked(id_).said["id"]
    for name in (id_, made["number"]):  # clients of some fronts take decimal names alone
        facts = whole.http.get(f"/made-up/tasks/{name}/facts")
        assert (facts.status_code, facts.json()) == (200, {"about": theirs})
        assert whole.shown(name)["id"] == id_
    assert whole.http.get("/made-up/tasks/1234567890123456/facts").status_code == 404
    early = whole.http.get(f"/made-up/tasks/{id_}/file")
    assert (early.status_code, early.json()["no"]) == (409, "conflict")
    challenged = whole.provider.call_back(id_, {"challenge": "prove it"})
    assert (challenged.status_code, challenged.text) == (200, "prove it")
    assert whole.provider.call_back(id_, status="running", stage="sketch").status_code == 200
    assert (whole.shown(id_)["state"], whole.shown(id_)["stage"]) == ("running", "sketch")
    told = whole.provider.call_back(id_, status="running", stage="colour", ack="thanks")
    assert (told.status_code, told.text) == (202, "thanks")
    assert whole.provider.call_back(id_, status="succeeded", pieces=[PIECE]).status_code == 202
    done = whole.shown(id_, wait=60)
    assert (done["state"], done["urls"]) == ("succeeded", [PIECE["url"]])
    file = whole.http.get(f"/made-up/tasks/{id_}/file")
    assert (file.status_code, file.headers["location"]) == (302, PIECE["url"])
    changes = whole.http.get(f"/v1/tasks/{id_}/transitions").json()["transitions"]
    assert [step["to"] for step in changes] == [
        *("queued", "submitted"),
        *("running", "running"),  # the second is news
        "succeeded",
    ]
    wait_until(lambda: len(whole.sink.received) == 4)
    steps = sorted((one.parse_json() for one in whole.sink.received), key=lambda said: said["step"])
    assert [said["state"] for said in steps] == ["submitted", "running", "running", "succeeded"]


def _is_cancelled(whole: Whole) -> None:
    id_ = whole.make()["id"]
    whole.reaches(id_, "submitted")
    assert whole.http.post(f"/made-up/tasks/{id_}/cancel").status_code == 200
    whole.reaches(id_, "cancelled")


def _is_settled(whole: Whole, how: Finds) -> None:
    """A create whose answer is lost: found by our id, or told by a person."""
    id_ = whole.make(plan={"lose": True, "parts": 2})["id"]
    if how is Finds.BY_ID:
        whole.reaches(id_, "submitted")
        wait_until(lambda: len(_parts(whole, id_)) == 2)
        return
    whole.reaches(id_, "uncertain")
    attention = whole.http.get("/v1/attention").text
    assert id_ in attention
    said = {"verb": "exists", "provider_task_id": whole.provider.find_marked(id_).said["id"]}
    answer = whole.http.post(f"/v1/tasks/{id_}/resolve", json=said)
    assert answer.status_code == 200, answer.text
    whole.reaches(id_, "submitted")
    assert whole.provider.call_back(id_, status="failed", why="no").status_code == 200
    whole.reaches(id_, "failed")


def _comes_in_parts_and_goes_on(whole: Whole) -> None:
    """One create makes three tasks; another continues the first and is answered with its result."""
    first = whole.make("draw", plan={"parts": 2})["id"]
    whole.reaches(first, "submitted")
    wait_until(lambda: len(_parts(whole, first)) == 2)
    done = {"status": "succeeded", "pieces": [PIECE]}
    second = whole.make("draw", parent=first, plan={"said": done})["id"]
    whole.reaches(second, "succeeded")
    assert whole.provider.find_marked(second).parent == whole.provider.find_marked(first).said["id"]
    page = whole.http.get("/made-up/tasks").json()
    assert second in [task["id"] for task in page["tasks"]]


def _parts(whole: Whole, id_: str) -> list[Any]:
    tasks = whole.http.get("/v1/tasks", params={"limit": 100}).json()["tasks"]
    return [task for task in tasks if task["parent_id"] == id_]


def test_held_create_whose_client_left_is_repeated_and_made_once(whole: Whole) -> None:
    body = json.dumps({"prompt": "held", "callback_url": whole.sink.url}).encode()
    path, kind = "/made-up/make/film?wait=60", "content-type: application/json"
    local = (b"host: x", b"host: localhost")
    with closing(dial(str(whole.http.base_url))) as line:
        line.sendall(build_request(path, body, kind).replace(*local))
        wait_until(lambda: len(whole.provider.creations) == 1)  # sent on, and not answered
    with closing(dial(str(whole.http.base_url))) as line:
        line.sendall(build_request(path, body, kind).replace(*local))
        (mark,) = whole.provider.creations
        whole.reaches(mark, "submitted")
        whole.provider.call_back(mark, status="succeeded", pieces=[PIECE])
        status, _, content = answer_of(line)
    assert (status, json.loads(content)["id"]) == (201, mark)
    assert json.loads(content)["state"] == "succeeded"
    with closing(dial(str(whole.http.base_url))) as line:  # deliberate: the first was answered
        line.sendall(build_request(path, body, kind).replace(*local))
        wait_until(lambda: len(whole.provider.creations) == 2)
    assert set(whole.provider.creations.values()) == {1}


def test_host_name_of_the_front(whole: Whole, database_url: str) -> None:
    id_ = whole.make()["id"]
    key = build_bearer(
        issue(database_url)
    )  # other names than this machine's are not served without
    named = {"host": "Made-Up.example:443"} | key
    answer = whole.http.get(f"/tasks/{id_}", headers=named)
    assert (answer.status_code, answer.json()["id"]) == (200, id_)
    unknown = whole.http.get("/v1/tasks", headers=named)
    assert (unknown.status_code, unknown.json()["no"]) == (404, "no_route")
    assert whole.http.get(f"/tasks/{id_}", headers=key).status_code == 404
