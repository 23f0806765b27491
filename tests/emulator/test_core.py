"""The core's abilities, on a made-up provider that is added through the registry alone.

Everything runs in one process over ASGI: no socket is opened.
"""

import asyncio
import hashlib
import hmac
from collections.abc import Coroutine
from typing import Any

import httpx
import pytest

from tests.support import example_emulator
from tests.support.example_emulator import SECRET
from tracker.emulator.registry import REGISTRY

from .scene import HOOK, Scene, play_in, until


class ExampleScene(Scene):
    """The emulator with the made-up provider."""

    async def post(self, scenario: str = "ok", **fields: object) -> httpx.Response:
        """Send a create."""
        body = {"prompt": f"a cat [scenario:{scenario}]", "webhook": HOOK} | fields
        return await self.http.post("/example/v1/jobs", json=body)

    async def create(self, scenario: str = "ok", **fields: object) -> dict[str, Any]:
        """Make a job that must be accepted."""
        answer = await self.post(scenario, **fields)
        assert answer.status_code == 201, answer.text
        job: dict[str, Any] = answer.json()["jobs"][0]
        return job

    async def get(self, job: dict[str, Any]) -> dict[str, Any]:
        """Poll a job at its own address; it must be found."""
        return await self.found(job["poll_url"])


scene = play_in(ExampleScene, {**REGISTRY, "example": lambda: example_emulator.create})


@scene
async def test_a_job_is_created_polled_called_back_and_cancelled(stage: ExampleScene) -> None:
    job = await stage.create()
    assert (job["state"], job["outputs"]) == ("submitted", [])
    assert job["poll_url"] == f"http://emulator.example/example/v1/jobs/{job['id']}"
    await stage.advance(1)
    assert (await stage.get(job))["state"] == "processing"
    answer = await stage.http.post(f"{job['poll_url']}/cancel")
    assert answer.json()["state"] == "cancelled"
    await stage.advance(9)
    assert stage.told("state") == ["processing", "cancelled"]
    assert (await stage.http.post(f"{job['poll_url']}/cancel")).status_code == 409


@scene
async def test_artifacts_and_progress_appear_one_after_another(stage: ExampleScene) -> None:
    job = await stage.create()
    seen = []
    for _ in range(3):
        await stage.advance(1)
        found = await stage.get(job)
        seen.append((found["stage"], found["percent"], len(found["outputs"])))
    assert seen == [("text", 10, 0), ("first", 60, 1), ("complete", 100, 3)]
    assert stage.told("stage") == ["text", "first", "complete"]
    assert [len(urls) for urls in stage.told("outputs")] == [0, 1, 3]


@scene
async def test_only_the_verdict_is_called_back_and_order_and_copies_vary(
    stage: ExampleScene,
) -> None:
    for scenario, stages in (
        ("final_only", ["complete"]),
        ("reordered", ["complete", "first", "text"]),
        ("duplicated=2,final_only", ["complete"] * 2),
        ("no_callback", []),
    ):
        stage.bodies.clear()
        await stage.create(scenario)
        await stage.advance(5)
        assert stage.told("stage") == stages
    stage.bodies.clear()
    await stage.create("delayed=60")
    await stage.advance(30)
    assert stage.bodies == []
    await stage.advance(60)
    assert stage.told("stage") == ["text", "first", "complete"]


def is_signed(call: httpx.Request) -> bool:
    """Return true if the provider's own signature matches, recomputed here."""
    headers, raw = call.headers, call.content
    signed = f"{headers['x-example-time']}.".encode() + raw
    wanted = hmac.digest(SECRET.encode(), signed, hashlib.sha256).hex()
    return wanted == headers["x-example-signature"]


@scene
async def test_the_providers_signer_signs_each_callback(stage: ExampleScene) -> None:
    await stage.create()
    await stage.advance(5)
    assert [is_signed(call) for call in stage.calls] == [True] * 3
    stage.calls.clear()
    await stage.create("bad_signature")
    await stage.advance(5)
    assert [is_signed(call) for call in stage.calls] == [False] * 3
    stage.calls.clear()
    await stage.create("unsigned,final_only")
    await stage.advance(5)
    assert "x-example-signature" not in stage.calls[0].headers


@scene
async def test_a_forgery_comes_unsigned_with_the_providers_shape(stage: ExampleScene) -> None:
    job = await stage.create("forged,final_only")
    await stage.advance(5)
    assert [call.url.path for call in stage.calls] == [
        "/hooks/Aoken",
        "/hooks/token",
        "/hooks/token",
    ]
    guessed, swapped, true = stage.bodies
    assert guessed["outputs"][0].startswith("https://evil.example/")
    assert "x-example-signature" not in stage.calls[0].headers
    assert swapped["id"] != job["id"] == true["id"]


