"""Udio's two shapes in front of its gateways, as their clients ask for them."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support.databases import SqliteTemplate
from tests.support.service import build_environment, serve_to_client
from tests.support.waiting import wait_until
from tracker.emulator import DEFAULT_KEY, EmulatorConfig
from tracker.emulator import EmulatorServer as Emulator


@pytest.fixture(scope="module")
def http(
    sqlite_template: SqliteTemplate, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[httpx.Client]:
    """A client of the service, which has an account of each shape."""
    folder: Path = tmp_path_factory.mktemp("udio")
    with ExitStack() as stack:
        emulator = stack.enter_context(Emulator(EmulatorConfig(step_seconds=0.1)))
        accounts = "\n".join(
            f"[accounts.udio.{profile}]\n"
            f'base_url = "{emulator.url}/udio"\n'
            f'api_key = "{DEFAULT_KEY}"\n'
            f'profile = "{profile}"\n'
            "poll_spacing_s = 0.0\n"
            for profile in ("songs", "task")
        )
        (folder / "accounts.toml").write_text(accounts)
        env = build_environment(
            sqlite_template.copy(folder),
            folder,
            provider_url=emulator.url,
            public_url=None,
            TRACKER_CONFIG=str(folder / "accounts.toml"),
        )
        yield stack.enter_context(serve_to_client(env, workers=True))


def made(http: httpx.Client, path: str, body: Any) -> Any:
    answer = http.post(f"/udio/{path}", json=body)
    assert answer.status_code == 200, answer.text
    return answer.json()


def asked(http: httpx.Client, path: str) -> Any:
    answer = http.get(f"/udio/{path}")
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_a_client_asks_for_songs_until_they_are_finished(http: httpx.Client) -> None:
    told = made(http, "generate-proxy", {"prompt": "rain", "lyrics_type": "generate"})
    ids = told["track_ids"]
    url = f"songs?songIds={','.join(ids)},nobody"
    first = asked(http, url)["songs"]
    assert [song["id"] for song in first] == ids
    wait_until(lambda: all(song["finished"] for song in asked(http, url)["songs"]))
    songs = asked(http, url)["songs"]
    assert all(song["song_path"] and song["error_type"] is None for song in songs)
    assert asked(http, "songs?songIds=nobody") == {"songs": []}
    more = {"mode": "continuation", "source": {"source_type": "song", "song_id": ids[1]}}
    made(http, "generate-proxy", {"prompt": "and rain", "config": more})


def test_a_failure_is_told_by_the_songs_error(http: httpx.Client) -> None:
    told = made(http, "generate-proxy", {"prompt": "rain [scenario:failed]"})
    url = f"songs?songIds={told['track_ids'][0]}"
    wait_until(lambda: bool(asked(http, url)["songs"][0]["error_type"]))
    song = asked(http, url)["songs"][0]
    assert song["finished"] is False
    assert song["error_detail"]


@pytest.mark.parametrize(
    ("prompt", "status"), [("rain", "SUCCESS"), ("rain [scenario:failed]", "FAILURE")]
)
def test_a_web_client_fetches_until_success(http: httpx.Client, prompt: str, status: str) -> None:
    """Replay of chatgpt-web-midjourney-proxy 2.26.4: 5 s apart there, `data.data.songs` a list."""
    id_ = made(http, "submit/music", {"gen_params": {"prompt": prompt}})["data"]
    assert isinstance(id_, str)

    def is_over() -> bool:
        data = asked(http, f"fetch/{id_}")["data"]
        assert isinstance(data["data"]["songs"], list)
        return bool(data["status"] == status)

    wait_until(is_over)
    data = asked(http, f"fetch/{id_}")["data"]
    assert bool(data["fail_reason"]) is (status == "FAILURE")
    assert all(song["finished"] is (status == "SUCCESS") for song in data["data"]["songs"])


def test_mistakes_have_a_message_for_each_reader(http: httpx.Client) -> None:
    for path in ("generate-proxy", "submit/music"):
        answer = http.post(f"/udio/{path}", json={})
        assert answer.status_code == 400
        assert answer.json()["error"]["message"]
    assert http.post("/udio/generate-proxy", json={}).json()["code"] == 400
    unknown = http.get("/udio/fetch/nobody")
    assert (unknown.status_code, unknown.json()["code"]) == (400, "task_not_exist")
    assert http.get("/udio/songs").status_code == 400
    assert http.delete("/udio/songs").status_code == 405
    assert http.get("/udio/other").status_code == 404
