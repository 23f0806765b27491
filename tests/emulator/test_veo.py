"""Google's emulator: both kinds of operations, interactions, files, webhooks, and refusals."""

from typing import Any

import httpx
import pytest

from .scene import HOOK, HOST, KEY, Scene, play_in

BASE = "/veo/v1beta"
MODEL = "models/veo-3.1-generate-preview"
PLACE = "projects/cats/locations/us-central1/publishers/google/models/veo-3.1-generate-001"
GOOG = {"x-goog-api-key": "emulator-key"}


class VeoScene(Scene):
    """The emulator, as a caller of Google's sees it."""

    async def post(
        self, path: str, body: dict[str, Any], scenario: str = "ok", **headers: str
    ) -> httpx.Response:
        """POST with the key, and with the same as a token."""
        sent = GOOG | KEY | {"x-emulator-scenario": scenario} | headers
        return await self.http.post(path, json=body, headers=sent)

    async def predict(self, scenario: str = "ok", **more: Any) -> httpx.Response:
        """Send a create to the Gemini API."""
        body = {"instances": [{"prompt": "a cat"}]} | more
        return await self.post(f"{BASE}/{MODEL}:predictLongRunning", body, scenario)

    async def get(self, path: str) -> dict[str, Any]:
        """GET with the key what must be found."""
        answer = await self.http.get(f"{BASE}/{path}", headers=GOOG)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found


scene = play_in(VeoScene)


@scene
async def test_operation_is_polled_and_its_file_needs_the_key(stage: VeoScene) -> None:
    name = (await stage.predict(parameters={"sampleCount": 2})).json()["name"]
    assert name.startswith(f"{MODEL}/operations/")
    assert await stage.get(name) == {"name": name}
    await stage.advance(3)
    done = await stage.get(name)
    samples = done["response"]["generateVideoResponse"]["generatedSamples"]
    assert (done["done"], len(samples)) == (True, 2)
    path = samples[1]["video"]["uri"].removeprefix(HOST)
    bare = await stage.http.get(path, headers={"authorization": ""})
    assert bare.status_code == 401
    led = await stage.http.get(path, headers=GOOG)
    assert led.status_code == 302
    assert "key" not in led.headers["location"]


@scene
async def test_vertex_is_polled_by_post_and_stores_where_it_is_told(stage: VeoScene) -> None:
    path = f"/veo/v1/{PLACE}"
    body = {"instances": [{"prompt": "a cat"}], "parameters": {"storageUri": "gs://cats/out"}}
    name = (await stage.post(f"{path}:predictLongRunning", body)).json()["name"]
    inline = (
        await stage.post(f"{path}:predictLongRunning", {"instances": [{"prompt": "a dog"}]})
    ).json()["name"]
    assert name.startswith(f"{PLACE}/operations/")
    await stage.advance(3)
    told = []
    for one in (name, inline):
        answer = await stage.post(f"{path}:fetchPredictOperation", {"operationName": one})
        [video] = answer.json()["response"]["videos"]
        told.append(sorted(video))
    assert told == [["gcsUri", "mimeType"], ["bytesBase64Encoded", "mimeType"]]
    other = await stage.post(f"{path}:fetchPredictOperation", {"operationName": f"{name}0"})
    assert other.status_code == 404


@scene
async def test_interaction_is_cancelled_once(stage: VeoScene) -> None:
    body = {"model": "gemini-omni-1.2-flash", "input": "a cat", "labels": {"a": "b"}}
    made = (await stage.post(f"{BASE}/interactions", body)).json()
    assert (made["object"], made["status"], made["labels"]) == (
        *("interaction", "in_progress"),
        {"a": "b"},
    )
    path = f"{BASE}/interactions/{made['id']}/cancel"
    assert (await stage.post(path, {})).json()["status"] == "cancelled"
    late = await stage.post(path, {})
    assert late.json()["error"]["status"] == "FAILED_PRECONDITION"


@scene
async def test_no_event_tells_of_a_video_that_failed(stage: VeoScene) -> None:
    webhook = {"uris": [HOOK], "user_metadata": {"task": "t1"}}
    for scenario in ("ok", "failed", "filtered", "nothing"):
        await stage.predict(scenario, webhookConfig=webhook)
    body = {"model": "m", "input": "a cat", "webhook_config": webhook}
    for scenario in ("ok", "failed", "action_needed"):
        await stage.post(f"{BASE}/interactions", body, scenario)
    await stage.advance(3)
    kinds = sorted(stage.told("type"))
    assert kinds == [
        *("interaction.completed", "interaction.failed", "interaction.requires_action"),
        *("video.generated", "video.generated"),
    ]
    assert all(one["data"]["user_metadata"] == {"task": "t1"} for one in stage.bodies)


@scene
async def test_webhook_of_a_project_hears_of_what_names_no_url(stage: VeoScene) -> None:
    made = (await stage.post(f"{BASE}/webhooks", {"uri": HOOK})).json()
    assert made["new_signing_secret"].startswith("whsec_")
    await stage.predict()
    await stage.advance(3)
    assert stage.calls[0].headers["webhook-signature"].startswith("v1,")
    assert (await stage.get("webhooks"))["webhooks"][0]["state"] == "enabled"


@scene
async def test_refusals_have_a_status_word_and_details(stage: VeoScene) -> None:
    async def told(scenario: str = "ok", **more: Any) -> tuple[int, str]:
        answer = await stage.predict(scenario, **more)
        error = answer.json()["error"]
        assert error["code"] == answer.status_code
        return answer.status_code, error["status"]

    assert await told(instances=[]) == (400, "INVALID_ARGUMENT")
    assert await told(parameters={"sampleCount": 5}) == (400, "INVALID_ARGUMENT")
    assert await told("no_billing") == (400, "FAILED_PRECONDITION")
    assert await told("quota=1") == (429, "RESOURCE_EXHAUSTED")
    assert await told("unavailable=1") == (503, "UNAVAILABLE")
    missing = await stage.http.get(f"{BASE}/{MODEL}/operations/nobody", headers=GOOG)
    assert (missing.status_code, missing.json()["error"]["status"]) == (404, "NOT_FOUND")


@pytest.mark.parametrize(
    ("word", "status"), [("exchange_refused", 400), ("exchange_down", 503), ("keys_down", 503)]
)
def test_tokens_and_keys_may_be_away(word: str, status: int) -> None:
    @play_in(VeoScene)
    async def play(stage: VeoScene) -> None:
        stage.emulator.set_scenario(word, "veo")
        if word == "keys_down":
            answer = await stage.http.get("/veo/.well-known/jwks.json")
        else:
            answer = await stage.http.post("/veo/token", content=b"")
        assert answer.status_code == status or word == "exchange_refused"
        assert answer.status_code >= 400

    play()
