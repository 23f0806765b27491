"""Luma's emulator: its lies."""

from .luma_scene import BASE, LumaScene, scene
from .scene import HOOK


@scene
async def test_a_partial_video_may_be_shown_while_dreaming(stage: LumaScene) -> None:
    made = await stage.create(scenario="progress_video")
    await stage.advance(1)
    partial = (await stage.get(made))["assets"]
    assert partial["video"] is None
    assert (await stage.http.get(partial["progress_video"])).status_code == 200
    await stage.advance(1)
    assert all(stage.told("assets"))
    assert (await stage.get(made))["assets"]["video"]


@scene
async def test_a_completion_may_come_without_assets_for_a_while(stage: LumaScene) -> None:
    made = await stage.create(scenario="completed_no_assets=2")
    await stage.advance(2)
    assert (stage.told("state")[-1], stage.told("assets")[-1]) == ("completed", None)
    polls = [await stage.get(made) for _ in range(2)]
    assert [poll["state"] for poll in polls] == ["completed", "completed"]
    assert [bool(poll["assets"]) for poll in polls] == [False, True]
    made = await stage.create(scenario="completed_no_assets=60s,no_callback")
    await stage.advance(2)
    assert (await stage.get(made))["assets"] is None
    await stage.advance(60)
    assert (await stage.get(made))["assets"]["video"]


@scene
async def test_the_echo_may_be_missing_everywhere(stage: LumaScene) -> None:
    made = await stage.create(scenario="echo_missing")
    await stage.advance(2)
    listed = (await stage.found(f"{BASE}/generations"))["generations"]
    shown = [made, await stage.get(made), *listed, *stage.bodies]
    assert {each["request"] for each in shown} == {None}


@scene
async def test_callbacks_may_come_in_reverse(stage: LumaScene) -> None:
    await stage.create(scenario="reordered")
    await stage.advance(2)
    assert stage.told("state") == ["completed", "dreaming"]


@scene
async def test_a_create_may_answer_500_and_still_make_its_generation(stage: LumaScene) -> None:
    answer = await stage.post(scenario="error_created")
    assert (answer.status_code, list(answer.json())) == (500, ["detail"])
    listed = (await stage.found(f"{BASE}/generations"))["generations"]
    assert [each["request"]["callback_url"] for each in listed] == [HOOK]


@scene
async def test_a_create_is_refused_for_lack_of_credits_or_room(stage: LumaScene) -> None:
    for scenario, status in (
        ("insufficient_credits", 400),
        ("insufficient_credits=402", 402),
        ("busy=1", 429),
        ("rate_limited=1", 429),
    ):
        answer = await stage.post(scenario=scenario)
        assert (answer.status_code, list(answer.json())) == (status, ["detail"])
        assert ("retry-after" in answer.headers) == scenario.startswith("rate")
    assert stage.emulator.count_creations() == {}


@scene
async def test_a_delete_erases_in_any_state_and_calls_nobody_back(stage: LumaScene) -> None:
    done = await stage.create()
    await stage.advance(2)
    stage.bodies.clear()
    young = await stage.create()
    for made in (done, young):
        assert (await stage.delete(made)).status_code == 204
        gone = await stage.http.get(f"{BASE}/generations/{made['id']}")
        assert (gone.status_code, gone.json()) == (404, {"detail": "Generation not found"})
        assert (await stage.delete(made)).status_code == 404
    await stage.advance(9)
    assert stage.bodies == []
    assert (await stage.found(f"{BASE}/generations"))["count"] == 0


@scene
async def test_a_delete_may_answer_404_or_be_late_or_lost(stage: LumaScene) -> None:
    for scenario, answered, found_after in (
        ("delete_404", 404, 404),
        ("delete_404=kept", 404, 200),
        ("cancel_too_late", 409, 200),
        ("cancel_lost", 204, 200),
        ("cancel_slow", 204, 404),
    ):
        made = await stage.create(scenario=scenario)
        assert (await stage.delete(made)).status_code == answered, scenario
        await stage.advance(1)
        found = await stage.http.get(f"{BASE}/generations/{made['id']}")
        assert found.status_code == found_after, scenario
    await stage.advance(9)
    listed = (await stage.found(f"{BASE}/generations"))["generations"]
    assert {each["state"] for each in listed} == {"completed"}


@scene
async def test_a_gateway_shows_generations_of_the_old_web_page(stage: LumaScene) -> None:
    body = {"user_prompt": "a cat", "expand_prompt": True}
    made = (await stage.http.post("/luma/generations/", json=body)).json()
    assert (made["state"], made["video"], made["prompt"]) == ("pending", None, "a cat")
    url = f"/luma/generations/{made['id']}"
    assert (await stage.http.get(f"{url}/download_video_url")).status_code == 404
    await stage.advance(2)
    done = await stage.found(url)
    assert done["state"] == "completed"
    assert await stage.found(f"{url}/download_video_url") == {"url": done["video"]["download_url"]}
    more = await stage.http.post(f"{url}/extend", json={"user_prompt": "it purrs"})
    assert more.status_code == 201
    refused = await stage.http.post("/luma/generations/", json={})
    assert (refused.status_code, set(refused.json()["detail"])) == (400, {"reason", "code"})
    assert stage.calls == []


@scene
async def test_a_gateway_lies_in_its_own_ways(stage: LumaScene) -> None:
    names = {}
    for word in (
        *("double_json", "array_answer", "completed_no_link=1", "failed_but_pending"),
        "cookie_401",
    ):
        answer = await stage.http.post(
            "/luma/generations", json={"user_prompt": "x"}, headers={"x-emulator-scenario": word}
        )
        text = answer.text.split('"id":"' if '"id":"' in answer.text else '"id": "')[1]
        names[word] = text.split('"')[0]
    pending = await stage.found(f"/luma/generations/{names['failed_but_pending']}")
    assert (pending["state"], pending["status"]) == ("pending", "FAILED")
    assert (await stage.http.get(f"/luma/generations/{names['cookie_401']}")).status_code == 401
    await stage.advance(2)
    double = (await stage.http.get(f"/luma/generations/{names['double_json']}")).text
    assert double.count('"detail"') == 1
    assert isinstance(
        (await stage.http.get(f"/luma/generations/{names['array_answer']}")).json(), list
    )
    url = f"/luma/generations/{names['completed_no_link=1']}"
    assert [bool((await stage.found(url))["video"]) for _ in range(2)] == [False, True]
