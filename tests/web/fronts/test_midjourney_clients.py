"""Clients of Midjourney proxies against the front, with an emulated proxy behind it."""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.clients.cutting import creates, first_create
from tests.support.databases import SqliteTemplate
from tests.support.keys import issue
from tests.support.proxy import Proxy
from tests.support.service import serve_whole
from tests.support.sink import Sink
from tests.support.waiting import wait_until
from tests.web.fronts.midjourney_clients import PICTURE, ChatBackend, Dooy, Gateway, Licoy
from tracker.emulator import DEFAULT_KEY, EmulatorConfig
from tracker.emulator import EmulatorServer as Emulator


@dataclass
class Fronted:
    """The service, with a proxy behind it.

    http: a client without a key.
    """

    http: httpx.Client
    key: str
    database_url: str
    provider: str

    def scene(self, scenario: str) -> None:
        """Have the proxy play a scenario from now on."""
        played = {"scenario": scenario, "provider": "midjourney"}
        url = f"{self.provider}/emulator/scenario"
        httpx.put(url, json=played, trust_env=False, timeout=60).raise_for_status()

    def made(self) -> int:
        """Return how many tasks the proxy has made."""
        found = httpx.get(f"{self.provider}/emulator/tasks", trust_env=False, timeout=60)
        return len(found.json())


@pytest.fixture(scope="module")
def started(
    sqlite_template: SqliteTemplate, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Fronted]:
    folder: Path = tmp_path_factory.mktemp("midjourney")
    database_url = sqlite_template.copy(folder)
    with ExitStack() as stack:
        emulator = stack.enter_context(Emulator(EmulatorConfig(step_seconds=0.1, max_slots=100)))
        http = stack.enter_context(
            serve_whole(
                database_url,
                folder,
                emulator.url,
                TRACKER_MIDJOURNEY_BASE_URL=f"{emulator.url}/midjourney/trueai/mj",
                TRACKER_MIDJOURNEY_API_KEY=DEFAULT_KEY,
                TRACKER_MIDJOURNEY_PROFILE="trueai",
                TRACKER_POLL_QUIET_S="0.3",
            )
        )
        yield Fronted(http, issue(database_url).secret, database_url, emulator.url)


@pytest.fixture
def fronted(started: Fronted) -> Fronted:
    started.scene("ok")
    return started


def test_a_browsers_client_draws_presses_a_button_and_lists(fronted: Fronted) -> None:
    client = Dooy(fronted.http, fronted.key)
    id_ = client.submit("imagine", prompt="a cat", botType="MID_JOURNEY")
    done = client.ended(id_)
    assert (done["id"], done["status"], done["failReason"]) == (id_, "SUCCESS", "")
    assert done["imageUrl"].startswith("http")
    assert done["prompt"] == "a cat"
    button = next(one for one in done["buttons"] if one["label"] == "U2")
    upscaled = client.submit("action", taskId=id_, customId=button["customId"])
    assert client.ended(upscaled)["action"] == "UPSCALE"
    found = client.listed([id_, upscaled, "1234567890123456"])
    assert [one["id"] for one in found] == [id_, upscaled]
    assert client.listed([]) == []


def test_a_window_is_answered_by_the_client(fronted: Fronted) -> None:
    client = Dooy(fronted.http, fronted.key)
    upscaled = client.submit("imagine", prompt="a cat")
    client.ended(upscaled)
    upscaled = client.submit("change", taskId=upscaled, action="UPSCALE", index=1)
    done = client.ended(upscaled)
    zoom = next(one for one in done["buttons"] if one["label"] == "Custom Zoom")
    id_ = client.submit("action", taskId=upscaled, customId=zoom["customId"])
    assert client.ended(id_)["status"] == "SUCCESS"


def test_a_window_is_seen_in_a_poll_and_answered_once(fronted: Fronted) -> None:
    fronted.scene("modal")
    done = Licoy(fronted.http, fronted.key).imagine("a cat")
    assert (done["status"], done["modals"]) == ("SUCCESS", 1)


def test_the_bare_key_is_taken_and_a_failure_ends_the_polls(fronted: Fronted) -> None:
    client = Licoy(fronted.http, fronted.key)
    assert client.imagine("a cat")["status"] == "SUCCESS"
    fronted.scene("failed")
    failed = client.imagine("a dog")
    assert failed["status"] == "FAILURE"
    assert failed["failReason"]
    with pytest.raises(ValueError, match="there is no such task"):
        client.ended("1234567890123456")


