"""MiniMax's emulator: the test of the callback URL, both generations, and the lies."""

from typing import Any

import httpx
import pytest

from .scene import HOOK, HOST, Scene, play_in

V1, V2 = "/hailuo/v1/video_generation", "/hailuo/v2/video_generation"
BODY_2 = {
    "model": "MiniMax-H3",
    "content": [{"type": "text", "text": "a cat"}],
    "duration": 5,
    "resolution": "768P",
}


class HailuoScene(Scene):
    """The emulator, as a caller of MiniMax sees it."""

    async def post(self, path: str = V1, scenario: str = "ok", **fields: object) -> httpx.Response:
        """Send a create; a field that is None is left out."""
        first = {"model": "MiniMax-Hailuo-2.3", "prompt": "a cat"}
        body = (first if path == V1 else BODY_2) | {"callback_url": HOOK} | fields
        given = {name: value for name, value in body.items() if value is not None}
        return await self.http.post(path, json=given, headers={"x-emulator-scenario": scenario})

    async def made(self, path: str = V1, scenario: str = "ok", **fields: object) -> str:
        """Make a task that must be accepted; return its id."""
        answer = await self.post(path, scenario, **fields)
        assert answer.status_code == 200, answer.text
        return str(answer.json()["task_id"])

    async def get(self, name: str) -> dict[str, Any]:
        """Poll a task of v1 that must be found."""
        return await self.found(f"/hailuo/v1/query/video_generation?task_id={name}")

    async def file(self, name: object) -> httpx.Response:
        """Ask for a file."""
        return await self.http.get(f"/hailuo/v1/files/retrieve?file_id={name}")


scene = play_in(HailuoScene)


@scene
async def test_a_video_of_v1_takes_three_steps(stage: HailuoScene) -> None:
    name = await stage.made()
    assert ((await stage.get(name))["status"], stage.calls) == ("Preparing", [])
    await stage.advance(2)
    assert stage.told("status") == ["processing", "success"]
    done = await stage.get(name)
    assert (done["status"], done["base_resp"]["status_code"]) == ("Success", 0)
    file = (await stage.file(done["file_id"])).json()["file"]
    assert file["file_id"] == int(done["file_id"])
    assert file["download_url"].startswith(f"{HOST}/media/")
    assert (await stage.file("1")).status_code == 404


@scene
async def test_a_video_of_v2_has_its_address_in_the_query(stage: HailuoScene) -> None:
    name = await stage.made(V2)
    await stage.advance(2)
    task = (await stage.found(f"/hailuo/v2/query/video_generation/{name}"))["task"]
    assert (task["status"], task["usage"]) == ("succeeded", {"total_tokens": 1200})
    assert task["content"]["url"].startswith(f"{HOST}/media/")
    assert stage.bodies[-1]["task"]["status"] == "succeeded"


@pytest.mark.parametrize("path", [V1, V2])
def test_a_create_needs_the_echo_of_its_callback_url(path: str) -> None:
    @scene
    async def play(stage: HailuoScene) -> None:
        answer = await stage.post(path, callback_url="http://caller.example/mute")
        assert answer.status_code == (200 if path == V1 else 400)
        assert "callback url" in answer.text
        assert "2013" in answer.text
        assert stage.emulator.count_creations() == {}
        assert await stage.made(path, callback_url=None)

    play()


@pytest.mark.parametrize(
    ("path", "fields"),
    [
        (V1, {"model": None}),
        (V1, {"prompt": "a" * 2001}),
        (V1, {"duration": 10, "resolution": "1080P"}),
        (V2, {"content": []}),
        (V2, {"duration": 3}),
        (V2, {"resolution": "1080P"}),
    ],
)
def test_a_mistake_is_told_with_http_200_by_v1_alone(path: str, fields: dict[str, Any]) -> None:
    @scene
    async def play(stage: HailuoScene) -> None:
        answer = await stage.post(path, **fields)
        if path == V1:
            assert (answer.status_code, answer.json()["base_resp"]["status_code"]) == (200, 2013)
        else:
            error = answer.json()["error"]
            assert (answer.status_code, error["type"]) == (400, "bad_request_error")
            assert error["message"].endswith(" (2013)")

    play()


@scene
async def test_refusals_have_codes(stage: HailuoScene) -> None:
    for scenario, code in (("code=1008", 1008), ("refused", 1026), ("rate_limited", 1002)):
        answer = await stage.post(V1, scenario)
        assert (answer.status_code, answer.json()["base_resp"]["status_code"]) == (200, code)
    bad = await stage.http.post(V1, json={}, headers={"authorization": "Bearer x"})
    assert bad.json()["base_resp"]["status_code"] == 1004


@scene
async def test_words_change_what_a_task_looks_like(stage: HailuoScene) -> None:
    number = await stage.made(scenario="file_id_number,no_callback")
    late = await stage.made(scenario="no_file_id=1,file_refused=2,no_callback")
    mute = await stage.made(scenario="failed,no_reason,no_callback")
    early = await stage.made(scenario="callback_early")
    await stage.advance(1)
    assert (stage.told("status"), (await stage.get(early))["status"]) == (["success"], "Processing")
    await stage.advance(1)
    assert isinstance((await stage.get(number))["file_id"], int)
    assert (await stage.get(late))["file_id"] == ""
    file_id = (await stage.get(late))["file_id"]
    found = [(await stage.file(file_id)) for _ in range(3)]
    assert [one.status_code for one in found] == [404, 200, 200]
    assert found[1].json()["base_resp"]["status_code"] == 1026
    assert (await stage.get(mute))["base_resp"]["status_code"] == 0
    again = await stage.http.post("/hailuo/v2/video_regeneration", json={"source_task_id": number})
    assert again.json()["task_id"]
