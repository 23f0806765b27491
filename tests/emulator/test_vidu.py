"""Vidu's emulator: the creates, the signed callbacks, the list, and the lies."""

from typing import Any

import httpx
import pytest

from tracker.emulator.providers.vidu.signing import compute_signature

from .scene import HOOK, HOST, Scene, play_in

BASE = "/vidu/ent/v2"
PICTURE = "https://pictures.example/a.png"


class ViduScene(Scene):
    """The emulator, as a caller of Vidu sees it."""

    async def post(
        self, name: str = "text2video", scenario: str = "ok", **fields: object
    ) -> httpx.Response:
        """Send a create; a field that is None is left out."""
        body = {"model": "viduq2-pro", "prompt": "a cat", "payload": "t1", "callback_url": HOOK}
        given = {name: value for name, value in (body | fields).items() if value is not None}
        headers = {"x-emulator-scenario": scenario, "authorization": "Token emulator-key"}
        return await self.http.post(f"{BASE}/{name}", json=given, headers=headers)

    async def made(self, scenario: str = "ok", **fields: object) -> str:
        """Make a task that must be accepted; return its id."""
        answer = await self.post("text2video", scenario, **fields)
        assert answer.status_code == 200, answer.text
        return str(answer.json()["task_id"])

    async def get(self, name: str) -> dict[str, Any]:
        """Poll a task that must be found."""
        return await self.found(f"{BASE}/tasks/{name}/creations")

    async def listed(self, **asked: str | int) -> list[dict[str, Any]]:
        """Return a page of the list."""
        names = {name.replace("__", "."): value for name, value in asked.items()}
        answer = await self.http.get(f"{BASE}/tasks", params=names)
        assert answer.status_code == 200, answer.text
        found: list[dict[str, Any]] = answer.json()["tasks"]
        return found


scene = play_in(ViduScene)


@scene
async def test_each_change_is_called_back_and_its_request_line_signed(stage: ViduScene) -> None:
    name = await stage.made(duration=5)
    assert (await stage.get(name))["state"] == "created"
    await stage.advance(2)
    assert stage.told("state") == ["processing", "success"]
    done = await stage.get(name)
    assert stage.bodies[-1] == done
    assert (done["payload"], done["credits"]) == ("t1", 10)
    assert done["creations"][0]["url"].startswith(f"{HOST}/media/")
    headers = stage.calls[-1].headers
    signed = {"Date": headers["date"], "x-request-nonce": headers["x-request-nonce"]}
    assert headers["x-hmac-signature"] == compute_signature("emulator-key", HOOK, signed)
    assert headers["x-hmac-signed-headers"] == "Date;x-request-nonce"


def test_the_signature_is_that_of_the_documentation() -> None:
    """https://platform.vidu.com/docs/callback-signature, read 2026-11-28: the query as it is."""
    signed = {
        "Date": "Tue, 06 May 2025 12:09:42 GMT",
        "x-request-nonce": "123e4567-e89b-12d3-a456-426614174000",
    }
    urls = ("http://127.0.0.1:8080/vidu/callback?name=james&age=36", "http://x/vidu/callback")
    assert len({compute_signature(key, url, signed) for url in urls for key in "ab"}) == 4


@scene
async def test_an_end_is_sent_again_three_times_and_processing_never(stage: ViduScene) -> None:
    await stage.made()
    stage.answers = [500] * 9
    await stage.advance(60)
    assert stage.told("state") == ["processing", *["success"] * 4]


@pytest.mark.parametrize(
    ("name", "fields"),
    [
        ("img2video", {"images": [PICTURE]}),
        ("reference2video", {"images": [PICTURE] * 3}),
        ("start-end2video", {"images": [PICTURE] * 2}),
        ("extend", {"video_url": "https://videos.example/a.mp4"}),
        ("multiframe", {"start_image": PICTURE, "image_settings": [{"key_image": PICTURE}] * 2}),
        ("template", {"model": None, "template": "hug", "images": [PICTURE]}),
    ],
)
def test_every_create_makes_a_task(name: str, fields: dict[str, Any]) -> None:
    @scene
    async def play(stage: ViduScene) -> None:
        answer = await stage.post(name, **fields)
        assert (answer.status_code, answer.json().get("state")) == (200, "created")

    play()


