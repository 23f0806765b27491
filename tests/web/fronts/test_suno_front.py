"""Suno's four protocols in front of four kinds of upstream, as their clients ask for them."""

from collections.abc import Iterator
from contextlib import ExitStack
from itertools import count
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support.databases import SqliteTemplate
from tests.support.keys import build_bearer, issue
from tests.support.service import build_environment, listen, read_url, serve_service
from tests.support.sink import Sink
from tests.support.waiting import wait_until
from tracker.emulator import DEFAULT_KEY, EmulatorConfig
from tracker.emulator import EmulatorServer as Emulator

ADDRESSES = {
    "gateway": "/suno",
    "raw": "/suno",
    "sunoapi": "/sunoapi/api/v1",
    "gcui": "/gcui/api",
}
_prompts = count(1)


@pytest.fixture(scope="module")
def served(
    sqlite_template: SqliteTemplate, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[httpx.Client, httpx.Client]]:
    """Clients of two tenants of the service, which has an account of each kind of upstream."""
    folder: Path = tmp_path_factory.mktemp("suno")
    with ExitStack() as stack:
        emulator = stack.enter_context(Emulator(EmulatorConfig(step_seconds=0.1)))
        accounts = "\n".join(
            f"[accounts.suno.{profile}]\n"
            f'base_url = "{emulator.url}{path}"\n'
            f'api_key = "{DEFAULT_KEY}"\n'
            f'profile = "{profile}"\n'
            "poll_spacing_s = 0.0\n"
            for profile, path in ADDRESSES.items()
        )
        (folder / "accounts.toml").write_text(accounts)
        listener = listen()
        database_url = sqlite_template.copy(folder)
        keys = [
            build_bearer(issue(database_url)),
            build_bearer(issue(database_url, tenant="other")),
        ]
        env = build_environment(
            database_url,
            folder,
            provider_url=emulator.url,
            public_url=read_url(listener),
            TRACKER_CONFIG=str(folder / "accounts.toml"),
        )
        url = stack.enter_context(serve_service(env, listener=listener, workers=True))
        mine, others = (
            stack.enter_context(
                httpx.Client(base_url=url, headers=key, trust_env=False, timeout=60)
            )
            for key in keys
        )
        yield mine, others


@pytest.fixture
def http(served: tuple[httpx.Client, httpx.Client]) -> httpx.Client:
    return served[0]


@pytest.fixture
def stranger(served: tuple[httpx.Client, httpx.Client]) -> httpx.Client:
    """A client of another tenant."""
    return served[1]


def a_prompt() -> str:
    return f"[Verse] rain, number {next(_prompts)}"


def made(http: httpx.Client, path: str, **body: object) -> Any:
    answer = http.post(f"/suno/{path}", json=body)
    assert answer.status_code == 200, answer.text
    return answer.json()


def asked(http: httpx.Client, path: str) -> Any:
    answer = http.get(f"/suno/{path}")
    assert answer.status_code == 200, answer.text
    return answer.json()


def a_song(**more: object) -> dict[str, Any]:
    song = {"customMode": True, "instrumental": False, "model": "V5", "style": "pop"}
    return song | {"title": "t", "prompt": a_prompt()} | more


def finished(http: httpx.Client, id_: str) -> dict[str, Any]:
    """Return the gateway's row of a task once clients take it for ended."""
    rows: list[dict[str, Any]] = []

    def is_over() -> bool:
        batch = made(http, "fetch", ids=[id_], action="MUSIC")["data"]
        assert isinstance(batch, list)
        rows[:] = batch
        return bool(batch) and batch[0]["progress"] == "100%"

    wait_until(is_over)
    return rows[0]


def test_a_plugin_submits_and_waits_for_a_hundred_percent(http: httpx.Client) -> None:
    """Replay of nonebot-plugin-sunoai 0.1.0: a batch until `progress` is 100%, then `status`."""
    answer = made(http, "submit/music", gpt_description_prompt=a_prompt(), mv="chirp-v3-5")
    assert set(answer) == {"code", "message", "data"}
    assert answer["code"] == "success"
    row = finished(http, answer["data"])
    assert (row["status"], row["fail_reason"]) == ("SUCCESS", "")
    assert [song["status"] for song in row["data"]] == ["complete", "complete"]
    assert httpx.get(row["data"][0]["audio_url"], trust_env=False, timeout=60).status_code == 200
    single = asked(http, f"fetch/{answer['data']}")["data"]
    # Clients of the older spelling (github.com/Foodie05/dart_suno) read the same answer.
    assert (single["taskId"], single["failReason"], single["progress"]) == (
        answer["data"],
        None,
        "100%",
    )
    assert single["finishTime"] >= single["submitTime"] > 0


def test_the_other_prefix_and_an_id_as_a_number(http: httpx.Client) -> None:
    answer = http.post("/task/suno/v1/submit/music", json={"prompt": a_prompt()})
    assert answer.json()["code"] == "success"
    batch = made(http, "fetch", ids=[17350521802760039, answer.json()["data"]], action="MUSIC")
    assert [row["task_id"] for row in batch["data"]] == [answer.json()["data"]]
    assert made(http, "fetch", ids=["nobody"], action="MUSIC")["data"] == []


