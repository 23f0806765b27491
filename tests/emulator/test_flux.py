"""Flux's emulator: two regions, moderation, signed webhooks, results that die, and its lies."""

import hmac
from hashlib import sha256
from typing import Any

import httpx
import pytest

from .scene import HOOK, HOST, KEY, Scene, play_in

BASE, ELSEWHERE, GATEWAY = "/bfl/v1", "/bfl-eu/v1", "/flux/v1"
OWN_KEY = {"x-key": "emulator-key"}


class FluxScene(Scene):
    """The emulator, as a caller of Flux sees it."""

    async def post(
        self, endpoint: str = "flux-2-pro", scenario: str = "ok", **fields: Any
    ) -> httpx.Response:
        """Send a create; a field that is None is left out."""
        body = {"prompt": "a cat"} | fields
        return await self.http.post(
            f"{BASE}/{endpoint}",
            json={field: value for field, value in body.items() if value is not None},
            headers={**OWN_KEY, "x-emulator-scenario": scenario},
        )

    async def made(self, scenario: str = "ok", **fields: Any) -> dict[str, Any]:
        """Make a task that must be accepted; return the answer."""
        answer = await self.post(scenario=scenario, **fields)
        assert answer.status_code == 200, answer.text
        body: dict[str, Any] = answer.json()
        return body

    async def get(self, url: str) -> dict[str, Any]:
        """Poll at a URL."""
        answer = await self.http.get(url, headers=OWN_KEY)
        assert answer.status_code == 200, answer.text
        body: dict[str, Any] = answer.json()
        return body


scene = play_in(FluxScene)


@scene
async def test_a_task_lives_in_the_region_that_its_poll_url_names(stage: FluxScene) -> None:
    made = await stage.made()
    assert made["polling_url"] == f"{HOST}{ELSEWHERE}/get_result?id={made['id']}"
    assert (made["cost"], made["output_mp"]) == (4.0, 1.05)
    assert (await stage.get(made["polling_url"]))["status"] == "Pending"
    elsewhere = await stage.get(f"{BASE}/get_result?id={made['id']}")
    assert (elsewhere["status"], elsewhere["result"]) == ("Task not found", None)
    await stage.advance(2)
    done = await stage.get(made["polling_url"])
    assert (done["status"], done["cost"], done["result"]["seed"]) == ("Ready", 4.0, 42)
    assert done["result"]["duration"] == 1.0


@scene
async def test_a_sample_dies_after_ten_minutes_and_no_poll_renews_it(stage: FluxScene) -> None:
    made = await stage.made()
    await stage.advance(2)
    sample = (await stage.get(made["polling_url"]))["result"]["sample"]
    assert (await stage.http.get(sample)).headers["content-type"] == "image/png"
    await stage.advance(601)
    assert (await stage.get(made["polling_url"]))["result"]["sample"] == sample
    assert (await stage.http.get(sample)).status_code == 403


@scene
async def test_a_create_with_a_webhook_names_no_poll_url_and_is_called_back_once(
    stage: FluxScene,
) -> None:
    made = await stage.made(webhook_url=HOOK, webhook_secret="of-this-create")
    assert made == {"id": made["id"], "status": "Pending", "webhook_url": HOOK}
    both = await stage.made("poll_url_too", webhook_url=HOOK)
    assert both["polling_url"]
    await stage.advance(2)
    first = next(call for call in stage.calls if made["id"] in call.content.decode())
    digest = hmac.digest(b"of-this-create", first.content, sha256).hex()
    assert first.headers["x-bfl-signature"] == f"sha256={digest}"
    assert stage.told("status") == ["Ready", "Ready"]
    unsigned = next(call for call in stage.calls if both["id"] in call.content.decode())
    assert "x-bfl-signature" not in unsigned.headers
    assert (await stage.get(f"{BASE}/get_result?id={made['id']}"))["status"] == "Ready"


