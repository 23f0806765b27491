"""Runway's emulator: the official API, the dialects of gateways, and their lies."""

from typing import Any

import httpx
import pytest

from .scene import HOST, Scene, play_in

OFFICIAL, GATEWAY, WEB = "/runway/official/v1", "/runwayml/v1", "/runway"
BODY: dict[str, Any] = {
    "model": "gen4_turbo",
    "promptImage": "https://pictures.example/cat.png",
    "promptText": "a cat",
    "ratio": "1280:720",
    "duration": 5,
}
VERSION = {"x-runway-version": "2024-11-06"}


class RunwayScene(Scene):
    """The emulator, as a caller of Runway sees it."""

    async def post(
        self, path: str = "/image_to_video", scenario: str = "ok", **fields: object
    ) -> httpx.Response:
        """Send a create to the official API; a field that is None is left out."""
        body = {name: value for name, value in (BODY | fields).items() if value is not None}
        headers = VERSION | {"x-emulator-scenario": scenario}
        return await self.http.post(OFFICIAL + path, json=body, headers=headers)

    async def create(
        self, path: str = "/image_to_video", scenario: str = "ok", **fields: object
    ) -> str:
        """Make a task that must be accepted; return its id."""
        answer = await self.post(path, scenario, **fields)
        assert answer.status_code == 200, answer.text
        return str(answer.json()["id"])

    async def get(self, name: str) -> dict[str, Any]:
        """Poll a task that must be found."""
        return await self.found(f"{OFFICIAL}/tasks/{name}")

    async def status_of(self, name: str) -> int:
        """Return the HTTP status of a poll."""
        return (await self.http.get(f"{OFFICIAL}/tasks/{name}")).status_code


scene = play_in(RunwayScene)


@scene
async def test_a_task_goes_from_pending_to_succeeded_and_tells_its_credits(
    stage: RunwayScene,
) -> None:
    made = (await stage.post()).json()
    assert made["estimatedCost"] == {"credits": 25}
    pending = await stage.get(made["id"])
    assert set(pending) == {"id", "status", "createdAt", "estimatedCost"}
    await stage.advance(1)
    running = await stage.get(made["id"])
    assert (running["status"], running["progress"]) == ("RUNNING", 0.28)
    await stage.advance(1)
    done = await stage.get(made["id"])
    assert (done["status"], done["cost"]) == ("SUCCEEDED", {"credits": 25})
    assert "estimatedCost" not in done
    video = await stage.http.get(done["output"][0])
    assert video.headers["content-type"] == "video/mp4"
    assert stage.calls == []


@scene
async def test_calls_without_the_version_or_a_good_key_are_refused(stage: RunwayScene) -> None:
    unversioned = await stage.http.post(f"{OFFICIAL}/image_to_video", json=BODY)
    assert (unversioned.status_code, list(unversioned.json())) == (400, ["error"])
    bad = {"authorization": "Bearer x"}
    assert (await stage.http.get(f"{OFFICIAL}/organization", headers=bad)).status_code == 401
    assert (await stage.found(f"{OFFICIAL}/organization"))["creditBalance"] > 0
    assert stage.emulator.count_creations() == {}


@pytest.mark.parametrize(
    ("path", "fields", "named"),
    [
        ("/image_to_video", {"promptImage": None}, "promptImage"),
        ("/image_to_video", {"promptImage": "cat.png"}, "promptImage"),
        ("/image_to_video", {"model": None}, "model"),
        ("/image_to_video", {"promptText": "a" * 1001}, "promptText"),
        ("/image_to_video", {"seed": -1}, "seed"),
        ("/text_to_image", {"promptText": None}, "promptText"),
        ("/video_upscale", {}, "videoUri"),
        ("/recipes/product_ad", {"version": "2026-06"}, "productImages"),
        ("/generate/video", {"configId": "c"}, "input"),
    ],
)
def test_a_create_is_refused_by_the_name_of_its_field(
    path: str, fields: dict[str, Any], named: str
) -> None:
    @scene
    async def play(stage: RunwayScene) -> None:
        answer = await stage.post(path, **fields)
        assert answer.status_code == 400
        assert named in answer.json()["error"]
        assert stage.emulator.count_creations() == {}

    play()