def test_lyrics_of_a_gateway(http: httpx.Client) -> None:
    id_ = made(http, "submit/lyrics", prompt=a_prompt())["data"]
    row = finished(http, id_)
    assert row["action"] == "LYRICS"
    assert row["data"]["text"].startswith("[Verse]")
    assert row["data"]["status"] == "complete"


def test_mistakes_have_the_envelope_of_their_protocol(http: httpx.Client) -> None:
    unknown = http.get("/suno/fetch/nobody")
    assert (unknown.status_code, unknown.json()["code"]) == (400, "task_not_exist")
    empty = http.post("/suno/submit/music", json={"continue_clip_id": "c1"})
    assert (empty.status_code, empty.json()["code"]) == (400, "invalid_request")
    record = http.get("/suno/api/v1/generate/record-info?taskId=nobody")
    assert (record.json()["code"], record.json()["data"]) == (404, None)
    wrong = http.post("/suno/api/v1/generate", json={"model": "V5"})
    assert wrong.json()["code"] == 422
    assert "error" in http.post("/suno/api/generate", json={}).json()
    raw = http.post("/suno/generate", json={})
    assert raw.json()["error"]["message"]
    assert http.get("/suno/api/v1/jobs/recordInfo?taskId=x").status_code == 404
    assert http.delete("/suno/fetch/x").status_code == 405


def test_a_web_client_of_raw_songs_extends_one(http: httpx.Client) -> None:
    """Replay of chatgpt-web-midjourney-proxy 2.26.4: generate, feed as an array, extend."""
    answer = made(http, "generate", prompt=a_prompt(), mv="chirp-v4", title="t", tags="pop")
    ids = [clip["id"] for clip in answer["clips"]]
    assert len(ids) == 2
    feed: list[dict[str, Any]] = []

    def is_over() -> bool:
        feed[:] = asked(http, f"feed/{','.join(ids)}")
        assert [clip["id"] for clip in feed] == ids
        return all(clip["status"] == "complete" for clip in feed)

    wait_until(is_over)
    assert all(clip["audio_url"] and clip["metadata"]["prompt"] for clip in feed)
    assert asked(http, "feed/nobody,other") == []
    more = made(
        http, "generate", prompt=a_prompt(), continue_clip_id=ids[1], continue_at=30, mv="chirp-v4"
    )
    assert more["id"] != answer["id"]
    named: list[Any] = []

    def was_sent() -> bool:
        url = f"{_emulator_url(feed)}/emulator/tasks"
        made_there = httpx.get(url, trust_env=False, timeout=60).json()
        named[:] = [
            clip for one in made_there if (clip := (one["request"] or {}).get("continue_clip_id"))
        ]
        return bool(named)

    wait_until(was_sent)
    assert len(named) == 1  # the upstream's own id, and not our name of the song
    assert ids[1] not in named
    lyrics = made(http, "generate/lyrics/", prompt="rain")

    def is_written() -> bool:
        return bool(asked(http, f"lyrics/{lyrics['id']}")["status"] == "complete")

    wait_until(is_written)


def _emulator_url(feed: list[dict[str, Any]]) -> str:
    return str(httpx.URL(feed[0]["audio_url"]).copy_with(path="", query=None)).rstrip("/?")


def test_a_record_ends_for_every_reader(http: httpx.Client) -> None:
    answer = made(http, "api/v1/generate", **a_song(callBackUrl="https://example.com/callback"))
    assert answer["code"] == 200
    assert type(answer["code"]) is int
    url = f"api/v1/generate/record-info?taskId={answer['data']['taskId']}"
    seen: list[str] = []

    def is_over() -> bool:
        record = asked(http, url)["data"]
        seen.append(record["status"])
        assert record["errorCode"] is None
        assert record["response"] is None or record["response"]["sunoData"]
        return bool(record["successFlag"] == "SUCCESS")

    wait_until(is_over)
    assert set(seen) <= {"PENDING", "TEXT_SUCCESS", "FIRST_SUCCESS", "SUCCESS"}
    songs = asked(http, url)["data"]["response"]["sunoData"]
    assert [bool(song["id"] and song["audioUrl"]) for song in songs] == [True, True]
    wav = made(
        http,
        "api/v1/wav/generate",
        taskId=answer["data"]["taskId"],
        audioId=songs[0]["id"],
        callBackUrl="https://example.com/callback",
    )
    record_url = f"api/v1/wav/record-info?taskId={wav['data']['taskId']}"
    wait_until(lambda: asked(http, record_url)["data"]["successFlag"] == "SUCCESS")
    assert asked(http, record_url)["data"]["response"]["audioWavUrl"]


