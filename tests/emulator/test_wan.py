"""DashScope's emulator: the header, the queries, the list, cancels and events."""

from typing import Any

import httpx

from tracker.emulator.providers.wan.provider import EVENTS_TO

from .scene import HOOK, HOST, Scene, play_in

BASE = "/wan/api/v1"
VIDEO, PICTURES = "video-generation/video-synthesis", "text2image/image-synthesis"


class WanScene(Scene):
    """The emulator, as a caller of DashScope sees it."""

    async def post(
        self, name: str = VIDEO, scenario: str = "ok", *, is_async: bool = True, **fields: object
    ) -> httpx.Response:
        """Send a create, of an account whose events go to HOOK."""
        body = {"model": "wan2.6-t2v", "input": {"prompt": "a cat"}} | fields
        headers = {"x-emulator-scenario": scenario, EVENTS_TO: HOOK}
        if is_async:
            headers["x-dashscope-async"] = "enable"
        return await self.http.post(f"{BASE}/services/aigc/{name}", json=body, headers=headers)

    async def made(self, name: str = VIDEO, scenario: str = "ok", **fields: Any) -> str:
        """Make a task that must be accepted; return its id."""
        answer = await self.post(name, scenario, **fields)
        assert answer.status_code == 200, answer.text
        return str(answer.json()["output"]["task_id"])

    async def get(self, name: str) -> dict[str, Any]:
        """Return what a query says."""
        return await self.found(f"{BASE}/tasks/{name}")


scene = play_in(WanScene)


@scene
async def test_a_video_is_polled_and_its_end_is_an_event(stage: WanScene) -> None:
    name = await stage.made()
    first = (await stage.get(name))["output"]
    assert first["task_status"] == "PENDING"
    assert len(first["submit_time"]) == len("2026-05-01 10:00:00.000")
    await stage.advance(2)
    done = await stage.get(name)
    assert done["output"]["video_url"].startswith(f"{HOST}/media/")
    assert done["usage"] == {"video_count": 1, "duration": 5, "SR": 720}
    assert [body["data"]["task_status"] for body in stage.bodies] == ["SUCCEEDED"]
    assert stage.bodies[0]["type"] == "dashscope:System:AsyncTaskFinish"


@scene
async def test_pictures_may_fail_one_by_one(stage: WanScene) -> None:
    name = await stage.made(PICTURES, "partial", parameters={"n": 2})
    await stage.advance(2)
    output = (await stage.get(name))["output"]
    assert [sorted(one) for one in output["results"]] == [["url"], ["code", "message"]]
    assert output["task_metrics"] == {"TOTAL": 2, "SUCCEEDED": 1, "FAILED": 1}


@scene
async def test_refusals_have_a_status_and_a_code(stage: WanScene) -> None:
    async def told(**more: Any) -> tuple[int, str]:
        answer = await stage.post(**more)
        return answer.status_code, answer.json()["code"]

    assert await told(is_async=False) == (403, "AccessDenied")
    assert await told(scenario="arrears") == (400, "Arrearage")
    assert await told(scenario="no_model") == (404, "ModelNotFound")
    assert await told(scenario="allocation_quota") == (429, "Throttling.AllocationQuota")
    assert await told(scenario="refused") == (400, "DataInspectionFailed")
    assert await told(parameters={"n": 5}) == (400, "InvalidParameter")
    assert await told(input={"prompt": "a" * 20_001}) == (400, "InvalidParameter")
    bad = await stage.http.get(f"{BASE}/tasks/1", headers={"authorization": "Bearer x"})
    assert (bad.status_code, bad.json()["code"]) == (401, "InvalidApiKey")


@scene
async def test_what_is_not_there_is_unknown(stage: WanScene) -> None:
    assert (await stage.get("nobody"))["output"]["task_status"] == "UNKNOWN"
    young = await stage.made(scenario="unknown_first=1")
    assert (await stage.get(young))["output"]["task_status"] == "UNKNOWN"
    await stage.advance(1)
    assert (await stage.get(young))["output"]["task_status"] == "RUNNING"
    await stage.advance(1)
    assert (await stage.get(young))["output"]["task_status"] == "SUCCEEDED"
    await stage.advance(24 * 3600)
    assert (await stage.get(young))["output"]["task_status"] == "UNKNOWN"


@scene
async def test_words_change_what_a_task_looks_like(stage: WanScene) -> None:
    small = await stage.made(scenario="lower_case")
    paused = await stage.made(scenario="suspended")
    late = await stage.made(scenario="no_url=1")
    await stage.advance(1.5)
    assert (await stage.get(small))["output"]["task_status"] == "running"
    assert (await stage.get(paused))["output"]["task_status"] == "SUSPENDED"
    await stage.advance(1)
    found = [(await stage.get(late))["output"] for _ in range(2)]
    assert ["video_url" in one for one in found] == [False, True]


@scene
async def test_the_list_is_filtered_and_counted(stage: WanScene) -> None:
    for _ in range(11):
        await stage.made()
    pending = await stage.made(scenario="hold")
    await stage.advance(2)
    listed = await stage.found(f"{BASE}/tasks")
    assert (len(listed["data"]), listed["total"], listed["total_page"]) == (10, 12, 2)
    second = await stage.found(f"{BASE}/tasks/?page_no=2")
    assert len(second["data"]) == 2
    found = await stage.found(f"{BASE}/tasks?status=PENDING")
    assert [one["task_id"] for one in found["data"]] == [pending]
    assert (await stage.found(f"{BASE}/tasks?model_name=other"))["data"] == []
    assert (await stage.found(f"{BASE}/tasks?start_time=29990101000000"))["data"] == []
    assert (await stage.http.get(f"{BASE}/tasks?end_time=soon")).status_code == 400


@scene
async def test_only_what_is_pending_is_cancelled(stage: WanScene) -> None:
    early, late = await stage.made(scenario="hold"), await stage.made()
    answer = await stage.http.post(f"{BASE}/tasks/{early}/cancel")
    assert answer.status_code == 200
    assert (await stage.get(early))["output"]["task_status"] == "CANCELED"
    await stage.advance(1)
    answer = await stage.http.post(f"{BASE}/tasks/{late}/cancel")
    assert (answer.status_code, answer.json()["code"]) == (400, "UnsupportedOperation")