@pytest.mark.parametrize(
    ("name", "fields"),
    [
        ("text2video", {"prompt": None}),
        ("text2video", {"duration": 17}),
        ("img2video", {"images": ["aGVsbG8="]}),
        ("start-end2video", {"images": [PICTURE]}),
        ("multiframe", {"start_image": PICTURE, "image_settings": [{"key_image": PICTURE}]}),
    ],
)
def test_a_create_is_refused_for_its_fields(name: str, fields: dict[str, Any]) -> None:
    @scene
    async def play(stage: ViduScene) -> None:
        answer = await stage.post(name, **fields)
        assert (answer.status_code, answer.json()["code"]) == (400, 400)
        assert stage.emulator.count_creations() == {}

    play()


@scene
async def test_only_what_has_not_begun_is_cancelled(stage: ViduScene) -> None:
    early, late = await stage.made("hold"), await stage.made("no_callback")
    answer = await stage.http.post(f"{BASE}/tasks/{early}/cancel", json={"id": early})
    assert (answer.status_code, answer.json()) == (200, {})
    assert ((await stage.get(early))["state"], (await stage.get(early))["credits"]) == ("failed", 0)
    await stage.advance(1)
    answer = await stage.http.post(f"{BASE}/tasks/{late}/cancel", json={"id": late})
    assert (answer.status_code, answer.json()["reason"]) == (400, "TaskStateInvalid")


@scene
async def test_the_list_is_filtered_and_paged(stage: ViduScene) -> None:
    made = [await stage.made("no_callback", payload=f"t{number}") for number in range(12)]
    await stage.advance(2)
    await stage.made("hold")
    assert len(await stage.listed()) == 10
    assert len(await stage.listed(pager__pagesz=100)) == 13
    assert len(await stage.listed(pager__page=1)) == 3
    assert [one["id"] for one in await stage.listed(task_ids=made[3])] == [made[3]]
    assert len(await stage.listed(states="success", pager__pagesz=50)) == 12
    assert await stage.listed(created_at__from="2999-01-01T00:00:00Z") == []
    bad = await stage.http.get(f"{BASE}/tasks", params={"created_at.from": "soon"})
    assert bad.status_code == 400


@scene
async def test_words_change_what_a_task_looks_like(stage: ViduScene) -> None:
    empty = await stage.made("empty_creations=1,no_callback")
    odd = await stage.made("code_in_success,no_callback")
    slow = await stage.made("off_peak,no_callback")
    await stage.made("payload_hidden,hold")
    await stage.advance(2)
    assert [bool((await stage.get(empty))["creations"]) for _ in range(2)] == [False, True]
    assert (await stage.get(odd))["err_code"] == "CreationPolicyViolation"
    assert (await stage.get(slow))["state"] == "created"
    assert ["payload" in one for one in await stage.listed()] == [False, True, True, True]
    await stage.advance(48 * 3600)
    assert (await stage.get(slow))["state"] == "success"


@scene
async def test_words_change_what_is_called_back(stage: ViduScene) -> None:
    await stage.made("late_processing,final_only")
    await stage.made("body_altered,final_only")
    await stage.made("prefix_stripped,final_only")
    await stage.advance(2)
    assert sorted(stage.told("state")) == ["failed", "processing", "success", "success"]
    assert sorted(call.url.path for call in stage.calls) == [*["/hooks/token"] * 3, "/token"]


@scene
async def test_credits_are_told(stage: ViduScene) -> None:
    remains = (await stage.found(f"{BASE}/credits"))["remains"]
    assert remains[0]["concurrency_limit"] == 5
    nobody = await stage.http.get(f"{BASE}/credits", headers={"authorization": "Token x"})
    assert (nobody.status_code, nobody.json()["reason"]) == (401, "Unauthorized")
