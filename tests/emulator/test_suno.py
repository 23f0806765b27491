"""Suno's emulator: its protocols, their shapes, their lies."""

from typing import Any

import pytest

from .scene import HOOK, Scene, play_in

SONG: dict[str, Any] = {"customMode": True, "instrumental": False, "model": "V5", "prompt": "la"}
SONG |= {"style": "pop", "title": "t", "callBackUrl": HOOK}


class SunoScene(Scene):
    """The emulator, as a caller of Suno's proxies sees it."""

    async def post(self, url: str, scenario: str = "ok", **body: object) -> Any:
        """Send a create and return the JSON of its answer."""
        headers = {"x-emulator-scenario": scenario}
        answer = await self.http.post(url, json=body, headers=headers)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def song(self, scenario: str = "ok") -> str:
        """Make a task at the gateway."""
        made = await self.post("/suno/submit/music", scenario, prompt="la", tags="pop")
        assert made["code"] == "success"
        return str(made["data"])


scene = play_in(SunoScene)


@scene
async def test_a_gateway_shows_a_task_with_two_songs_of_their_own_states(stage: SunoScene) -> None:
    id_ = await stage.song()
    seen = []
    for _ in range(4):
        row = (await stage.found(f"/suno/fetch/{id_}"))["data"]
        assert (row["task_id"], row["action"], row["fail_reason"]) == (id_, "MUSIC", "")
        seen.append((row["status"], [song["status"] for song in row["data"]]))
        await stage.advance(1)
    assert seen == [
        ("SUBMITTED", ["submitted", "submitted"]),
        ("IN_PROGRESS", ["queued", "queued"]),
        ("IN_PROGRESS", ["complete", "streaming"]),
        ("SUCCESS", ["complete", "complete"]),
    ]
    row = (await stage.found(f"/suno/fetch/{id_}"))["data"]
    sound = await stage.http.get(row["data"][0]["audio_url"])
    assert sound.headers["content-type"] == "audio/mpeg"
    assert stage.calls == []


@scene
async def test_a_list_of_tasks_leaves_unknown_ids_out(stage: SunoScene) -> None:
    id_ = await stage.song()
    body: dict[str, Any] = {"ids": [id_, "nobody"], "action": "MUSIC"}
    rows = (await stage.post("/suno/fetch", **body))["data"]
    assert [row["task_id"] for row in rows] == [id_]
    assert (await stage.post("/suno/fetch", ids=["nobody"], action="MUSIC"))["data"] is None
    assert (await stage.post("/suno/fetch", ids=[], action="MUSIC"))["data"] == []
    unknown = await stage.http.get("/suno/fetch/nobody")
    assert (unknown.status_code, unknown.json()["code"]) == (400, "task_not_exist")


@scene
async def test_the_other_spelling_and_the_songs_alone(stage: SunoScene) -> None:
    row = (await stage.found(f"/suno/fetch/{await stage.song('camel')}"))["data"]
    assert row["taskId"]
    assert row["failReason"] is None
    assert "task_id" not in row
    songs = (await stage.found(f"/suno/fetch/{await stage.song('clips_only')}"))["data"]
    assert [song["status"] for song in songs] == ["submitted", "submitted"]
    made = await stage.post("/task/suno/v1/submit/music", "number_id", prompt="la")
    assert isinstance(made["data"], int)


@scene
async def test_raw_songs_have_no_task(stage: SunoScene) -> None:
    made = await stage.post("/suno/generate", prompt="la", mv="chirp-v4")
    ids = [song["id"] for song in made["clips"]]
    await stage.advance(3)
    feed: Any = await stage.found(f"/suno/feed/{ids[1]},nobody,{ids[0]}")
    assert [song["id"] for song in feed] == [ids[1], ids[0]]
    lyrics = await stage.post("/suno/generate/lyrics/", prompt="rain")
    await stage.advance(2)
    assert (await stage.found(f"/suno/lyrics/{lyrics['id']}"))["status"] == "complete"


@pytest.mark.parametrize("host", ["sunoapi", "kie"])
def test_records_and_stages(host: str) -> None:
    @play_in(SunoScene)
    async def play(stage: SunoScene) -> None:
        made = await stage.post(f"/{host}/api/v1/generate", **SONG)
        assert made["code"] == 200
        url = f"/{host}/api/v1/generate/record-info?taskId={made['data']['taskId']}"
        words = []
        for _ in range(4):
            words.append((await stage.found(url))["data"]["status"])
            await stage.advance(1)
        assert words == ["PENDING", "TEXT_SUCCESS", "FIRST_SUCCESS", "SUCCESS"]
        stages = [body["data"]["callbackType"] for body in stage.bodies]
        assert stages == ["text", "first", "complete"]
        assert stage.bodies[1]["data"]["data"][0]["audio_url"]
        assert not stage.bodies[1]["data"]["data"][1]["audio_url"]
        unknown = await stage.found(f"/{host}/api/v1/generate/record-info?taskId=nobody")
        assert (unknown["code"], unknown["data"]) == (404, None)

    play()


@scene
async def test_a_missing_field_is_told_by_its_code(stage: SunoScene) -> None:
    answer = await stage.post("/sunoapi/api/v1/generate", model="V5")
    assert (answer["code"], answer["data"]) == (422, None)
    assert stage.emulator.count_creations() == {}


@scene
async def test_a_server_of_ones_own_waits_for_the_sound(stage: SunoScene) -> None:
    short = await stage.post("/gcui/api/generate", "wait_audio_short", prompt="x", wait_audio=True)
    assert [song["status"] for song in short] == ["submitted", "submitted"]
    ids = ",".join(song["id"] for song in short)
    await stage.advance(3)
    done: Any = await stage.found(f"/gcui/api/get?ids={ids}")
    assert [song["status"] for song in done] == ["complete", "complete"]
    library: Any = await stage.found("/gcui/api/get")
    assert len(library) == 2
    assert (await stage.found("/gcui/api/get_limit"))["credits_left"] == 40