def test_a_backend_reads_the_prompt_that_was_sent(fronted: Fronted) -> None:
    before = fronted.made()
    client = ChatBackend(fronted.http, fronted.key)
    assert client.imagine("a fox")["prompt"] == "a fox --v 6"
    assert (client.tries, fronted.made() - before) == (1, 1)


def test_a_backend_that_repeats_a_lost_submit_gets_the_first_task(fronted: Fronted) -> None:
    before = fronted.made()
    base = str(fronted.http.base_url)
    with (
        Proxy(base, choose=first_create()) as proxy,
        httpx.Client(base_url=proxy.url, trust_env=False, timeout=60) as http,
    ):
        client = ChatBackend(http, fronted.key)
        assert client.imagine("a lost fox")["url"]
        assert creates(proxy.exchanges) == ["lost", "answered"]
    assert (client.tries, fronted.made() - before) == (2, 1)


def test_a_gateway_polls_many_at_once(fronted: Fronted) -> None:
    gateway = Gateway(fronted.http, fronted.key)
    ids = [gateway.submit(f"a cat {n}") for n in range(5)]
    wait_until(lambda: {one["status"] for one in gateway.polled(ids).values()} == {"SUCCESS"})
    assert set(gateway.polled([*ids, "x", "0"])) == set(ids)


def test_large_inputs_are_shown_alone_and_not_in_lists(fronted: Fronted) -> None:
    client = Dooy(fronted.http, fronted.key)
    picture = PICTURE + "A" * 200_000
    large = client.submit("imagine", prompt="large", state="big", base64Array=[picture])
    small = client.submit("imagine", prompt="small", state="tiny")
    shown = client.fetch("GET", f"/task/{large}/fetch")
    assert (shown["prompt"], shown["state"]) == ("large", "big")
    listed = client.listed([large, small])
    assert [(one["id"], one["state"]) for one in listed] == [(large, ""), (small, "tiny")]


@pytest.mark.parametrize("base", ["/mj-fast/mj", "/mj-turbo/mj", "/relax/mj"])
def test_a_mode_is_a_prefix_and_reaches_the_proxy(fronted: Fronted, base: str) -> None:
    client = Dooy(fronted.http, fronted.key, base=base)
    assert client.ended(client.submit("imagine", prompt="a cat"))["status"] == "SUCCESS"
    url = f"{fronted.provider}/emulator/requests"
    paths = [one["path"] for one in httpx.get(url, trust_env=False, timeout=60).json()]
    mode = base.split("/")[1].removeprefix("mj-")
    assert any(f"/mj-{mode}/mj/submit/imagine" in path for path in paths)


def test_every_submit_is_served(fronted: Fronted) -> None:
    client = Dooy(fronted.http, fronted.key)
    bodies: dict[str, dict[str, Any]] = {
        "blend": {"base64Array": [PICTURE, PICTURE], "dimensions": "SQUARE"},
        "describe": {"base64": PICTURE},
        "shorten": {"prompt": "a long cat"},
        "edits": {"prompt": "a hat", "image": PICTURE},
        "video": {"prompt": "it walks", "motion": "low"},
    }
    ends = {path: client.ended(client.submit(path, **body)) for path, body in bodies.items()}
    assert {end["status"] for end in ends.values()} == {"SUCCESS"}
    assert ends["describe"]["properties"]["finalPrompt"]
    assert "/input.png" in ends["describe"]["imageUrl"]
    assert len(ends["video"]["videoUrls"]) == 4
    swap = {"sourceBase64": PICTURE, "targetBase64": PICTURE}
    said = client.fetch("POST", "/insight-face/swap", swap)
    assert client.ended(said["result"])["action"] == "SWAP_FACE"
    parent = client.submit("imagine", prompt="a cat")
    client.ended(parent)
    assert client.ended(client.submit("simple-change", content=f"{parent} V2"))["status"] == (
        "SUCCESS"
    )


def test_a_button_that_makes_four_tasks_names_them_all(fronted: Fronted) -> None:
    client = Dooy(fronted.http, fronted.key)
    described = client.submit("describe", base64=PICTURE)
    client.ended(described)
    made = client.submit("action", taskId=described, customId="MJ::Job::PicReader::all").split(",")
    assert len(set(made)) == 4
    assert {client.ended(one)["status"] for one in made} == {"SUCCESS"}


