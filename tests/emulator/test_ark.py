"""Ark's emulator: the creates, the list, deletions, callbacks, and the lies."""

from typing import Any

import httpx
import pytest

from .scene import HOOK, HOST, Scene, play_in

TASKS = "/ark/api/v3/contents/generations/tasks"
DAY_S = 24 * 3600


class ArkScene(Scene):
    """The emulator, as a caller of Ark sees it."""

    async def post(self, scenario: str = "ok", **fields: object) -> httpx.Response:
        """Send a create, with the nulls that the official client sends."""
        body = {
            "model": "doubao-seedance-1-5-pro-251215",
            "content": [{"type": "text", "text": "a cat"}],
            "callback_url": HOOK,
            "seed": None,
            "frames": None,
        }
        headers = {"x-emulator-scenario": scenario}
        return await self.http.post(TASKS, json=body | fields, headers=headers)

    async def made(self, scenario: str = "ok", **fields: object) -> str:
        """Make a task that must be accepted; return its id."""
        answer = await self.post(scenario, **fields)
        assert answer.status_code == 200, answer.text
        assert set(answer.json()) == {"id"}
        return str(answer.json()["id"])

    async def get(self, name: str) -> dict[str, Any]:
        """Poll a task that must be found."""
        return await self.found(f"{TASKS}/{name}")

    async def status_of_delete(self, name: str) -> int:
        """Delete a task; return the HTTP status."""
        return (await self.http.delete(f"{TASKS}/{name}")).status_code

    async def listed(self, query: str = "") -> list[str]:
        """Return the ids on a page of the list."""
        found = await self.found(f"{TASKS}?{query}")
        return [str(one["id"]) for one in found["items"]]


scene = play_in(ArkScene)


@scene
async def test_each_status_is_called_back_with_the_answer_of_the_query(stage: ArkScene) -> None:
    name = await stage.made(return_last_frame=True, seed=7, duration=4)
    opening = await stage.get(name)
    assert set(opening) == {"id", "model", "status", "created_at", "updated_at"}
    await stage.advance(2)
    assert stage.told("status") == ["queued", "running", "succeeded"]
    done = await stage.get(name)
    assert stage.bodies[-1] == done
    assert (done["seed"], done["duration"], done["usage"]["completion_tokens"]) == (7, 4, 87_120)
    assert all(url.startswith(f"{HOST}/media/") for url in done["content"].values())
    assert set(done["content"]) == {"video_url", "last_frame_url"}


@scene
async def test_an_end_is_sent_again_three_times_and_running_never(stage: ArkScene) -> None:
    await stage.made()
    stage.answers = [500] * 9
    await stage.advance(60)
    assert stage.told("status") == ["queued", "running", *["succeeded"] * 4]


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"model": None}, "model"),
        ({"content": []}, "content"),
        ({"content": [{"type": "hologram"}]}, "content.0.type"),
        ({"content": [{"type": "text"}]}, "content.0.text"),
        ({"content": [{"type": "image_url", "image_url": {}}]}, "content.0.image_url.url"),
        ({"content": [{"type": "draft_task"}]}, "content.0.draft_task"),
        ({"frames": 30}, "frames"),
        ({"seed": 2**32}, "seed"),
        ({"callback_url": "nowhere"}, "callback_url"),
    ],
)
def test_a_create_is_refused_for_its_fields(fields: dict[str, Any], param: str) -> None:
    @scene
    async def play(stage: ArkScene) -> None:
        answer = await stage.post(**fields)
        error = answer.json()["error"]
        assert (answer.status_code, error["code"]) == (400, "InvalidParameter")
        assert error["param"] == param
        assert stage.emulator.count_creations() == {}

    play()


@scene
async def test_a_delete_cancels_refuses_or_erases_by_the_status(stage: ArkScene) -> None:
    names = [await stage.made("no_callback") for _ in range(3)]
    assert await stage.status_of_delete(names[0]) == 200
    assert (await stage.get(names[0]))["status"] == "cancelled"
    assert await stage.status_of_delete(names[0]) == 200
    await stage.advance(1)
    assert await stage.status_of_delete(names[1]) == 400
    await stage.advance(1)
    assert await stage.status_of_delete(names[1]) == 200
    gone = await stage.http.get(f"{TASKS}/{names[1]}")
    error = gone.json()["error"]
    assert (gone.status_code, error["code"], error["param"]) == (404, "ResourceNotFound", "id")
    assert await stage.status_of_delete(names[1]) == 404
    assert await stage.listed() == [names[2], names[0]]