@pytest.mark.parametrize("word", ["request_moderated", "content_moderated", "failed"])
def test_a_failure_is_told_by_its_word(word: str) -> None:
    @scene
    async def play(stage: FluxScene) -> None:
        made = await stage.made(word, webhook_url=HOOK)
        await stage.advance(2)
        told = (await stage.get(f"{BASE}/get_result?id={made['id']}"))["status"]
        assert told == ("Error" if word == "failed" else word.replace("_", " ").title())
        assert stage.told("status") == [told]

    play()


@scene
async def test_a_lost_webhook_is_tried_four_times(stage: FluxScene) -> None:
    stage.answers += [500] * 9
    await stage.made(webhook_url=HOOK)
    await stage.advance(600)
    assert len(stage.calls) == 4


@scene
async def test_a_video_reasons_and_generates(stage: FluxScene) -> None:
    made = (await stage.post("flux-3-video", mode="t2v", draft=True)).json()
    words = []
    for _ in range(3):
        await stage.advance(0.7)
        words.append((await stage.get(made["polling_url"]))["status"])
    assert words == ["Reasoning", "Generating", "Ready"]
    result = (await stage.get(made["polling_url"]))["result"]
    assert result["draft_cache"].startswith(HOST)
    assert (await stage.http.get(result["sample"])).headers["content-type"] == "video/mp4"


@scene
async def test_words_change_what_a_task_looks_like(stage: FluxScene) -> None:
    made = {word: await stage.made(word) for word in ("state_field", "null_cost", "no_sample=1")}
    await stage.advance(2)
    seen = {word: [await stage.get(one["polling_url"])] for word, one in made.items()}
    assert seen["state_field"][0]["state"] == "ready"
    assert "status" not in seen["state_field"][0]
    assert (made["null_cost"]["cost"], seen["null_cost"][0]["cost"]) == (None, None)
    assert seen["no_sample=1"][0]["result"] is None
    assert (await stage.get(made["no_sample=1"]["polling_url"]))["result"]["sample"]


@pytest.mark.parametrize(
    ("scenario", "status"),
    [
        ("no_credits", 402),
        ("limit_in_body", 429),
        ("busy", 429),
        ("refused", 400),
        ("error_lost", 500),
        ("origin_down", 530),
    ],
)
def test_a_create_is_refused(scenario: str, status: int) -> None:
    @scene
    async def play(stage: FluxScene) -> None:
        answer = await stage.post(scenario=scenario)
        assert answer.status_code == status
        if scenario == "origin_down":
            assert answer.headers["content-type"].startswith("text/html")
        else:
            assert answer.json()["detail"]
        if scenario == "limit_in_body":
            assert answer.json()["retry_after"] == 2
        assert stage.emulator.count_creations() == {}

    play()


@pytest.mark.parametrize(
    ("endpoint", "fields", "named"),
    [
        ("flux-2-pro", {"prompt": None}, "prompt"),
        ("flux-2-pro", {"width": 100}, "width"),
        ("flux-pro-1.1", {"width": 1000}, "width"),
        ("flux-pro-1.1", {"safety_tolerance": 7}, "safety_tolerance"),
        ("flux-3-video", {}, "mode"),
        ("flux-3-video", {"mode": "t2v", "duration": 30}, "duration"),
        ("flux-tools/erase-v1", {"image": "x"}, "mask"),
    ],
)
def test_a_create_is_refused_by_the_name_of_its_field(
    endpoint: str, fields: dict[str, Any], named: str
) -> None:
    @scene
    async def play(stage: FluxScene) -> None:
        answer = await stage.post(endpoint, **fields)
        assert answer.status_code == 422
        (flaw,) = answer.json()["detail"]
        assert flaw["loc"] == ["body", named]

    play()


@scene
async def test_the_key_stands_in_its_own_field_and_at_a_gateway_in_the_usual_one(
    stage: FluxScene,
) -> None:
    for base, headers, status in (
        (BASE, {"x-key": "wrong"}, 403),
        (BASE, KEY, 403),
        (GATEWAY, KEY, 200),
        (GATEWAY, {"authorization": "Bearer wrong"}, 403),
    ):
        answer = await stage.http.post(f"{base}/flux-2-pro", json={"prompt": "x"}, headers=headers)
        assert answer.status_code == status
    assert (await stage.get(f"{BASE}/credits")) == {"credits": 1000.0}
