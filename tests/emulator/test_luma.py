"""Luma's emulator: the Dream Machine API and its callbacks."""

import asyncio
from collections.abc import Coroutine
from datetime import datetime
from typing import Any

import httpx
import pytest

from .luma_scene import BASE, LumaScene, scene
from .scene import HOOK, HOST, NO_ANSWER, until

PICTURE = "https://pictures.example/cat.png"
MEDIA = {"url": "https://videos.example/cat.mp4"}


@scene
async def test_a_video_goes_from_queued_to_completed_and_echoes_its_request(
    stage: LumaScene,
) -> None:
    made = await stage.create(aspect_ratio="9:16", somebodys_field="kept to oneself")
    assert set(made) == {
        *("id", "generation_type", "state", "failure_reason"),
        *("created_at", "model", "assets", "request"),
    }
    assert (made["state"], made["model"], made["assets"]) == ("queued", "ray-2", None)
    assert datetime.strptime(made["created_at"], "%Y-%m-%dT%H:%M:%S.%fZ")  # noqa: DTZ007
    assert made["request"] == {
        "generation_type": "video",
        "prompt": "a cat",
        "model": "ray-2",
        "aspect_ratio": "9:16",
        "callback_url": HOOK,
        "keyframes": None,
        "loop": False,
    }
    await stage.advance(1)
    assert (await stage.get(made))["state"] == "dreaming"
    await stage.advance(1)
    done = await stage.get(made)
    assert (done["state"], done["failure_reason"]) == ("completed", None)
    assert set(done["assets"]) == {"video", "image", "progress_video"}
    video = await stage.http.get(done["assets"]["video"])
    assert video.headers["content-type"] == "video/mp4"
    assert stage.told("state") == ["dreaming", "completed"]
    assert stage.bodies[-1] == done
    assert not [name for name in stage.calls[0].headers if "signature" in name]
    assert stage.emulator.count_creations() == {HOOK: 1}


@scene
async def test_both_bases_show_the_same_generations(stage: LumaScene) -> None:
    made = await stage.create()
    for base in (BASE, "/dream-machine/v1"):
        assert await stage.found(f"{base}/generations/{made['id']}") == made
        assert await stage.found(f"{base}/ping") == {"message": "pong"}
        assert (await stage.found(f"{base}/credits"))["credit_balance"] > 0
        concepts = (await stage.http.get(f"{base}/generations/concepts/list")).json()
        assert all(isinstance(concept, str) for concept in concepts)
    assert (await stage.post("", model="ray-flash-2")).status_code == 201


@scene
async def test_every_create_makes_its_kind_and_echoes_its_type(stage: LumaScene) -> None:
    reframe: dict[str, Any] = {"aspect_ratio": "1:1", "media": MEDIA, "x_start": 3}
    image: dict[str, Any] = {
        "image_ref": [{"url": PICTURE, "weight": 0.5}],
        "character_ref": {"identity0": {"images": [PICTURE]}},
        "format": "png",
    }
    parent = await stage.create()
    await stage.advance(2)
    for path, fields, kind, name in (
        ("/image", image, "image", "image"),
        ("/video/modify", {"media": MEDIA, "mode": "flex_2"}, "video", "modify_video"),
        ("/video/reframe", reframe, "video", "reframe_video"),
        ("/image/reframe", reframe, "image", "reframe_image"),
        (f"/{parent['id']}/upscale", {"resolution": "4k", "model": None}, "video", "upscale_video"),
        (f"/{parent['id']}/audio", {"negative_prompt": "rain"}, "video", "add_audio"),
    ):
        made = await stage.create(path, **fields)
        assert (made["generation_type"], made["request"]["generation_type"]) == (kind, name)
        assert made["request"]["callback_url"] == HOOK
        assert made["model"] in {"ray-2", "photon-1"}
        await stage.advance(2)
        assert (await stage.get(made))["assets"][kind].startswith(f"{HOST}/media/")


@scene
async def test_a_follow_up_needs_a_completed_video_of_the_same_account(stage: LumaScene) -> None:
    young = await stage.create()
    assert (await stage.post(f"/{young['id']}/upscale")).status_code == 400
    image = await stage.create("/image")
    await stage.advance(2)
    assert (await stage.post(f"/{image['id']}/audio")).status_code == 400
    unknown = await stage.post("/no-such-id/upscale")
    assert (unknown.status_code, unknown.json()) == (404, {"detail": "Generation not found"})
    frame = {"frame0": {"type": "generation", "id": young["id"]}}
    assert (await stage.create(keyframes=frame))["request"]["keyframes"] == frame
    frame = {"frame0": {"type": "generation", "id": "no-such-id"}}
    assert (await stage.post(keyframes=frame)).status_code == 404