def test_mistakes_are_told_in_both_ways_and_never_as_null(fronted: Fronted) -> None:
    key = {"mj-api-secret": fronted.key}
    calls = [
        ("POST", "/mj/submit/imagine", {}, key, 400),
        ("POST", "/mj/submit/change", {"taskId": "1", "action": "REROLL"}, key, 400),
        ("GET", "/mj/task/1234567890123456/fetch", None, key, 400),
        ("GET", "/mj/task/nobody/fetch", None, key, 400),
        ("GET", "/mj/task", None, key, 404),
        ("PUT", "/mj/submit/imagine", {"prompt": "x"}, key, 405),
        ("GET", "/mj/task/1/fetch", None, {"mj-api-secret": "wrong"}, 401),
        ("GET", "/mj/task/1/fetch", None, {}, 401),
    ]
    for method, path, body, headers, status in calls:
        answer = fronted.http.request(method, path, json=body, headers=headers)
        assert answer.status_code == status, (path, answer.text)
        assert answer.headers["content-type"].startswith("application/json")
        said = answer.json()
        assert said["description"] == said["error"]["message"]
        assert isinstance(said["code"], int)


def test_a_caller_hears_of_each_status_and_percent_with_its_own_state(fronted: Fronted) -> None:
    with Sink() as sink:
        body = {"prompt": "a cat", "state": "order-42", "notifyHook": f"{sink.url}/hook"}
        headers = {"authorization": f"Bearer {fronted.key}"}
        made = fronted.http.post("/mj/submit/imagine", json=body, headers=headers).json()

        def bodies() -> list[Any]:
            return [one.parse_json() for one in list(sink.received)]

        wait_until(lambda: "SUCCESS" in [one["status"] for one in bodies()])
        told = bodies()
    assert {one["id"] for one in told} == {made["result"]}
    assert {one["state"] for one in told} == {"order-42"}
    assert {one["properties"]["notifyHook"] for one in told} == {body["notifyHook"]}
    percents = {one["progress"] for one in told if one["status"] == "IN_PROGRESS"}
    assert len(percents) >= 3
    shown = fronted.http.get(f"/mj/task/{made['result']}/fetch", headers=headers).json()
    assert shown["state"] == "order-42"


def test_a_cancel_and_a_picture_are_served(fronted: Fronted) -> None:
    client = Dooy(fronted.http, fronted.key)
    fronted.scene("hold")
    id_ = client.submit("imagine", prompt="a cat")
    client.fetch("POST", f"/task/{id_}/cancel")
    done = client.ended(id_)
    assert (done["status"], done["failReason"]) == ("FAILURE", "取消任务")
    fronted.scene("ok")
    id_ = client.submit("imagine", prompt="a cat")
    done = client.ended(id_)
    answer = fronted.http.get(f"/mj/image/{id_}", headers={"mj-api-secret": fronted.key})
    assert (answer.status_code, answer.headers["location"]) == (302, done["imageUrl"])


def test_what_makes_no_task_is_passed_on(fronted: Fronted) -> None:
    client = Dooy(fronted.http, fronted.key)
    before = fronted.made()
    pictures = {"base64Array": [PICTURE, PICTURE]}
    uploaded = client.fetch("POST", "/submit/upload-discord-images", pictures)
    assert (uploaded["code"], len(uploaded["result"])) == (1, 2)
    assert fronted.made() == before
    id_ = client.submit("imagine", prompt="a cat")
    client.ended(id_)
    seed = client.fetch("GET", f"/task/{id_}/image-seed")
    assert (seed["code"], seed["result"].isdigit()) == (1, True)
    theirs = Dooy(fronted.http, issue(fronted.database_url, tenant="other").secret)
    with pytest.raises(ValueError, match="there is no such task"):
        theirs.fetch("GET", f"/task/{id_}/image-seed")


def test_a_task_of_another_tenant_is_none(fronted: Fronted) -> None:
    mine = Dooy(fronted.http, fronted.key)
    theirs = Dooy(fronted.http, issue(fronted.database_url, tenant="other").secret)
    id_ = mine.submit("imagine", prompt="a cat")
    assert theirs.listed([id_]) == []
    with pytest.raises(ValueError, match="there is no such task"):
        theirs.fetch("GET", f"/task/{id_}/fetch")
    with pytest.raises(ValueError, match="no task"):
        theirs.submit("change", taskId=id_, action="REROLL")
