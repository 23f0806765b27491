"""The emulator of Recraft and of OpenAI's pictures: shapes, forms, prices, and their lies."""

from typing import Any

import httpx

from .scene import Scene, play_in

BASE = "/recraft/v1/images"
OPENAI = "/openai/v1"


class PictureScene(Scene):
    """The emulator, as a caller sees it who waits for pictures."""

    async def draw(self, path: str, scenario: str = "ok", **fields: object) -> httpx.Response:
        """Ask for pictures in JSON, and wait for them."""
        headers = {"x-emulator-scenario": scenario}
        body = {"prompt": "a cat", **fields}
        return await self.while_time_passes(self.http.post(path, json=body, headers=headers))

    async def shown(self, path: str, scenario: str = "ok", **fields: object) -> dict[str, Any]:
        """Return the answer to a call that must succeed."""
        answer = await self.draw(path, scenario, **fields)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found


scene = play_in(PictureScene)


@scene
async def test_recraft_tells_the_price_of_pictures_and_what_is_left(stage: PictureScene) -> None:
    made = await stage.shown(f"{BASE}/generations", n=2)
    assert (made["credits"], len(made["data"]), "url" in made["data"][0]) == (80, 2, True)
    file = {"file": ("a.png", b"hello", "image/png")}
    call = stage.http.post(f"{BASE}/crispUpscale", files=file)
    tool = (await stage.while_time_passes(call)).json()
    assert (tool["credits"], "image_id" in tool["image"]) == (4, True)
    assert (await stage.found("/recraft/v1/users/me"))["credits"] == 10_000 - 84


@scene
async def test_recraft_refuses_what_it_cannot_make(stage: PictureScene) -> None:
    for scenario, fields, status in (
        ("no_units", {}, 402),
        ("ok", {"n": 7}, 400),
        ("ok", {"prompt": ""}, 400),
    ):
        answer = await stage.draw(f"{BASE}/generations", scenario, **fields)
        assert (answer.status_code, set(answer.json())) == (status, {"code", "message"})
    form = await stage.http.post(f"{BASE}/vectorize", data={"file": "no file"}, files={"x": b"1"})
    assert form.status_code == 400


@scene
async def test_recraft_lies_as_its_scenarios_have_it(stage: PictureScene) -> None:
    path = f"{BASE}/generations"
    assert len((await stage.shown(path, "one_less", n=3))["data"]) == 2
    assert (await stage.shown(path, "no_picture"))["data"] == []
    assert "credits" not in await stage.shown(path, "no_credits_told")
    assert (await stage.shown(path, "nsfw"))["data"][0]["features"]["nsfw_score"] > 0.9


@scene
async def test_openai_draws_whole_in_events_and_not_at_all(stage: PictureScene) -> None:
    path = f"{OPENAI}/images/generations"
    made = await stage.shown(path, n=2)
    assert (len(made["data"]), made["usage"]["output_tokens"]) == (2, 4160)
    events = (await stage.draw(path, stream=True, partial_images=2)).text
    assert events.count("event: image_generation.partial_image") == 2
    assert events.count("event: image_generation.completed") == 1
    lost = await stage.draw(path, "gateway_timeout")
    assert (lost.status_code, "html" in lost.text) == (524, True)
    blocked = await stage.draw(path, "refused")
    assert (blocked.status_code, blocked.json()["error"]["code"]) == (400, "moderation_blocked")


@scene
async def test_openai_tells_its_endpoints_of_the_end_of_a_response(stage: PictureScene) -> None:
    url = "http://caller.example/hooks"
    made = await stage.http.post(f"{OPENAI}/webhook_endpoints", json={"url": url})
    assert made.json()["signing_secret"].startswith("whsec_")
    body = {"model": "gpt-6", "input": "a cat", "background": True, "tools": [{"type": "x"}]}
    first = (await stage.http.post(f"{OPENAI}/responses", json=body)).json()
    assert first["status"] == "queued"
    await stage.advance(2)
    done = await stage.found(f"{OPENAI}/responses/{first['id']}")
    assert (done["status"], len(done["output"])) == ("completed", 1)
    [event] = stage.bodies
    assert (event["type"], event["data"]) == ("response.completed", {"id": first["id"]})
    assert stage.calls[0].headers["webhook-signature"].startswith("v1,")
    in_front = await stage.http.post(f"{OPENAI}/responses", json=body | {"background": False})
    assert in_front.status_code == 400
