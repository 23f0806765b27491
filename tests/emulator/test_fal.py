"""fal's emulator: status and result, signed webhooks, keys that are replaced, and its lies."""

import hashlib
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tracker.emulator.providers.fal.signing import NEW, OLD, build_key_set

from .scene import HOOK, HOST, Scene, play_in

BASE = "/fal"
KEY = {"authorization": "Key emulator-key"}


class FalScene(Scene):
    """The emulator, as a caller of fal sees it."""

    async def post(
        self,
        model: str = "fal-ai/flux/dev",
        scenario: str = "ok",
        body: dict[str, Any] | None = None,
        **headers: str,
    ) -> httpx.Response:
        """Send a create with a webhook."""
        named = {name.replace("_", "-"): text for name, text in headers.items()}
        return await self.http.post(
            f"{BASE}/{model}",
            json={"prompt": "a cat"} if body is None else body,
            params={"fal_webhook": HOOK},
            headers={**KEY, "x-emulator-scenario": scenario, **named},
        )

    async def made(self, scenario: str = "ok", **more: Any) -> dict[str, Any]:
        """Make a request that must be accepted; return the answer."""
        answer = await self.post(scenario=scenario, **more)
        assert answer.status_code == 200, answer.text
        body: dict[str, Any] = answer.json()
        return body

    async def get(self, url: str) -> tuple[int, Any]:
        """Return status and body of an answer."""
        answer = await self.http.get(url, headers=KEY)
        return answer.status_code, answer.json()


scene = play_in(FalScene)


@scene
async def test_a_request_is_asked_for_its_status_and_then_for_its_result(stage: FalScene) -> None:
    made = await stage.made(model="fal-ai/pika/v2.2/text-to-video")
    assert made["response_url"] == f"{HOST}{BASE}/fal-ai/pika/requests/{made['request_id']}"
    assert (made["status"], made["queue_position"]) == ("IN_QUEUE", 0)
    status, queued = await stage.get(made["status_url"])
    assert (status, queued["status"], queued["queue_position"]) == (202, "IN_QUEUE", 1)
    early = {"detail": "Request is still in progress", "error_type": "bad_request"}
    assert await stage.get(made["response_url"]) == (400, early)
    await stage.advance(1)
    status, running = await stage.get(f"{made['status_url']}?logs=1")
    assert (status, running["status"]) == (202, "IN_PROGRESS")
    assert running["logs"][0]["message"] == "step 3/28"
    await stage.advance(1)
    status, done = await stage.get(made["status_url"])
    assert (status, done["status"], done["logs"]) == (200, "COMPLETED", [])
    status, result = await stage.get(made["response_url"])
    assert (status, result["video"]["content_type"]) == (200, "video/mp4")
    whole = f"{BASE}/fal-ai/pika/v2.2/text-to-video/requests/{made['request_id']}/status"
    assert (await stage.get(whole))[0] == 404


@scene
async def test_a_webhook_is_signed_over_its_ids_its_time_and_its_body(stage: FalScene) -> None:
    made = await stage.made()
    await stage.advance(2)
    (request,) = stage.calls
    (body,) = stage.bodies
    assert (body["status"], body["request_id"]) == ("OK", made["request_id"])
    assert body["payload"] == (await stage.get(made["response_url"]))[1]
    headers, digest = request.headers, hashlib.sha256(request.content).hexdigest()
    names = ("request-id", "user-id", "timestamp")
    signed = "\n".join([*(headers[f"x-fal-webhook-{name}"] for name in names), digest])
    signature = bytes.fromhex(headers["x-fal-webhook-signature"])
    public = Ed25519PrivateKey.from_private_bytes(OLD).public_key()
    public.verify(signature, signed.encode())
    assert headers["x-fal-webhook-request-id"] == made["request_id"]


@scene
async def test_a_new_key_is_published_when_a_webhook_is_signed_with_it(stage: FalScene) -> None:
    url = f"{BASE}/.well-known/jwks.json"
    assert (await stage.get(url))[1] == build_key_set([OLD])
    await stage.made("rotated")
    await stage.advance(2)
    assert (await stage.get(url))[1] == build_key_set([OLD, NEW])
    stage.emulator.set_scenario("keys_away=2", "fal")
    assert [(await stage.get(url))[0] for _ in range(3)] == [503, 503, 200]


