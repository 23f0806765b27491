"""Luma's newer API, Runway's resellers and Domo's bot, as their pages print them."""

from typing import Any

from .scene import HOOK, HOST, Scene, play_in

AGENTS, KIE, NUMBERED = "/luma-agents/v1", "/runway-kie/api/v1", "/uniapp-service/api/runway"
BOT = "/domo-discord/v1"


async def posted(stage: Scene, path: str, body: dict[str, Any], scenario: str = "ok") -> Any:
    """Send a create; return its answer's JSON, whatever its status."""
    answer = await stage.http.post(path, json=body, headers={"x-emulator-scenario": scenario})
    return answer.json()


@play_in(Scene)
async def test_a_generation_has_the_fields_of_the_sdk(stage: Scene) -> None:
    """PyPI luma-agents 0.5.0, types/generation.py."""
    made = await posted(stage, f"{AGENTS}/generations", {"prompt": "a cat", "type": "layering"})
    assert set(made) == {"detail"}  # layering needs a source
    source = {"url": "https://p.example/a.png"}
    body = {"prompt": "a cat", "type": "layering", "source": source}
    made = await posted(stage, f"{AGENTS}/generations", body)
    assert (made["state"], made["model"], made["output"]) == ("queued", "uni-1", None)
    await stage.advance(3)
    done = await stage.found(f"{AGENTS}/generations/{made['id']}")
    assert set(done) == {
        *("id", "type", "model", "state", "created_at", "output", "failure_code", "failure_reason")
    }
    assert [set(one) for one in done["output"]] == [{"type", "url", "layer"}] * 2
    assert [one["layer"]["index"] for one in done["output"]] == [0, 1]
    refused = await posted(stage, f"{AGENTS}/generations", {"prompt": "a"}, "budget_exhausted")
    assert refused["code"] == "budget_exhausted"


@play_in(Scene)
async def test_kie_shows_records_and_calls_the_end_back(stage: Scene) -> None:
    """https://docs.kie.ai/runway-api, read 2026-11-29."""
    body = {"prompt": "a cat", "callBackUrl": HOOK}
    made = await posted(stage, f"{KIE}/runway/generate", body)
    assert set(made) == {"code", "msg", "data"}
    name = made["data"]["taskId"]
    record = (await stage.found(f"{KIE}/runway/record-detail?taskId={name}"))["data"]
    assert (record["state"], record["videoInfo"], record["expireFlag"]) == ("wait", None, 0)
    aleph = await posted(stage, f"{KIE}/aleph/generate", body | {"videoUrl": HOST})
    await stage.advance(3)
    record = (await stage.found(f"{KIE}/runway/record-detail?taskId={name}"))["data"]
    assert (record["state"], set(record["videoInfo"]) >= {"videoUrl", "imageUrl"}) == (
        "success",
        True,
    )
    told = {one["data"].get("task_id", one.get("taskId")): one for one in stage.bodies}
    assert set(told[name]["data"]) == {"task_id", "video_url", "image_url"}
    assert set(told[aleph["data"]["taskId"]]["data"]) == {"result_video_url", "result_image_url"}
    shown = await stage.found(f"{KIE}/aleph/record-info?taskId={aleph['data']['taskId']}")
    assert (shown["data"]["successFlag"], "resultVideoUrl" in shown["data"]["response"]) == (
        1,
        True,
    )
    refused = await posted(stage, f"{KIE}/runway/generate", {"prompt": "a"}, "no_credits")
    assert refused["code"] == 402


@play_in(Scene)
async def test_a_gateway_tells_the_status_as_a_number_and_takes_the_bare_key(stage: Scene) -> None:
    """https://qimuinfo.top/apidocs/operations/addusingpost_4, read 2026-11-29."""
    body = {"taskType": "gen2", "images": [{"image": HOST}], "ratio": "16:9", "seconds": 5}
    key = {"authorization": "emulator-key"}
    made = (await stage.http.post(f"{NUMBERED}/add", json=body, headers=key)).json()
    assert (made["code"], made["success"], made["result"]["taskStatusCode"]) == (0, True, 1)
    await stage.advance(3)
    path = f"{NUMBERED}/getTask?taskId={made['result']['id']}"
    done = (await stage.http.get(path, headers=key)).json()["result"]
    assert (done["taskStatusCode"], done["videoUrl"][:4]) == (3, "http")
    assert (await stage.http.get(path)).status_code == 401


@play_in(Scene)
async def test_the_bot_says_running_for_ever_where_it_failed(stage: Scene) -> None:
    """https://github.com/T0nYie1dYaw/domoai-api (app/schema.py), read 2026-11-29."""
    form = {"prompt": (None, "a cat")}
    made = (await stage.http.post(f"{BOT}/gen", files=form)).json()
    assert set(made) == {"success", "task_id", "message_id"}
    failing = {"x-emulator-scenario": "failed"}
    bad = (await stage.http.post(f"{BOT}/gen", files=form, headers=failing)).json()
    await stage.advance(60)
    done = await stage.found(f"{BOT}/task-data/{made['task_id']}")
    assert (done["status"], done["command"], len(done["images"])) == ("SUCCESS", "GEN", 2)
    assert (await stage.found(f"{BOT}/task-data/{bad['task_id']}"))["status"] == "RUNNING"
    assert (await stage.http.post(f"{BOT}/gen", files={"mode": (None, "fast")})).status_code == 422
    assert stage.calls == []
