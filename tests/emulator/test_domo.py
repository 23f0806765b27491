"""Domo's emulator: the official API, its callbacks and its lies."""

from typing import Any

import httpx
import pytest

from .scene import HOOK, HOST, Scene, play_in

BASE = "/domo/v1"
MEDIA = {"bytes_base64_encoded": "aGVsbG8="}


class DomoScene(Scene):
    """The emulator, as a caller of Domo sees it."""

    async def post(
        self, name: str = "text2video", scenario: str = "ok", **fields: object
    ) -> httpx.Response:
        """Send a create; a field that is None is left out."""
        body = {"prompt": "a cat", "seconds": 5, "callback_url": HOOK} | fields
        return await self.http.post(
            f"{BASE}/video/{name}",
            json={field: value for field, value in body.items() if value is not None},
            headers={"x-emulator-scenario": scenario},
        )

    async def made(self, scenario: str = "ok") -> str:
        """Make a task that must be accepted; return its id."""
        answer = await self.post("text2video", scenario)
        assert answer.status_code == 200, answer.text
        return str(answer.json()["data"]["task_id"])

    async def get(self, name: str) -> dict[str, Any]:
        """Poll a task that must be found."""
        found: dict[str, Any] = (await self.found(f"{BASE}/tasks/{name}"))["data"]
        return found


scene = play_in(DomoScene)


@scene
async def test_each_change_is_called_back_with_the_whole_task(stage: DomoScene) -> None:
    name = await stage.made()
    assert (await stage.get(name))["status"] == "PENDING"
    await stage.advance(2)
    assert stage.told("status") == ["PROCESSING", "SUCCESS"]
    done = await stage.get(name)
    assert stage.bodies[-1] == done
    assert (done["category"], done["callback_url"], done["credits"]) == ("TEXT_TO_VIDEO", HOOK, 10)
    assert done["output_videos"][0]["url"].startswith(f"{HOST}/media/")
    assert not [field for field in stage.calls[0].headers if "signature" in field]


@pytest.mark.parametrize(
    ("name", "fields"),
    [
        ("image2video", {"model": "animate-2.4-faster", "image": MEDIA}),
        ("template2video", {"template": "hug", "images": [MEDIA]}),
        ("video2video", {"model": "illustration-v20", "video": {"domoai_uri": "domoai://1234"}}),
        ("talking-avatar", {"image": MEDIA, "audio": MEDIA, "seconds": 60}),
    ],
)
def test_every_create_makes_a_task(name: str, fields: dict[str, Any]) -> None:
    @scene
    async def play(stage: DomoScene) -> None:
        answer = await stage.post(name, **fields)
        assert (answer.status_code, answer.json()["code"]) == (200, 0)

    play()


@pytest.mark.parametrize(
    ("name", "fields", "named"),
    [
        ("text2video", {"seconds": None}, "seconds"),
        ("text2video", {"seconds": 11}, "seconds"),
        ("text2video", {"prompt": None}, "prompt"),
        ("image2video", {"model": "m", "image": {"bytes_base64_encoded": "data:x"}}, "image"),
        ("template2video", {"template": "hug", "images": [MEDIA, MEDIA]}, "images"),
        ("talking-avatar", {"image": MEDIA, "audio": MEDIA, "seconds": 61}, "seconds"),
    ],
)
def test_a_create_is_refused_by_the_name_of_its_field(
    name: str, fields: dict[str, Any], named: str
) -> None:
    @scene
    async def play(stage: DomoScene) -> None:
        answer = await stage.post(name, **fields)
        assert answer.status_code == 422
        assert answer.json()["detail"][0]["loc"] == ["body", named]
        assert stage.emulator.count_creations() == {}

    play()


@scene
async def test_a_create_is_refused_by_status_and_code(stage: DomoScene) -> None:
    for scenario, status, code in (
        ("banned", 403, 4002),
        ("no_credits", 402, 2001),
        ("code_in_200", 200, 5000),
    ):
        answer = await stage.post("text2video", scenario)
        assert (answer.status_code, answer.json()["code"]) == (status, code)
    bad = await stage.http.get(f"{BASE}/tasks/1", headers={"authorization": "Bearer x"})
    assert bad.status_code == 401
    assert (await stage.http.get(f"{BASE}/tasks/1")).status_code == 404


@scene
async def test_words_change_what_a_task_looks_like(stage: DomoScene) -> None:
    late = await stage.made("url_late=1,no_callback")
    odd = await stage.made("null_created_at,new_category")
    ended = await stage.made("canceled")
    await stage.advance(2)
    assert [bool((await stage.get(late))["output_videos"]) for _ in range(2)] == [False, True]
    shown = await stage.get(odd)
    assert (shown["created_at"], shown["category"]) == (None, "DREAM_TO_VIDEO")
    assert (await stage.get(ended))["status"] == "CANCELED"


@scene
async def test_an_upload_gives_a_uri(stage: DomoScene) -> None:
    answer = await stage.http.post(f"{BASE}/upload/file", json={"filename": "cat.png"})
    assert set(answer.json()["data"]) == {"presigned_url", "domoai_uri"}
    assert (await stage.http.post(f"{BASE}/upload/file", json={})).status_code == 400
