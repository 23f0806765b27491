"""OpenAI's pictures and responses through the front, with its emulated API behind it."""

import json
from base64 import b64decode
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import httpx
import pytest

from tests.support.databases import SqliteTemplate
from tests.support.service import (
    KEEPING_FILES,
    build_environment,
    listen,
    read_url,
    serve_to_client,
)
from tests.support.waiting import wait_until
from tests.web.fronts.comparing import CONFIG, Pair, differences
from tracker.emulator import DEFAULT_KEY
from tracker.emulator import EmulatorServer as Emulator
from tracker.emulator.core.signing import EXAMPLE_SECRET

BASE = "/openai/v1"
DRAW, EDIT, RESPOND = f"{BASE}/images/generations", f"{BASE}/images/edits", f"{BASE}/responses"
CAT = {"model": "gpt-image-2.5", "prompt": "a cat"}
TOOL = {"model": "gpt-6", "input": "draw a cat", "tools": [{"type": "image_generation"}]}
PNG = b"\x89PNG"
LOOKS_SELDOM = "3600"
"""Seconds between looks: only an event brings news in time."""


@pytest.fixture(scope="module")
def pair(
    sqlite_template: SqliteTemplate, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Pair]:
    """A client of the front, and one of the emulated API behind it, which knows our URL."""
    folder, listener = tmp_path_factory.mktemp("openai-images"), listen()
    public_url = read_url(listener)
    key = {"authorization": f"Bearer {DEFAULT_KEY}"}
    with ExitStack() as stack:
        emulator = stack.enter_context(Emulator(CONFIG))
        env = build_environment(
            sqlite_template.copy(folder),
            folder,
            provider_url=emulator.url,
            public_url=public_url,
            TRACKER_OPENAI_BASE_URL=emulator.url + BASE,
            TRACKER_OPENAI_API_KEY=DEFAULT_KEY,
            TRACKER_OPENAI_PROFILE="official",
            TRACKER_OPENAI_WEBHOOK_SECRETS=EXAMPLE_SECRET,
            TRACKER_OPENAI_POLL_SPACING_S=LOOKS_SELDOM,
            **KEEPING_FILES,
        )
        front = stack.enter_context(serve_to_client(env, listener=listener, workers=True))
        provider = httpx.Client(base_url=emulator.url, headers=key, trust_env=False, timeout=60)
        with provider:
            endpoint = {"url": f"{public_url}/callbacks/openai"}
            made = provider.post(f"{BASE}/webhook_endpoints", json=endpoint).json()
            assert made["signing_secret"] == EXAMPLE_SECRET
            yield front, provider


def task_of(http: httpx.Client, id_: str) -> dict[str, Any]:
    """Return a task of the service."""
    found: dict[str, Any] = http.get(f"/v1/tasks/{id_.removeprefix('resp_')}").json()
    return found


def events_of(text: str) -> list[dict[str, Any]]:
    """Return the events of a stream."""
    return [json.loads(line[5:]) for line in text.splitlines() if line.startswith("data:")]


def test_pictures_are_the_answer_as_the_provider_has_it_and_are_found_by_id(pair: Pair) -> None:
    ours, theirs = (http.post(DRAW, json=CAT | {"n": 2}).json() for http in pair)
    assert differences(ours, theirs) == {".id"}
    files = [b64decode(one["b64_json"]) for one in ours["data"]]
    assert [file[:4] for file in files] == [PNG, PNG]
    assert ours["usage"] == theirs["usage"]
    assert pair[0].get(f"{DRAW}/{ours['id']}").json() == ours
    costs = {one["unit"]: one["amount"] for one in task_of(pair[0], ours["id"])["costs"]}
    assert costs == {"input_tokens": "13", "output_tokens": "4160"}
    linked = pair[0].post(DRAW, json=CAT | {"response_format": "url"}).json()["data"][0]["url"]
    assert pair[0].get(linked).content[:4] == PNG


def test_an_edit_is_a_form_with_its_files(pair: Pair) -> None:
    for name in ("image", "image[]"):
        files = [(name, ("a.png", PNG, "image/png")), ("mask", ("m.png", PNG, "image/png"))]
        data = {"prompt": f"a hat by {name}", "n": "1"}
        ours, theirs = (http.post(EDIT, data=data, files=files) for http in pair)
        assert differences(ours.json(), theirs.json()) == {".id"}
    addressed = pair[0].post(EDIT, json={"prompt": "a hat", "image": ["https://a.example/1.png"]})
    assert addressed.status_code == 200, addressed.text


def test_a_variation_is_a_form_of_a_file_alone(pair: Pair) -> None:
    for http in pair:
        assert http.post(f"{BASE}/images/variations", data={"n": "1"}).status_code == 400
    files, data = {"image": ("a.png", PNG, "image/png")}, {"n": "2"}
    ours, theirs = (http.post(f"{BASE}/images/variations", data=data, files=files) for http in pair)
    assert differences(ours.json(), theirs.json()) == {".id"}
    assert len(ours.json()["data"]) == 2


