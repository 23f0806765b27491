"""Haimian's emulator: the web page's calls, and Volcengine's."""

from typing import Any

from .scene import HOOK, Scene, play_in

WEB = "/haimian/jd/api/v1/generate"
scene = play_in(Scene)


async def _post(stage: Scene, url: str, **body: object) -> Any:
    return (await stage.http.post(url, json=body)).json()


@scene
async def test_one_call_of_the_web_page_makes_a_task_for_each_song(stage: Scene) -> None:
    made = await _post(stage, f"{WEB}/lyric2song", prompt="rain", batch_size=3)
    ids = [task["task_id"] for task in made["data"]["tasks"]]
    assert len(set(ids)) == 3
    await stage.advance(3)
    query = "&".join(f"task_ids={id_}" for id_ in ids)
    shown = await stage.found(f"{WEB}/tasks/info?{query}")
    assert [task["status"] for task in shown["data"]["tasks"]] == ["done"] * 3
    joined = await stage.found(f"{WEB}/tasks/info?task_ids={','.join(ids)}")
    assert joined["data"]["tasks"] == []


@scene
async def test_whatever_goes_wrong_there_is_http_200(stage: Scene) -> None:
    empty = await stage.http.post(f"{WEB}/lyric2song", json={})
    assert (empty.status_code, empty.json()["data"]) == (200, None)
    stage.emulator.set_scenario("daily_limit=1", "haimian")
    limited = await _post(stage, f"{WEB}/lyric2song", prompt="rain")
    assert (limited["status_code"], limited["data"]) == (10000008, None)
    headers = {"authorization": "", "cookie": "session=emulator-key"}
    good = await stage.http.post(f"{WEB}/text2bgm", json={"prompt": "rain"}, headers=headers)
    assert good.json()["status_code"] == 0
    headers["cookie"] = "session=other"
    bad = await stage.http.post(f"{WEB}/text2bgm", json={"prompt": "rain"}, headers=headers)
    assert (bad.status_code, bad.json()["status_code"]) == (200, 10000002)


@scene
async def test_the_official_api_has_one_address_and_numbers(stage: Scene) -> None:
    url = "/haimian-volc/?Action={}&Version=2024-08-12"
    made = await _post(stage, url.format("GenSongForTime"), Prompt="rain", CallbackURL=HOOK)
    id_ = made["Result"]["TaskID"]
    seen = []
    for _ in range(3):
        seen.append((await _post(stage, url.format("QuerySong"), TaskID=id_))["Result"]["Status"])
        await stage.advance(1)
    assert seen == [0, 1, 2]
    assert stage.told("TaskID") == [id_]