@scene
async def test_the_provider_says_which_answer_delivers_a_callback(stage: ExampleScene) -> None:
    stage.answers += [204, 500, 200]
    await stage.create("final_only")
    await stage.advance(3.05)
    assert len(stage.calls) == 1
    await stage.advance(5)
    assert len(stage.calls) == 3
    assert len({call.content for call in stage.calls}) == 1


@scene
async def test_a_challenge_is_answered_during_the_create(stage: ExampleScene) -> None:
    assert (await stage.post(challenge_url="http://caller.example/echo")).status_code == 201
    assert (await stage.post(challenge_url="http://caller.example/mute")).status_code == 400


@scene
async def test_a_synchronous_create_answers_with_the_result(stage: ExampleScene) -> None:
    job = await stage.create(sync=True)
    assert (job["state"], len(job["outputs"])) == ("succeed", 3)
    failed = await stage.create("failed", sync=True)
    assert (failed["state"], len(failed["outputs"])) == ("failed", 1)


@scene
async def test_a_held_create_waits_for_the_verdict_or_its_limit(stage: ExampleScene) -> None:
    for limit, seconds, state in ((60, 3, "succeed"), (2, 2.5, "processing")):
        headers = {"prefer": f"wait={limit}"}
        asking: Coroutine[Any, Any, httpx.Response] = stage.http.post(
            "/example/v1/jobs", json={"prompt": "a cat"}, headers=headers
        )
        held = asyncio.create_task(asking)
        # The job's three steps, and the end of the wait.
        await until(lambda: stage.clock.count_planned() == 4)
        assert not held.done()
        await stage.advance(seconds)
        assert (await held).json()["jobs"][0]["state"] == state
        stage.emulator.reset()


@scene
async def test_one_create_makes_several_jobs(stage: ExampleScene) -> None:
    jobs = (await stage.post(n=3)).json()["jobs"]
    assert len({job["id"] for job in jobs}) == 3
    assert len({job["group"] for job in jobs}) == 1
    assert stage.emulator.count_creations() == {HOOK: 3}


@scene
async def test_a_purge_empties_a_job_and_takes_its_bytes(stage: ExampleScene) -> None:
    for scenario, seconds in (("ok", 3600), ("purged=60", 60)):
        job = await stage.create(scenario)
        await stage.advance(3)
        content = await stage.http.get(f"{job['poll_url']}/content")
        assert content.headers["content-type"] == "image/png"
        assert content.content.startswith(b"\x89PNG")
        await stage.advance(seconds)
        found = await stage.get(job)
        assert (found["state"], found["outputs"]) == ("succeed", [])
        assert (await stage.http.get(f"{job['poll_url']}/content")).status_code == 410


@scene
async def test_lists_page_and_lag_behind(stage: ExampleScene) -> None:
    first, second = await stage.create(), await stage.create()
    late = await stage.create("lagging=30")
    page = (await stage.http.get("/example/v1/jobs?limit=1")).json()
    assert ([job["id"] for job in page["jobs"]], page["has_more"]) == ([second["id"]], True)
    page = (await stage.http.get("/example/v1/jobs?limit=1&offset=1")).json()
    assert ([job["id"] for job in page["jobs"]], page["has_more"]) == ([first["id"]], False)
    assert (await stage.get(late))["id"] == late["id"]
    await stage.advance(30)
    page = (await stage.http.get("/example/v1/jobs")).json()
    assert (page["jobs"][0]["id"], page["count"]) == (late["id"], 3)


@scene
async def test_a_job_is_denied_for_a_while_after_its_acceptance(stage: ExampleScene) -> None:
    job = await stage.create("denied=2")
    statuses = [(await stage.http.get(job["poll_url"])).status_code for _ in range(3)]
    assert statuses == [404, 404, 200]
    job = await stage.create("denied=5s")
    assert (await stage.http.get(job["poll_url"])).status_code == 404
    await stage.advance(5)
    assert (await stage.http.get(job["poll_url"])).status_code == 200


@pytest.mark.parametrize(
    ("scenario", "status", "made"),
    [
        ("rate_limited=1", 429, 0),
        ("unavailable=1", 503, 0),
        ("error_lost=1", 500, 0),
        ("html_error=1", 502, 0),
        ("error_created", 500, 1),
        ("html_error_created", 502, 1),
        ("cut_before_accept=1", 502, 0),  # without a server that can cut: its page
        ("cut_after_accept", 502, 1),
        ("refused", 400, 0),
    ],
)
def test_a_create_goes_wrong_before_or_after_it_is_accepted(
    scenario: str, status: int, made: int
) -> None:
    @scene
    async def play(stage: ExampleScene) -> None:
        assert (await stage.post(scenario)).status_code == status
        assert sum(stage.emulator.count_creations().values()) == made

    play()