def test_a_tool_server_finds_its_task_among_the_paths_that_it_tries(http: httpx.Client) -> None:
    """Replay of npm @felores/kie-ai-mcp-server 5.0.0, which reads `data.status` alone."""
    hook = "https://proxy.kie.ai/mcp-callback"
    id_ = made(http, "api/v1/generate", **a_song(callBackUrl=hook))["data"]["taskId"]
    tried = ("jobs/recordInfo", "veo/record-info", "generate/record-info", "mj/record-info")

    def found() -> dict[str, Any] | None:
        answers = [http.get(f"/suno/api/v1/{path}?taskId={id_}") for path in tried[:3]]
        bodies = [answer.json() for answer in answers]  # each must be JSON
        good = [body["data"] for body in bodies if body["code"] == 200 and body["data"]]
        return good[-1] if good else None

    wait_until(lambda: (found() or {}).get("status") == "SUCCESS")
    record = found()
    assert record is not None
    assert record["response"]["sunoData"][0]["audioUrl"]
    task = http.get(f"/v1/tasks/{id_}").json()
    assert http.get(f"/v1/tasks/{id_}/deliveries").json()["deliveries"] == []
    assert task["state"] == "succeeded"


def test_nobody_names_or_sees_songs_of_another_tenant(
    http: httpx.Client, stranger: httpx.Client
) -> None:
    row = finished(http, made(http, "submit/music", prompt=a_prompt())["data"])
    ours = row["data"][0]["id"]
    artifacts = http.get(f"/v1/tasks/{row['task_id']}").json()["result"]["artifacts"]
    theirs = next(one["id"] for one in artifacts if one["kind"] == "audio")
    for clip in (ours, theirs):
        body = {"prompt": a_prompt(), "continue_clip_id": clip, "mv": "chirp-v4"}
        foreign = stranger.post("/suno/generate", json=body)
        assert (foreign.status_code, "account" in foreign.text) == (400, False)
        elsewhere = http.post("/suno/generate", json=body)  # of an upstream that has no such song
        assert (elsewhere.status_code, " account '" in elsewhere.text) == (400, True)
        continued = http.post("/suno/submit/music", json=body | {"task_id": row["task_id"]})
        assert continued.status_code == 200, continued.text
    assert asked(stranger, f"feed/{ours}") == []
    assert made(stranger, "fetch", ids=[row["task_id"]], action="MUSIC")["data"] == []
    assert stranger.get("/suno/api/v1/generate/credit").status_code == 403


def test_a_failure_is_told_to_readers_of_the_flag_too(http: httpx.Client) -> None:
    song = a_song(prompt=f"{a_prompt()} [scenario:failed]")
    id_ = made(http, "api/v1/generate", **song)["data"]["taskId"]
    url = f"api/v1/generate/record-info?taskId={id_}"
    wait_until(lambda: asked(http, url)["data"]["status"] == "GENERATE_AUDIO_FAILED")
    record = asked(http, url)["data"]
    assert "FAILED" in record["successFlag"]
    assert type(record["errorCode"]) is int
    assert record["errorMessage"]


def test_a_callers_url_hears_every_stage(http: httpx.Client) -> None:
    with Sink() as sink:
        made(http, "api/v1/generate", **a_song(callBackUrl=sink.url))
        bodies: list[Any] = []

        def is_over() -> bool:
            bodies[:] = [one.parse_json() for one in list(sink.received)]
            kinds = [body["data"]["callbackType"] for body in bodies]
            return "complete" in kinds

        wait_until(is_over)
    kinds = [body["data"]["callbackType"] for body in bodies]
    assert set(kinds) <= {"text", "first", "complete"}
    done = bodies[kinds.index("complete")]
    assert done["code"] == 200
    assert all(song["audio_url"] for song in done["data"]["data"])
    assert done["data"]["task_id"]


def test_calls_that_make_no_task_are_answered_with_their_result(http: httpx.Client) -> None:
    answer = made(http, "api/v1/style/generate", content="rock")
    assert answer["data"]["result"]
    assert asked(http, "api/v1/generate/credit") == {"code": 200, "msg": "success", "data": 100}
    assert asked(http, "api/get_limit")["credits_left"] == 40


def test_a_server_of_ones_own(http: httpx.Client) -> None:
    """Replay of the README of gcui-art/suno-api: generate, then get until it streams."""
    songs = made(http, "api/custom_generate", prompt=a_prompt(), tags="pop", title="t")
    assert [song["status"] for song in songs] == ["submitted", "submitted"]
    ids = ",".join(song["id"] for song in songs)

    def is_heard() -> bool:
        found = asked(http, f"api/get?ids={ids}")
        return all(song["status"] == "complete" and song["audio_url"] for song in found)

    wait_until(is_heard)
    waited = made(http, "api/generate", prompt=a_prompt(), wait_audio=True)
    assert [song["status"] for song in waited] == ["complete", "complete"]
    library = asked(http, "api/get")
    assert {song["id"] for song in (*songs, *waited)} <= {song["id"] for song in library}
    assert asked(http, f"api/clip?id={songs[1]['id']}")["id"] == songs[1]["id"]
    assert made(http, "api/generate_lyrics", prompt="rain")["text"]