@pytest.mark.parametrize("path", [DRAW, EDIT])
def test_previews_and_pictures_come_as_events(pair: Pair, path: str) -> None:
    fields = {"prompt": f"a cat to {path}", "stream": "true", "partial_images": "2"}
    sent: dict[str, Any] = {"json": CAT | {"stream": True, "partial_images": 2}}
    if path == EDIT:
        sent = {"data": fields, "files": {"image": ("a.png", PNG, "image/png")}}
    ours, theirs = (http.post(path, **sent) for http in pair)
    assert ours.headers["content-type"].startswith("text/event-stream")
    told, expected = events_of(ours.text), events_of(theirs.text)
    assert [one["type"] for one in told] == [one["type"] for one in expected]
    assert all(b64decode(one["b64_json"])[:4] == PNG for one in told)
    assert [one.get("partial_image_index") for one in told] == [0, 1, None]
    assert told[-1]["usage"] == expected[-1]["usage"]
    named = ours.text.split("\n")[0].rpartition(" ")[2]
    assert task_of(pair[0], named)["state"] == "succeeded"


@pytest.mark.parametrize(
    ("scenario", "status", "code", "state"),
    [
        ("refused", 400, "moderation_blocked", "failed"),
        ("no_quota=429", 400, "insufficient_quota", "failed"),
        ("no_picture", 400, "empty_result", "failed"),
        ("gateway_timeout", 424, "outcome_unknown", "uncertain"),
        ("cut_late", 424, "outcome_unknown", "uncertain"),
        ("cut_after_accept", 424, "outcome_unknown", "uncertain"),
        ("error_created", 424, "outcome_unknown", "uncertain"),
    ],
)
def test_what_came_to_nothing_is_told_in_a_status_that_nobody_repeats(
    pair: Pair, scenario: str, status: int, code: str, state: str
) -> None:
    said = f"a cat, {scenario}"
    answer = pair[0].post(DRAW, json=CAT | {"prompt": said, "emulator_scenario": scenario})
    error = answer.json()["error"]
    assert (answer.status_code, error["code"]) == (status, code), error
    assert answer.headers["x-should-retry"] == "false"
    task = task_of(pair[0], error["message"].rpartition(" ")[2].strip(")"))
    assert task["state"] == state
    streamed = CAT | {"prompt": f"{said} again", "emulator_scenario": scenario, "stream": True}
    [*_, last] = events_of(pair[0].post(DRAW, json=streamed).text)
    is_whole = scenario in ("no_picture", "gateway_timeout")
    assert is_whole or last["error"]["code"] == code


def test_a_success_of_fewer_pictures_says_so(pair: Pair) -> None:
    body = CAT | {"n": 3, "emulator_scenario": "one_less"}
    made = pair[0].post(DRAW, json=body).json()
    assert len(made["data"]) == 2
    assert task_of(pair[0], made["id"])["message"] == "2 of 3 pictures"


def test_a_response_is_made_in_the_background_and_an_event_brings_its_end(pair: Pair) -> None:
    body = TOOL | {"background": True, "metadata": {"task": "t1"}}
    ours, theirs = (http.post(RESPOND, json=body).json() for http in pair)
    assert ours["id"].startswith("resp_")
    assert (ours["status"], ours["metadata"]) == (theirs["status"], {"task": "t1"})
    url = f"{RESPOND}/{ours['id']}"
    wait_until(lambda: pair[0].get(url).json()["status"] == "completed")
    [call] = pair[0].get(url).json()["output"]
    assert call["type"] == "image_generation_call"
    assert b64decode(call["result"])[:4] == PNG
    receipts = pair[0].get(f"/v1/tasks/{ours['id'][5:]}/receipts").json()["receipts"]
    assert "unconfirmed" in {one["verdict"] for one in receipts}


@pytest.mark.parametrize(
    ("scenario", "status", "reason"),
    [
        ("failed", "failed", "server_error"),
        ("failed,incomplete", "incomplete", "content_filter"),
        ("no_picture", "failed", "empty_result"),
    ],
)
def test_a_response_that_is_waited_for_tells_how_it_ended(
    pair: Pair, scenario: str, status: str, reason: str
) -> None:
    told = pair[0].post(RESPOND, json=TOOL | {"emulator_scenario": scenario}).json()
    details = told["error"] or told["incomplete_details"]
    assert (told["status"], details.get("code") or details.get("reason")) == (status, reason)


def test_a_response_is_cancelled_and_stays(pair: Pair) -> None:
    body = TOOL | {"background": True, "emulator_scenario": "hold"}
    made = pair[0].post(RESPOND, json=body).json()
    url = f"{RESPOND}/{made['id']}"
    wait_until(lambda: task_of(pair[0], made["id"])["provider_task_id"] is not None)
    assert pair[0].post(f"{url}/cancel").status_code == 200
    wait_until(lambda: pair[0].get(url).json()["status"] == "cancelled")
    assert pair[0].post(f"{url}/cancel").json()["status"] == "cancelled"


def test_a_stream_of_a_response_is_refused(pair: Pair) -> None:
    answer = pair[0].post(RESPOND, json=TOOL | {"stream": True})
    assert (answer.status_code, "stream" in answer.json()["error"]["message"]) == (400, True)


def test_pictures_are_no_videos(pair: Pair) -> None:
    assert pair[0].get(f"{BASE}/videos").json()["data"] == []