@pytest.mark.parametrize(
    ("scenario", "told"),
    [
        ("failed", {"status": "ERROR", "error": "Invalid status code: 422"}),
        ("payload_error", {"status": "OK", "payload": None}),
        ("gateway_id", {"status": "OK"}),
    ],
)
def test_a_webhook_may_lack_what_it_is_about(scenario: str, told: dict[str, Any]) -> None:
    @scene
    async def play(stage: FalScene) -> None:
        made = await stage.made(scenario)
        await stage.advance(2)
        (body,) = stage.bodies
        assert told.items() <= body.items()
        assert ("payload_error" in body) is (scenario == "payload_error")
        is_other = body["gateway_request_id"] != body["request_id"]
        assert is_other is (scenario == "gateway_id")
        assert body["request_id"] == made["request_id"]

    play()


@pytest.mark.parametrize(
    ("scenario", "has_error", "statuses"),
    [
        ("failed", True, [422, 422]),
        ("silent_failure", False, [422, 422]),
        ("model_broken", False, [500, 500]),
        ("result_broken=1", False, [500, 200]),
        ("result_early=1", False, [400, 200]),
        ("result_gone=0", False, [404, 404]),
    ],
)
def test_completed_says_nothing_of_the_result(
    scenario: str, statuses: list[int], *, has_error: bool
) -> None:
    @scene
    async def play(stage: FalScene) -> None:
        made = await stage.made(scenario)
        await stage.advance(2)
        status, done = await stage.get(made["status_url"])
        assert (status, done["status"], "error" in done) == (200, "COMPLETED", has_error)
        assert [(await stage.get(made["response_url"]))[0] for _ in range(2)] == statuses

    play()


@scene
async def test_an_input_is_refused_by_the_model_after_it_was_accepted(stage: FalScene) -> None:
    made = await stage.made(body={"seed": 1})
    await stage.advance(2)
    status, result = await stage.get(made["response_url"])
    assert status == 422
    assert result["detail"][0]["loc"] == ["body", "prompt"]
    assert stage.bodies[0]["payload"] == result


@scene
async def test_creates_are_refused_before_the_queue(stage: FalScene) -> None:
    assert (await stage.post(scenario="locked")).status_code == 403
    assert (await stage.post(x_fal_queue_priority="high")).status_code == 400
    assert (await stage.post("flux")).status_code == 404
    bad = await stage.http.post(f"{BASE}/fal-ai/flux/dev", json={}, headers={})
    assert bad.status_code == 401
    assert stage.emulator.count_creations() == {}


@scene
async def test_a_cancel_is_asked_for_and_told_as_an_error(stage: FalScene) -> None:
    for scenario, wait, answer in (("ok", 0, 200), ("ok", 1, 202), ("ok", 2, 400)):
        made = await stage.made(scenario)
        await stage.advance(wait)
        told = await stage.http.put(made["cancel_url"], headers=KEY)
        assert told.status_code == answer
        status, done = await stage.get(made["status_url"])
        assert (status, "error" in done) == (200, answer != 400)
    made = await stage.made("cancelled_hidden")
    await stage.http.put(made["cancel_url"], headers=KEY)
    assert (await stage.get(made["status_url"]))[0] == 404


@scene
async def test_results_may_be_large_or_flagged(stage: FalScene) -> None:
    made = await stage.made("large_result=1,nsfw")
    await stage.advance(2)
    _, result = await stage.get(made["response_url"])
    assert len(result["images"][0]["url"]) > 1024 * 1024
    assert result["has_nsfw_concepts"] == [True]
    elsewhere = await stage.made("foreign_addresses")
    assert elsewhere["status_url"].startswith("https://queue.fal.run.example/")
    page = await stage.made("origin_down=1")
    answer = await stage.http.get(page["status_url"], headers=KEY)
    assert (answer.status_code, answer.text[:6]) == (530, "<html>")