@scene
async def test_the_list_is_filtered_and_paged(stage: ArkScene) -> None:
    made = [await stage.made("no_callback") for _ in range(12)]
    await stage.advance(2)
    flex = await stage.made("hold", service_tier="flex", model="ep-1")
    assert flex.startswith("cgt-batch-")
    assert len(await stage.listed()) == 10
    assert len(await stage.listed("page_size=500")) == 13
    assert await stage.listed("page_num=2") == made[2::-1]
    ids = "&".join(f"filter.task_ids={name}" for name in [*made[3:5], "nobody"])
    assert await stage.listed(ids) == made[4:2:-1]
    assert await stage.listed("filter.status=queued") == [flex]
    assert await stage.listed("filter.service_tier=flex") == [flex]
    assert await stage.listed("filter.model=ep-1") == [flex]
    assert (await stage.http.get(f"{TASKS}?page_size=501")).status_code == 400


@scene
async def test_what_is_old_cannot_be_asked_for(stage: ArkScene) -> None:
    done, cancelled = [await stage.made("no_callback") for _ in range(2)]
    await stage.status_of_delete(cancelled)
    await stage.advance(DAY_S + 1)
    assert await stage.listed() == [done]
    await stage.advance(6 * DAY_S)
    assert await stage.listed() == []
    assert (await stage.http.get(f"{TASKS}/{done}")).status_code == 404


@scene
async def test_a_result_can_be_fetched_for_a_day(stage: ArkScene) -> None:
    name = await stage.made("no_callback")
    await stage.advance(2)
    url = (await stage.get(name))["content"]["video_url"]
    assert (await stage.http.get(url)).status_code == 200
    await stage.advance(DAY_S + 1)
    assert (await stage.http.get(url)).status_code == 403


@scene
async def test_words_change_what_a_task_looks_like(stage: ArkScene) -> None:
    names = {
        scenario: await stage.made(f"{scenario},no_callback")
        for scenario in (
            *("no_content=1", "error_null", "duration_float", "seed_hidden", "gateway_words"),
            *("expired", "cancelled", "queued_long=3", "moderated", "failed"),
        )
    }
    assert (await stage.get(names["gateway_words"]))["status"] == "pending"
    await stage.advance(2)
    shown = {scenario: await stage.get(name) for scenario, name in names.items()}
    assert "content" not in shown["no_content=1"]
    assert "content" in await stage.get(names["no_content=1"])
    assert shown["error_null"]["error"] is None
    assert shown["duration_float"]["duration"] == 5.04
    assert "seed" not in shown["seed_hidden"]
    words = [shown[name]["status"] for name in ("expired", "cancelled", "queued_long=3")]
    assert words == ["expired", "cancelled", "queued"]
    codes = [shown[name]["error"]["code"] for name in ("moderated", "failed")]
    assert codes == ["OutputVideoSensitiveContentDetected", "InternalServiceError"]
    unnamed = await stage.made("no_id,no_callback")
    assert "id" not in await stage.get(unnamed)


@scene
async def test_words_change_what_is_called_back(stage: ArkScene) -> None:
    await stage.made("late_running,final_only")
    await stage.made("expired,final_only")
    await stage.made("cancelled,final_only")
    await stage.advance(2)
    assert stage.told("status") == ["succeeded", "running"]


@pytest.mark.parametrize(
    ("scenario", "status", "code"),
    [
        ("arrears", 403, "AccountOverdueError"),
        ("own_limit", 429, "SetLimitExceeded"),
        ("no_model", 404, "ModelNotOpen"),
        ("overloaded", 429, "ServerOverloaded"),
        ("refused", 400, "InputTextSensitiveContentDetected"),
        ("busy", 429, "QuotaExceeded"),
        ("error_created", 500, "InternalServiceError"),
    ],
)
def test_a_refusal_has_arks_code(scenario: str, status: int, code: str) -> None:
    @scene
    async def play(stage: ArkScene) -> None:
        answer = await stage.post(scenario)
        assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)

    play()
