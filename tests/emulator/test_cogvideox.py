"""CogVideoX's emulator: the API, its codes and its lies."""

from typing import Any

import httpx
import pytest

from .scene import Scene, play_in

BASE = "/cogvideox/api/paas/v4"
BODY: dict[str, Any] = {"model": "cogvideox-3", "prompt": "a cat", "quality": None}


class CogVideoScene(Scene):
    """The emulator, as a caller of CogVideoX sees it."""

    async def post(
        self, path: str = "/videos/generations", scenario: str = "ok", **fields: object
    ) -> httpx.Response:
        """Send a create."""
        headers = {"x-emulator-scenario": scenario}
        return await self.http.post(BASE + path, json=BODY | fields, headers=headers)

    async def create(self, scenario: str = "ok", **fields: object) -> str:
        """Make a video that must be accepted; return its id."""
        answer = await self.post("/videos/generations", scenario, **fields)
        assert answer.status_code == 200, answer.text
        return str(answer.json()["id"])

    async def get(self, name: str) -> dict[str, Any]:
        """Poll a task that must be found."""
        return await self.found(f"{BASE}/async-result/{name}")


scene = play_in(CogVideoScene)


@scene
async def test_a_video_goes_from_processing_to_success(stage: CogVideoScene) -> None:
    made = (await stage.post(request_id="order-42")).json()
    assert set(made) == {"id", "model", "request_id", "task_status"}
    assert (made["request_id"], made["task_status"]) == ("order-42", "PROCESSING")
    assert made["id"].isdigit()
    await stage.advance(2)
    done = await stage.get(made["id"])
    assert done["task_status"] == "SUCCESS"
    (video,) = done["video_result"]
    assert set(video) == {"url", "cover_image_url"}
    assert (await stage.http.get(video["url"])).headers["content-type"] == "video/mp4"
    by_name = await stage.http.get(f"{BASE}/async-result/order-42")
    assert by_name.status_code == 404  # nothing is found by our id
    for base in ("/api/paas/v4", "/cogvideox/v4"):
        assert (await stage.found(f"{base}/async-result/{made['id']}"))["id"] == made["id"]


@scene
async def test_pictures_are_made_later_or_at_once(stage: CogVideoScene) -> None:
    later = (await stage.post("/async/images/generations")).json()
    await stage.advance(2)
    assert (await stage.get(later["id"]))["image_result"][0]["url"]
    at_once = (await stage.post("/images/generations")).json()
    assert set(at_once) == {"created", "data"}


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"model": None}, "model"),
        ({"prompt": None}, "prompt"),
        ({"prompt": "a" * 513}, "prompt"),
        ({"request_id": "short"}, "request_id"),
        ({"duration": "5"}, "duration"),
        ({"image_url": [5]}, "image_url"),
        ({"quality": "best"}, "quality"),
    ],
)
def test_a_create_is_refused_by_the_name_of_its_field(fields: dict[str, Any], named: str) -> None:
    @scene
    async def play(stage: CogVideoScene) -> None:
        answer = await stage.post(**fields)
        assert (answer.status_code, answer.json()["error"]["code"]) == (400, "1210")
        assert named in answer.json()["error"]["message"]
        assert stage.emulator.count_creations() == {}

    play()


@pytest.mark.parametrize(
    ("scenario", "status", "code"),
    [
        ("arrears", 429, "1113"),
        ("quota", 429, "1308"),
        ("busy", 429, "1302"),
        ("rate_limited", 429, "1303"),
        ("refused", 400, "1301"),
        ("error_lost", 500, "500"),
    ],
)
def test_a_create_is_refused_with_a_code(scenario: str, status: int, code: str) -> None:
    @scene
    async def play(stage: CogVideoScene) -> None:
        answer = await stage.post(scenario=scenario)
        assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)
        assert stage.emulator.count_creations() == {}

    play()


@scene
async def test_a_second_request_id_is_refused_although_the_first_answer_was_lost(
    stage: CogVideoScene,
) -> None:
    assert (await stage.post(scenario="error_created", request_id="order-42")).status_code == 500
    for scenario, status in (("ok", 400), ("exists_status=409", 409)):
        again = await stage.post(scenario=scenario, request_id="order-42")
        assert (again.status_code, again.json()["error"]["code"]) == (status, "1231")
    assert stage.emulator.count_creations() == {"order-42": 1}


@scene
async def test_words_change_what_a_task_looks_like(stage: CogVideoScene) -> None:
    names = {
        word: await stage.create(word)
        for word in ("no_id", "empty_result=1", "result_object", "lower_case")
    }
    mute = await stage.create("failed,fail_without_error")
    coded = await stage.create("moderated,code_number")
    await stage.advance(2)
    assert "id" not in await stage.get(names["no_id"])
    empty = [await stage.get(names["empty_result=1"]) for _ in range(2)]
    assert ["video_result" in one for one in empty] == [False, True]
    assert isinstance((await stage.get(names["result_object"]))["video_result"], dict)
    assert (await stage.get(names["lower_case"]))["task_status"] == "success"
    assert "error" not in await stage.get(mute)
    assert (await stage.get(coded))["error"]["code"] == 1301
    assert stage.calls == []


@scene
async def test_a_wrong_key_is_refused(stage: CogVideoScene) -> None:
    bad = {"authorization": "Bearer x"}
    answer = await stage.http.get(f"{BASE}/async-result/1", headers=bad)
    assert (answer.status_code, answer.json()["error"]["code"]) == (401, "1000")
