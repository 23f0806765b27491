"""The emulator of gateways of videos: both formats, forms, `/content`, their lies."""

from typing import Any

import httpx
import pytest

from .scene import HOST, Scene, play_in

BASE = "/openai/v1"
VIDEO = {"model": "sora-2", "prompt": "a cat"}


class VideoScene(Scene):
    """The emulator, as a caller of a gateway sees it."""

    async def post(self, path: str, scenario: str = "ok", **fields: object) -> httpx.Response:
        """Send a create in JSON; a field that is None is left out."""
        body = {name: value for name, value in (VIDEO | fields).items() if value is not None}
        return await self.http.post(
            f"{BASE}/{path}", json=body, headers={"x-emulator-scenario": scenario}
        )

    async def made(self, scenario: str = "ok") -> str:
        """Make a task that must be accepted; return its id."""
        answer = await self.post("videos", scenario)
        assert answer.status_code == 200, answer.text
        return str(answer.json()["id"])

    async def video(self, name: str) -> dict[str, Any]:
        """Return a task in OpenAI's format."""
        return await self.found(f"{BASE}/videos/{name}")

    async def row(self, name: str) -> dict[str, Any]:
        """Return a gateway's row of a task."""
        found: dict[str, Any] = (await self.found(f"{BASE}/video/generations/{name}"))["data"]
        return found


scene = play_in(VideoScene)


@scene
async def test_a_form_makes_a_video_that_both_formats_show(stage: VideoScene) -> None:
    answer = await stage.http.post(
        f"{BASE}/videos",
        data={**VIDEO, "seconds": "8", "size": "1280x720"},
        files={"input_reference": ("a.png", b"hello", "image/png")},
    )
    made = answer.json()
    assert (made["object"], made["status"], made["progress"]) == ("video", "queued", 10)
    assert (made["seconds"], made["size"], made["id"]) == ("8", "1280x720", made["task_id"])
    await stage.advance(1)
    assert (await stage.row(made["id"]))["status"] == "IN_PROGRESS"
    await stage.advance(1)
    done, row = await stage.video(made["id"]), await stage.row(made["id"])
    assert done["status"] == "completed"
    assert done["metadata"]["url"].startswith(f"{HOST}/media/")
    assert (row["status"], row["progress"], row["quota"]) == ("SUCCESS", "100%", 8_000_000)
    assert stage.calls == []


@scene
async def test_the_content_needs_the_key_and_the_end(stage: VideoScene) -> None:
    name = await stage.made()
    assert (await stage.http.get(f"{BASE}/videos/{name}/content")).status_code == 400
    await stage.advance(2)
    content = await stage.http.get(f"{BASE}/videos/{name}/content")
    assert content.headers["content-type"] == "video/mp4"
    bad = {"authorization": "Bearer x"}
    assert (await stage.http.get(f"{BASE}/videos/{name}/content", headers=bad)).status_code == 401


@pytest.mark.parametrize(
    ("path", "fields"),
    [
        ("videos", {"prompt": None}),
        ("videos", {"model": None}),
        ("video/generations", {"model": ""}),
    ],
)
def test_a_create_without_model_or_prompt_is_refused(path: str, fields: dict[str, Any]) -> None:
    @scene
    async def play(stage: VideoScene) -> None:
        answer = await stage.post(path, **fields)
        assert (answer.status_code, answer.json()["code"]) == (400, "invalid_request")
        assert stage.emulator.count_creations() == {}

    play()


@scene
async def test_a_create_is_refused_by_status_and_code(stage: VideoScene) -> None:
    for scenario, status, code in (
        ("not_implemented", 501, "not_implemented"),
        ("multipart_only", 400, "invalid_request"),
        ("saturated", 429, "rate_limit"),
        ("no_channel", 503, "model_not_found"),
        ("no_quota", 403, "insufficient_user_quota"),
        ("no_quota=429", 429, "insufficient_quota"),
    ):
        answer = await stage.post("videos", scenario)
        body = answer.json()
        assert (answer.status_code, body.get("code") or body["error"]["code"]) == (status, code)
    assert stage.emulator.count_creations() == {}


@scene
async def test_an_unknown_task_is_a_bad_request_or_not_found(stage: VideoScene) -> None:
    answer = await stage.http.get(f"{BASE}/videos/nothing")
    assert (answer.status_code, answer.json()["code"]) == (400, "task_not_exist")
    stage.emulator.set_scenario("unknown_404", "openai")
    assert (await stage.http.get(f"{BASE}/videos/nothing")).status_code == 404


@scene
async def test_words_change_what_a_task_looks_like(stage: VideoScene) -> None:
    names = {
        word: await stage.made(word)
        for word in ("empty_status", "unknown_status", "foreign_words", "string_numbers")
    }
    shown = {word: await stage.video(name) for word, name in names.items()}
    assert shown["empty_status"]["status"] == ""
    assert shown["unknown_status"]["status"] == "unknown"
    assert shown["foreign_words"]["status"] == "Pending"
    assert shown["string_numbers"]["progress"] == "10%"
    wrapped = (await stage.post("videos", "wrapped")).json()["data"]["data"]["id"]
    assert (await stage.video(wrapped))["data"]["data"]["id"] == wrapped


@scene
async def test_an_end_may_lie(stage: VideoScene) -> None:
    swept, removed = await stage.made("sweep_timeout"), await stage.made("channel_removed")
    moved, late = await stage.made("url_in_fail_reason"), await stage.made("done_without_url=1")
    stuck, expired = await stage.made("stuck_progress"), await stage.made("expires")
    await stage.advance(2)
    assert "任务超时" in (await stage.row(swept))["fail_reason"]
    assert "渠道" in (await stage.video(removed))["error"]["message"]
    assert (await stage.row(moved))["fail_reason"].startswith(HOST)
    assert ["metadata" in await stage.video(late) for _ in range(2)] == [False, True]
    assert (await stage.video(stuck))["progress"] == 50
    assert (await stage.video(expired))["status"] == "expired"
    await stage.advance(1)
    assert (await stage.video(swept))["status"] == "completed"


@scene
async def test_a_bill_may_lie(stage: VideoScene) -> None:
    late, twice = await stage.made("refund_late=10"), await stage.made("refund_twice")
    kept, double = await stage.made("charged_failure"), await stage.made("two_upstreams")
    await stage.advance(2)
    assert [
        (await stage.row(one))["quota"] // 1_000_000 for one in (late, twice, kept, double)
    ] == [*(4, -4, 4, 8)]
    await stage.advance(10)
    assert (await stage.row(late))["quota"] == 0


@scene
async def test_models_and_billing_are_there(stage: VideoScene) -> None:
    assert (await stage.found(f"{BASE}/models"))["object"] == "list"
    limit = await stage.found(f"{BASE}/dashboard/billing/subscription")
    assert limit["hard_limit_usd"] == 12.5
    assert (await stage.found(f"{BASE}/dashboard/billing/usage"))["total_usage"] == 250.0
