"""Pika's emulator: a gateway, ComfyUI's proxy, and their lies."""

from typing import Any

import httpx
import pytest

from .scene import HOST, Scene, play_in

FORMS = "/proxy/pika/generate"
PICTURE = ("a.png", b"\x89PNG\r\n\x00\xff", "image/png")


class PikaScene(Scene):
    """The emulator, as a caller of Pika sees it."""

    async def generate(self, scenario: str = "ok", **fields: object) -> httpx.Response:
        """Send a create to the gateway."""
        headers = {"x-emulator-scenario": scenario}
        return await self.http.post("/pika/generate", json=fields, headers=headers)

    async def made(self, scenario: str = "ok") -> str:
        """Make a task that must be accepted; return its id."""
        answer = await self.generate(scenario, promptText="a cat")
        assert answer.status_code == 200, answer.text
        return str(answer.json()["id"])

    async def videos(self, name: str) -> list[dict[str, Any]]:
        """Return the videos of a task."""
        found: list[dict[str, Any]] = (await self.found(f"/pika/feed/{name}"))["videos"]
        return found


scene = play_in(PikaScene)


@scene
async def test_a_container_goes_from_queued_to_finished(stage: PikaScene) -> None:
    name = await stage.made()
    seen = [(await stage.videos(name))[0]["status"]]
    for _ in range(2):
        await stage.advance(1)
        seen.append((await stage.videos(name))[0]["status"])
    assert seen == ["queued", "pending", "finished"]
    (video,) = await stage.videos(name)
    assert video["resultUrl"].startswith(f"{HOST}/media/")
    assert await stage.found(f"/pika/feed/?id={name}") == await stage.found(f"/pika/feed/{name}")
    assert stage.calls == []


@scene
async def test_words_change_what_a_container_looks_like(stage: PikaScene) -> None:
    names = {
        word: await stage.made(word)
        for word in ("empty_first=1", "two_videos", "videos_split", "finished_no_url=1")
    }
    quiet = await stage.made("progress_null")
    assert [len(await stage.videos(names["empty_first=1"])) for _ in range(2)] == [0, 1]
    assert (await stage.videos(quiet))[0]["progress"] is None
    await stage.advance(2)
    assert len(await stage.videos(names["two_videos"])) == 2
    split = await stage.videos(names["videos_split"])
    assert [one["status"] for one in split] == ["error", "finished"]
    late = [await stage.videos(names["finished_no_url=1"]) for _ in range(2)]
    assert [bool(one[0]["resultUrl"]) for one in late] == [False, True]


@pytest.mark.parametrize(
    ("path", "fields", "files"),
    [
        ("2.2/t2v", {"promptText": "a cat"}, []),
        ("2.2/i2v", {}, ["image"]),
        ("2.2/pikaframes", {"promptText": "a cat"}, ["keyFrames", "keyFrames"]),
        ("2.2/pikascenes", {"ingredientsMode": "creative"}, ["images"]),
        ("pikadditions", {}, ["video", "image"]),
        ("pikaswaps", {"modifyRegionRoi": "the cat"}, ["video"]),
        ("pikaffects", {"pikaffect": "Melt"}, ["image"]),
    ],
)
def test_every_form_makes_a_video(path: str, fields: dict[str, str], files: list[str]) -> None:
    @scene
    async def play(stage: PikaScene) -> None:
        sent = [(name, PICTURE) for name in files]
        answer = await stage.http.post(f"{FORMS}/{path}", data=fields, files=sent or None)
        assert answer.status_code == 200, answer.text
        await stage.advance(2)
        done = await stage.found(f"/proxy/pika/videos/{answer.json()['video_id']}")
        assert (done["status"], bool(done["url"])) == ("finished", True)

    play()


@scene
async def test_what_is_missing_or_no_form_is_refused(stage: PikaScene) -> None:
    for answer in (
        await stage.generate(pikaffect="Melt", promptText="x"),
        await stage.generate(model="2.0"),
        await stage.http.post(f"{FORMS}/2.2/t2v", json={"promptText": "x"}),
        await stage.http.post(f"{FORMS}/2.2/t2v", data={"seed": "7"}),
        await stage.http.post(f"{FORMS}/2.2/i2v", data={"image": "x"}),
    ):
        assert (answer.status_code, list(answer.json())) == (400, ["error"])
    unknown = await stage.http.get("/pika/feed/nobody")
    assert unknown.status_code == 404
    assert stage.emulator.count_creations() == {}


@scene
async def test_a_failure_has_a_reason_at_a_gateway_alone(stage: PikaScene) -> None:
    name = await stage.made("failed")
    headers = {"x-emulator-scenario": "failed"}
    form = await stage.http.post(f"{FORMS}/2.2/t2v", data={"promptText": "x"}, headers=headers)
    await stage.advance(2)
    assert (await stage.videos(name))[0]["error"]
    failed = await stage.found(f"/proxy/pika/videos/{form.json()['video_id']}")
    assert failed == {"id": failed["id"], "status": "failed", "progress": 42, "url": None}