@scene
async def test_polls_go_wrong_for_a_while(stage: ExampleScene) -> None:
    for word, status in (
        ("mute_query", 500),
        ("rate_limited_query", 429),
        ("html_query", 404),
        ("html_ok", 200),
        ("cut_query", 502),  # without a server that can cut: its page
    ):
        job = await stage.create(f"{word}=1")
        answer = await stage.http.get(job["poll_url"])
        assert answer.status_code == status
        assert ("retry-after" in answer.headers) == (status == 429)
        is_page = answer.headers["content-type"].startswith("text/html")
        assert is_page == (word in {"html_query", "html_ok", "cut_query"})
        assert (await stage.get(job))["id"] == job["id"]


@scene
async def test_a_cancel_may_be_late_slow_lost_or_erase(stage: ExampleScene) -> None:
    job = await stage.create("cancel_too_late")
    assert (await stage.http.post(f"{job['poll_url']}/cancel")).status_code == 409
    slow = await stage.create("cancel_slow")
    assert (await stage.http.post(f"{slow['poll_url']}/cancel")).json()["state"] == "submitted"
    lost = await stage.create("cancel_lost")
    assert (await stage.http.post(f"{lost['poll_url']}/cancel")).status_code == 200
    erased = await stage.create()
    await stage.advance(5)
    assert (await stage.get(job))["state"] == "succeed"
    assert (await stage.get(slow))["state"] == "cancelled"
    assert (await stage.get(lost))["state"] == "succeed"
    assert (await stage.http.delete(erased["poll_url"])).status_code == 204
    assert (await stage.http.get(erased["poll_url"])).status_code == 404


@scene
async def test_a_verdict_may_be_false_or_be_overturned(stage: ExampleScene) -> None:
    for scenario, states in (
        ("false_failure,final_only", ["failed", "succeed"]),
        ("overturned,final_only", ["succeed", "failed"]),
    ):
        stage.bodies.clear()
        await stage.create(scenario)
        await stage.advance(9)
        assert stage.told("state") == states


@scene
async def test_a_result_is_served_in_parts_signed_anew_and_expires(stage: ExampleScene) -> None:
    job = await stage.create("resigned,media_expired=60")
    await stage.advance(3)
    first, second = (await stage.get(job))["outputs"], (await stage.get(job))["outputs"]
    assert not set(first) & set(second)
    types = []
    for url in first:
        whole = await stage.http.get(url)
        part = await stage.http.get(url, headers={"range": "bytes=-4"})
        assert (whole.status_code, part.status_code) == (200, 206)
        assert part.content == whole.content[-4:]
        size = len(whole.content)
        assert part.headers["content-range"] == f"bytes {size - 4}-{size - 1}/{size}"
        beyond = await stage.http.get(url, headers={"range": f"bytes={size}-"})
        assert beyond.status_code == 416
        types.append(whole.headers["content-type"])
    assert types == ["image/png", "video/mp4", "audio/mpeg"]
    await stage.advance(61)
    assert (await stage.http.get(first[0])).status_code == 403


@scene
async def test_own_words_are_known_to_their_provider_alone(stage: ExampleScene) -> None:
    put = stage.http.put
    await put("/emulator/scenario", json={"scenario": "shouting"})
    job = (await stage.http.post("/example/v1/jobs", json={"prompt": "a cat"})).json()["jobs"][0]
    assert job["state"] == "SUBMITTED"
    refused = {"scenario": "shouting", "provider": "kling"}
    assert (await put("/emulator/scenario", json=refused)).status_code == 400
    providers = (await stage.http.get("/emulator")).json()["providers"]
    assert providers["example"]["scenarios"] == ["shouting"]
    shouting = {name for name, each in providers.items() if each["scenario"] == "shouting"}
    assert shouting == {"example"}


@scene
async def test_unknown_paths_keys_and_bodies_are_refused_in_the_providers_words(
    stage: ExampleScene,
) -> None:
    get, post = stage.http.get, stage.http.post
    assert (await get("/example/v1/nothing")).json() == {"error": "no such path"}
    assert (await stage.http.put("/example/v1/jobs")).status_code == 405
    assert (await post("/example/v1/jobs", content=b"[]")).status_code == 400
    assert (await get("/example/v1/jobs", headers={"authorization": "Bearer x"})).status_code == 401
    assert (await get("/example/v1/jobs?limit=many")).status_code == 400
