"""Creates whose answer is a stream, in a whole running service: relayed, recorded, cut, found."""

import threading
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from tests.support.made_up import NAME, MadeUp, make_made_up
from tests.support.made_up_server import MadeUpServer
from tests.support.service import build_environment, serve_service
from tests.support.waiting import wait_until
from tests.web.conftest import Shared
from tracker.providers.ports.adapter import Finds
from tracker.providers.registry import PROVIDERS

PIECE = {"key": "1", "url": "https://media.example/v.mp4"}
DONE = {"end": {"status": "succeeded", "pieces": [PIECE]}}


@dataclass
class StreamScene:
    """A service with web and workers, and its provider."""

    http: httpx.Client
    provider: MadeUpServer

    def body(self, *lines: Any, prompt: str = "rain") -> dict[str, Any]:
        """Return the body of a create whose answer has these lines."""
        return {"prompt": prompt, "plan": {"tell": list(lines)}}

    def tell(self, *lines: Any) -> tuple[str, str]:
        """Create a task; return its id and the whole answer."""
        answer = self.http.post("/made-up/tell", json=self.body(*lines))
        assert answer.status_code == 200, answer.text
        return answer.text.split("\n")[0], answer.text

    def task(self, id_: str) -> dict[str, Any]:
        """Return a task."""
        found: dict[str, Any] = self.http.get(f"/v1/tasks/{id_}").json()
        return found


@pytest.fixture(scope="module")
def scene(
    shared_database_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[StreamScene]:
    with ExitStack() as stack:
        provider = stack.enter_context(MadeUpServer())
        env = build_environment(
            shared_database_url,
            tmp_path_factory.mktemp("streams"),
            provider_url="http://127.0.0.1:9",
            public_url=None,
            TRACKER_MADE_UP_BASE_URL=provider.url,
            TRACKER_MADE_UP_API_KEY="a-key-of-ours",
            TRACKER_HEARTBEAT_S="0.2",
        )
        providers = {**PROVIDERS, NAME: make_made_up(MadeUp(Finds.NEVER))}
        url = stack.enter_context(serve_service(env, workers=True, providers=providers))
        http = stack.enter_context(Shared(url, shared_database_url).client())
        yield StreamScene(http, provider)


@pytest.fixture(autouse=True)
def _held(scene: StreamScene) -> None:
    scene.provider.may_go_on.clear()


def test_a_stream_is_passed_on_piece_by_piece_and_ends_its_task(scene: StreamScene) -> None:
    note = [{"raw": line} for line in ('{"text": "\\u0000\\ud83c"}', '{"text": "\\udfb5"}')]
    lines = (*note, {"text": " first, 你好", "progress": 30}, {"hold": 1}, {"text": " then"}, DONE)
    got = ""
    seen: list[dict[str, Any]] = []
    with scene.http.stream("POST", "/made-up/tell", json=scene.body(*lines)) as answer:
        for piece in answer.iter_text():
            got += piece
            if "你好" in got and "~" in got and not seen:  # and told to be alive meanwhile
                seen.append(scene.task(got.split("\n")[0]))
                scene.provider.may_go_on.set()
    [open_] = seen
    assert (open_["state"], open_["progress"]) == ("running", 30)
    id_ = open_["id"]
    assert got.replace("~", "") == f"{id_}\n🎵 first, 你好 then\nsucceeded"
    task = scene.task(id_)
    assert (task["state"], task["result"]["artifacts"][0]["url"]) == ("succeeded", PIECE["url"])
    assert scene.provider.creations[id_] == 1


def test_a_stream_without_its_end_is_uncertain_and_never_made_again(scene: StreamScene) -> None:
    for lines in ([{"text": "half"}, {"cut": 1}], [{"text": "half"}]):
        id_, got = scene.tell(*lines)
        assert got.replace("~", "").endswith("half\nuncertain")
        attempts = scene.http.get(f"/v1/tasks/{id_}/attempts").json()["attempts"]
        assert [one["outcome"] for one in attempts] == ["unknown"]
        attention = scene.http.get("/v1/attention").text
        assert id_ in attention
        assert scene.provider.creations[id_] == 1


def test_a_failure_that_the_stream_tells_is_one(scene: StreamScene) -> None:
    id_, got = scene.tell({"text": "no"}, {"end": {"status": "failed", "why": "moderated"}})
    assert got.replace("~", "").endswith("no\nfailed")
    assert scene.task(id_)["error"]["message"] == "moderated"


def test_a_client_that_goes_away_ends_nothing_and_its_repeat_is_shown_all_of_it(
    scene: StreamScene,
) -> None:
    lines = ({"text": "once "}, {"hold": 1}, {"text": "upon"}, DONE)
    body = scene.body(*lines, prompt="gone")
    with scene.http.stream("POST", "/made-up/tell", json=body) as answer:
        pieces = answer.iter_text()
        got = next(pieces)
        while "once" not in got:
            got += next(pieces)
        id_ = got.split("\n")[0]
    again: list[str] = []
    repeating = threading.Thread(
        target=lambda: again.append(
            scene.http.post(
                "/made-up/tell", json=body, headers={"x-stainless-retry-count": "1"}
            ).text
        )
    )
    repeating.start()
    scene.provider.may_go_on.set()
    repeating.join(60)
    assert again[0].replace("~", "") == f"{id_}\nonce upon\nsucceeded"
    assert scene.provider.creations[id_] == 1
    wait_until(lambda: scene.task(id_)["state"] == "succeeded")


def test_a_refusal_before_the_stream_is_that_of_any_create(scene: StreamScene) -> None:
    refused = scene.http.post("/made-up/tell", json={"plan": {}})
    assert (refused.status_code, refused.json()["no"]) == (422, "invalid")


def test_of_a_long_text_its_beginning_and_its_end_are_shown(scene: StreamScene) -> None:
    _, got = scene.tell(*[{"text": "x " * 8000}] * 6, {"text": "the end"}, DONE)
    assert "x x \n[…]\n" in got
    assert got.endswith("x the end\nsucceeded")
    assert len(got) < 80_000


def test_a_secret_that_the_text_repeats_is_told_to_nobody(scene: StreamScene) -> None:
    _, told = scene.tell({"text": "the key a-key-"}, {"text": "of-ours is bad"}, DONE)
    got = told.replace("~", "")
    assert "a-key-of-ours" not in got
    assert "the key [redacted] is bad" in got
