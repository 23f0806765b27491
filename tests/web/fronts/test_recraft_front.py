"""Recraft's front, with its emulated API behind it: held answers of both shapes."""

from base64 import b64decode
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import httpx
import pytest

from tests.support.service import KEEPING_FILES, build_environment, serve_service
from tests.web.conftest import Shared
from tests.web.fronts.comparing import CONFIG, Pair, differences
from tracker.emulator import DEFAULT_KEY
from tracker.emulator import EmulatorServer as Emulator

BASE = "/recraft/v1"
DRAW = f"{BASE}/images/generations"
CAT = {"prompt": "a cat", "model": "recraftv4_1", "size": "1024x1024"}
PNG = b"\x89PNG"


@pytest.fixture(scope="module")
def pair(shared_database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    """A client of the front, and one of the emulated API behind it."""
    key = {"authorization": f"Bearer {DEFAULT_KEY}"}
    with ExitStack() as stack:
        emulator = stack.enter_context(Emulator(CONFIG))
        env = build_environment(
            shared_database_url,
            tmp_path_factory.mktemp("recraft"),
            provider_url=emulator.url,
            public_url=None,
            TRACKER_RECRAFT_BASE_URL=emulator.url + BASE,
            TRACKER_RECRAFT_API_KEY=DEFAULT_KEY,
            **KEEPING_FILES,
        )
        url = stack.enter_context(serve_service(env, workers=True))
        front = stack.enter_context(Shared(url, shared_database_url).client())
        front.timeout = httpx.Timeout(60)
        there = httpx.Client(base_url=emulator.url, headers=key, trust_env=False, timeout=60)
        yield front, stack.enter_context(there)


def task_of(http: httpx.Client, id_: str) -> dict[str, Any]:
    """Return a task of the service."""
    found: dict[str, Any] = http.get(f"/v1/tasks/{id_}").json()
    return found


@pytest.mark.parametrize("form", ["url", "b64_json"])
def test_pictures_are_the_answer_with_their_price(pair: Pair, form: str) -> None:
    body = CAT | {"n": 2, "response_format": form, "prompt": f"a cat as {form}"}
    ours, theirs = (http.post(DRAW, json=body).json() for http in pair)
    assert differences(ours, theirs) == {".id"}
    assert ours["credits"] == theirs["credits"] == 80
    files = [
        b64decode(one["b64_json"])
        if form == "b64_json"
        else httpx.get(one["url"], trust_env=False, timeout=60).content
        for one in ours["data"]
    ]
    assert [file[:4] for file in files] == [PNG, PNG]
    again = pair[0].get(f"{DRAW}/{ours['id']}").json()
    assert (again["credits"], len(again["data"])) == (80, 2)


def test_tools_take_forms_and_answer_one_picture(pair: Pair) -> None:
    picture = ("a.png", PNG, "image/png")
    ours, theirs = (
        http.post(f"{BASE}/images/vectorize", files={"file": picture}).json() for http in pair
    )
    assert differences(ours, theirs) == {".id"}
    assert (ours["credits"], "url" in ours["image"]) == (10, True)
    links = {
        "image_url": "https://pictures.example/a.png",
        "mask_url": "data:image/png;base64,QQ==",
    }
    for path, more in (("vectorize", {}), ("inpaint", {"prompt": "a hat"})):
        answers = [http.post(f"{BASE}/images/{path}", json=links | more) for http in pair]
        assert [one.status_code for one in answers] == [200, 200]
        assert differences(*(one.json() for one in answers)) == {".id"}
    assert pair[0].post(f"{DRAW}/vector", json=CAT).json()["data"]
    vectors = CAT | {"model": "recraftv4_1_vector", "n": 1, "response_format": "b64_json"}
    drawn = pair[0].post(DRAW, json=vectors).json()
    assert b64decode(drawn["data"][0]["b64_json"]).startswith(b"<svg ")
    sent: dict[str, Any] = {
        "data": {"prompt": "a hat", "strength": "0.2", "n": "1"},
        "files": {"image": picture},
    }
    ours, theirs = (http.post(f"{BASE}/images/imageToImage", **sent).json() for http in pair)
    assert differences(ours, theirs) == {".id"}


@pytest.mark.parametrize(
    ("scenario", "status", "code", "state"),
    [
        ("no_units", 400, "not_enough_credits", "failed"),
        ("refused", 400, "moderated", "failed"),
        ("no_picture", 400, "empty_result", "failed"),
        ("failed", 424, "outcome_unknown", "uncertain"),
        ("cut_after_accept", 424, "outcome_unknown", "uncertain"),
    ],
)
def test_what_came_to_nothing_is_told_in_a_status_that_nobody_repeats(
    pair: Pair, scenario: str, status: int, code: str, state: str
) -> None:
    body = CAT | {"prompt": f"a cat, {scenario}", "emulator_scenario": scenario}
    answer = pair[0].post(DRAW, json=body)
    error = answer.json()["error"]
    assert (answer.status_code, error["code"]) == (status, code)
    assert answer.headers["x-should-retry"] == "false"
    task = task_of(pair[0], error["message"].rpartition(" ")[2].strip(")"))
    assert task["state"] == state


def test_fewer_pictures_and_an_untold_price_are_told_as_they_are(pair: Pair) -> None:
    body = CAT | {"n": 3, "emulator_scenario": "one_less,no_credits_told,nsfw"}
    made = pair[0].post(DRAW, json=body).json()
    assert (len(made["data"]), "credits" in made) == (2, False)
    assert made["data"][0]["features"] == {"nsfw_score": 0.98}
    assert task_of(pair[0], made["id"])["message"] == "2 of 3 pictures"


def test_a_style_belongs_to_whoever_made_it(pair: Pair) -> None:
    files = {"file1": ("a.png", PNG, "image/png")}
    made = pair[0].post(f"{BASE}/styles", data={"style": "any"}, files=files)
    assert made.status_code == 200, made.text
    body = CAT | {"style_id": made.json()["id"], "prompt": "in my style"}
    assert pair[0].post(DRAW, json=body).status_code == 200