@scene
async def test_a_deletion_cancels_an_open_task_and_erases_one_that_has_ended(
    stage: RunwayScene,
) -> None:
    young, old = await stage.create(), await stage.create()
    assert (await stage.http.delete(f"{OFFICIAL}/tasks/{young}")).status_code == 204
    found = await stage.get(young)
    assert (found["status"], found["cost"]) == ("CANCELLED", {"credits": 0})
    await stage.advance(2)
    assert (await stage.http.delete(f"{OFFICIAL}/tasks/{old}")).status_code == 204
    assert await stage.status_of(old) == 404
    gone = await stage.create(scenario="cancel_erases")
    assert (await stage.http.delete(f"{OFFICIAL}/tasks/{gone}")).status_code == 204
    assert await stage.status_of(gone) == 404


@scene
async def test_words_change_what_a_task_looks_like(stage: RunwayScene) -> None:
    throttled = await stage.create(scenario="throttled")
    assert (await stage.get(throttled))["status"] == "THROTTLED"
    costless = await stage.create(scenario="no_cost")
    assert "estimatedCost" not in await stage.get(costless)
    texts = await stage.create(scenario="progress_text")
    back = await stage.create(scenario="progress_resets")
    failed = await stage.create(scenario="failed,failure_object")
    empty = await stage.create(scenario="empty_output=1")
    cheap = await stage.create(scenario="cost_falls=60")
    ended = await stage.create(scenario="ends_cancelled")
    await stage.advance(1)
    assert (await stage.get(texts))["progress"] == "0.28"
    assert [(await stage.get(back))["progress"] for _ in range(2)] == [0.9, 0.1]
    await stage.advance(1)
    assert set((await stage.get(failed))["failure"]) == {"code", "message"}
    assert [bool((await stage.get(empty))["output"]) for _ in range(2)] == [False, True]
    assert (await stage.get(cheap))["cost"] == {"credits": 25}
    assert (await stage.get(ended))["status"] == "CANCELLED"
    await stage.advance(60)
    assert (await stage.get(cheap))["cost"] == {"credits": 10}


@scene
async def test_a_create_may_be_refused_for_credits_or_the_daily_cap(stage: RunwayScene) -> None:
    for scenario, status, words in (
        ("no_credits", 400, "credits"),
        ("daily_cap=1", 429, "daily"),
        ("error_created", 500, "internal"),
    ):
        answer = await stage.post(scenario=scenario)
        assert answer.status_code == status
        assert words in answer.json()["error"]
    assert sum(stage.emulator.count_creations().values()) == 1


@scene
async def test_a_run_of_a_workflow_shows_output_by_node(stage: RunwayScene) -> None:
    name = await stage.create("/workflows/6ab2")
    await stage.advance(1)
    running = await stage.found(f"{OFFICIAL}/workflow_invocations/{name}")
    assert list(running["output"].values()) == [[]]
    await stage.advance(1)
    done = await stage.found(f"{OFFICIAL}/workflow_invocations/{name}")
    ((link,),) = done["output"].values()
    assert link.startswith(f"{HOST}/media/")


@scene
async def test_gateways_show_the_same_task_without_costs(stage: RunwayScene) -> None:
    answer = await stage.http.post(
        f"{GATEWAY}/image_to_video", json=BODY, headers={"x-emulator-scenario": "failed"}
    )
    assert set(answer.json()) == {"id"}
    await stage.advance(2)
    failed = await stage.found(f"{GATEWAY}/tasks/{answer.json()['id']}")
    assert set(failed["failure"]) == {"code", "message"}
    assert "cost" not in failed
    unknown = await stage.http.get(f"{GATEWAY}/tasks/nobody")
    assert (unknown.status_code, unknown.json()["code"]) == (400, "task_not_exist")


@scene
async def test_the_web_dialect_wraps_the_task(stage: RunwayScene) -> None:
    body = {"taskType": "gen3a_turbo", "options": {"name": "cat", "seconds": 5}}
    made = (await stage.http.post(f"{WEB}/tasks", json=body)).json()["task"]
    assert (made["status"], made["artifacts"], made["name"]) == ("PENDING", [], "cat")
    await stage.advance(1)
    running = (await stage.found(f"{WEB}/tasks/{made['id']}"))["task"]
    assert running["progressRatio"] == "0.28"
    await stage.advance(1)
    done = (await stage.found(f"{WEB}/tasks/{made['id']}"))["task"]
    assert done["artifacts"][0]["url"].startswith(f"{HOST}/media/")
    refused = await stage.http.post(f"{WEB}/tasks", json={"taskType": "gen1", "options": {}})
    assert refused.status_code == 400
    assert refused.json()["error"]["message"]