@pytest.mark.parametrize(
    ("path", "fields", "named"),
    [
        ("/video", {"model": None}, "model"),
        ("/video", {"model": "photon-1"}, "model"),
        ("/video", {"prompt": "ab"}, "prompt"),
        ("/video", {"prompt": "a" * 5001}, "prompt"),
        ("/video", {"aspect_ratio": "2:1"}, "aspect_ratio"),
        ("/video", {"duration": 5}, "duration"),
        ("/video", {"resolution": "480p"}, "resolution"),
        ("/video", {"loop": "yes"}, "loop"),
        ("/video", {"concepts": ["orbit_left"]}, "concepts.0"),
        ("/video", {"keyframes": {"frame0": {"type": "image"}}}, "keyframes.frame0.url"),
        ("/video", {"keyframes": {"frame1": {"type": "film", "url": PICTURE}}}, "frame1.type"),
        ("/video", {"callback_url": "me/cb"}, "callback_url"),
        ("/video", {"callback_url": "ftp://me/cb"}, "callback_url"),
        ("/video", {"generation_type": "image"}, "generation_type"),
        ("/image", {"image_ref": [{"url": PICTURE}] * 5}, "image_ref"),
        ("/image", {"image_ref": [{"url": "data:image/png;base64,AA=="}]}, "image_ref.0.url"),
        ("/image", {"character_ref": {"identity0": {"images": []}}}, "identity0.images"),
        ("/image", {"format": "gif"}, "format"),
        ("/image", {"sync": 1}, "sync"),
        ("/video/modify", {"media": MEDIA}, "mode"),
        ("/video/modify", {"media": MEDIA, "mode": "flex_4"}, "mode"),
        ("/video/modify", {"mode": "flex_1"}, "media"),
        ("/video/reframe", {"media": MEDIA}, "aspect_ratio"),
        ("/video/reframe", {"media": MEDIA, "aspect_ratio": "1:1", "x_end": 1.5}, "x_end"),
        ("/image/reframe", {"media": {}, "aspect_ratio": "1:1"}, "media.url"),
    ],
)
def test_a_create_is_refused_by_the_name_of_its_field(
    path: str, fields: dict[str, Any], named: str
) -> None:
    @scene
    async def play(stage: LumaScene) -> None:
        answer = await stage.post(path, **fields)
        assert answer.status_code == 400
        assert named in answer.json()["detail"]
        assert stage.emulator.count_creations() == {}

    play()


@scene
async def test_a_wrong_key_path_and_body_are_refused_with_a_detail(stage: LumaScene) -> None:
    url = f"{BASE}/generations"
    for headers in ({"authorization": "Bearer x"}, {"authorization": "emulator-key"}):
        for answer in (
            await stage.http.get(url, headers=headers),
            await stage.http.post(f"{url}/video", headers=headers, json={"model": "ray-2"}),
            await stage.http.get(f"{BASE}/ping", headers=headers),
        ):
            assert (answer.status_code, list(answer.json())) == (401, ["detail"])
    for answer, status in (
        (await stage.http.get(f"{url}/no-such-id"), 404),
        (await stage.http.get(f"{BASE}/nothing"), 404),
        (await stage.http.put(url), 405),
        (await stage.http.post(f"{url}/video", content=b"[]"), 400),
        (await stage.http.get(f"{url}?limit=many"), 400),
        (await stage.post(scenario="refused"), 400),
    ):
        assert (answer.status_code, list(answer.json())) == (status, ["detail"])


@scene
async def test_a_list_pages_newest_first_and_finds_a_lost_submit_by_its_url(
    stage: LumaScene,
) -> None:
    lost = await stage.post(scenario="cut_after_accept", callback_url=f"{HOOK}-of-the-lost")
    assert lost.status_code == 502  # without a server that can cut: its page
    made = [await stage.create() for _ in range(2)]
    page = await stage.found(f"{BASE}/generations?limit=2")
    assert [each["id"] for each in page["generations"]] == [made[1]["id"], made[0]["id"]]
    facts = {name: page[name] for name in ("count", "has_more", "limit", "offset")}
    assert facts == {"count": 2, "has_more": True, "limit": 2, "offset": 0}
    page = await stage.found(f"{BASE}/generations?limit=2&offset=2")
    assert (page["count"], page["has_more"]) == (1, False)
    assert page["generations"][0]["request"]["callback_url"] == f"{HOOK}-of-the-lost"


@scene
async def test_a_callback_is_delivered_by_exactly_200_within_three_quick_repeats(
    stage: LumaScene,
) -> None:
    stage.answers += [204, 500, NO_ANSWER, 301]
    await stage.create(scenario="final_only")
    await stage.advance(2)
    assert len(stage.calls) == 1
    await stage.advance(0.3)
    assert len(stage.calls) == 4
    assert len({call.content for call in stage.calls}) == 1
    assert {call.extensions["timeout"]["read"] for call in stage.calls} == {5.0}
    await stage.advance(3600)
    assert len(stage.calls) == 4
    stage.calls.clear()
    stage.answers += [204, 200]
    await stage.create(scenario="final_only")
    await stage.advance(3600)
    assert len(stage.calls) == 2


@scene
async def test_a_failure_tells_its_reason_and_shows_no_assets(stage: LumaScene) -> None:
    made = await stage.create(scenario="failed,progress_video")
    await stage.advance(2)
    found = await stage.get(made)
    assert (found["state"], found["assets"]) == ("failed", None)
    assert found["failure_reason"]
    assert stage.told("state") == ["dreaming", "failed"]


@scene
async def test_an_image_with_sync_holds_the_create_until_it_is_done(stage: LumaScene) -> None:
    for limit, seconds, state in ((None, 2, "completed"), (1.5, 1.5, "dreaming")):
        asking: Coroutine[Any, Any, httpx.Response] = stage.post(
            "/image", sync=True, sync_timeout=limit
        )
        held = asyncio.create_task(asking)
        # The generation's two steps, and the end of the wait.
        await until(lambda: stage.clock.count_planned() == 3)
        assert not held.done()
        await stage.advance(seconds)
        assert (await held).json()["state"] == state
        stage.emulator.reset()


@scene
async def test_an_image_may_be_completed_when_its_create_is_answered(stage: LumaScene) -> None:
    made = await stage.create("/image", "sync_image")
    assert made["state"] == "completed"
    assert made["assets"]["image"]
    assert stage.told("state") == ["dreaming", "completed"]
