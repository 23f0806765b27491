"""Jimeng's emulator: signatures, models, codes with their HTTP statuses, and its lies."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from tracker.emulator.core.calls import ApiCall
from tracker.emulator.providers.jimeng.signature import is_signed, read_access_key

from .scene import Scene, play_in

ACTIONS = {
    "submit": "Action=CVSync2AsyncSubmitTask&Version=2022-08-31",
    "look": "Action=CVSync2AsyncGetResult&Version=2022-08-31",
    "cancel": "Action=CVCancelTask&Version=2024-06-06",
}
MODEL = "jimeng_t2i_v40"
AT = datetime(2026, 5, 1, 10, tzinfo=UTC).timestamp()


class JimengScene(Scene):
    """The emulator, as a caller of a relay sees it: the key is a Bearer."""

    async def act(self, action: str, scenario: str = "ok", **body: Any) -> httpx.Response:
        """Make a call."""
        headers = {"x-emulator-scenario": scenario}
        given = {"req_key": MODEL} | body
        return await self.http.post(f"/jimeng/?{ACTIONS[action]}", json=given, headers=headers)

    async def made(self, scenario: str = "ok", **body: Any) -> str:
        """Make a task that must be accepted; return its id."""
        answer = await self.act("submit", scenario, **{"prompt": "a cat", **body})
        assert (answer.status_code, answer.json()["code"]) == (200, 10000), answer.text
        return str(answer.json()["data"]["task_id"])

    async def look(self, name: str, **body: Any) -> dict[str, Any]:
        """Poll a task that must be told of as good; return the data."""
        answer = await self.act("look", task_id=name, **body)
        assert (answer.status_code, answer.json()["code"]) == (200, 10000), answer.text
        data: dict[str, Any] = answer.json()["data"]
        return data


scene = play_in(JimengScene)


def signed_call() -> ApiCall:
    """The call of the vector that PyPI volcengine 1.0.229 made (auth/SignerV4.py)."""
    return ApiCall(
        method="POST",
        path="/",
        headers={
            "host": "visual.volcengineapi.com:443",
            "content-type": "application/json",
            "x-date": "20260501T100000Z",
            "x-content-sha256": "ef2b386d56d12b7a07b09984107a80db51b80aef0fc93ecc39797501751e16b3",
            "authorization": "HMAC-SHA256 Credential=AKLTexample/20260501/cn-north-1/cv/request, "
            "SignedHeaders=content-type;host;x-content-sha256;x-date, "
            "Signature=fac61da9fc276852e1fe4ffdf3d074adfce3b5bf0764865f87a69021cddf5784",
        },
        params={},
        query=[("Version", "2022-08-31"), ("Action", "CVSync2AsyncSubmitTask")],
        raw=b'{"req_key": "jimeng_t2i_v40", "prompt": "a cat"}',
        base_url="https://visual.volcengineapi.com",
        root_url="https://visual.volcengineapi.com",
        request_id="1",
    )


def test_the_official_sdks_signature_is_right_for_a_quarter_of_an_hour() -> None:
    call = signed_call()
    assert read_access_key(call) == "AKLTexample"
    for apart, is_right in ((0, True), (900, True), (-900, True), (901, False)):
        assert is_signed(call, "c2VjcmV0", now=AT + apart) is is_right
    assert not is_signed(call, "another", now=AT)
    assert not is_signed(replace(call, raw=b"{}"), "c2VjcmV0", now=AT)
    for name in ("x-date", "x-content-sha256", "host", "authorization"):
        headers = {**call.headers, name: "x"}
        assert not is_signed(replace(call, headers=headers), "c2VjcmV0", now=AT)


@scene
async def test_a_task_goes_from_the_queue_to_its_files_and_only_under_its_model(
    stage: JimengScene,
) -> None:
    name = await stage.made()
    assert (len(name), name.isdigit()) == (19, True)
    words = []
    for _ in range(3):
        words.append((await stage.look(name))["status"])
        await stage.advance(1)
    assert words == ["in_queue", "generating", "done"]
    [picture] = (await stage.look(name))["image_urls"]
    assert (await stage.http.get(picture)).headers["content-type"] == "image/png"
    other = await stage.look(name, req_key="jimeng_t2i_v30")
    assert other == {"status": "not_found"}


@scene
async def test_a_video_dies_after_an_hour(stage: JimengScene) -> None:
    name = await stage.made(req_key="jimeng_t2v_v30")
    await stage.advance(2)
    url = (await stage.look(name, req_key="jimeng_t2v_v30"))["video_url"]
    assert (await stage.http.get(url)).status_code == 200
    await stage.advance(3601)
    assert (await stage.http.get(url)).status_code == 403


@pytest.mark.parametrize(
    ("scenario", "status", "code"),
    [
        ("refused", 400, 50412),
        ("no_right", 400, 50400),
        ("rate_limited", 429, 50429),
        ("busy", 429, 50430),
        ("error_lost", 500, 50500),
        ("unavailable", 503, 50501),
    ],
)
def test_a_create_is_refused_with_a_code(scenario: str, status: int, code: int) -> None:
    @scene
    async def play(stage: JimengScene) -> None:
        answer = await stage.act("submit", scenario, prompt="a cat")
        body = answer.json()
        assert (answer.status_code, body["code"], body["data"]) == (status, code, None)
        assert stage.emulator.count_creations() == {}

    play()


@pytest.mark.parametrize(
    "body", [{}, {"prompt": "a" * 801}, {"prompt": "x", "scale": 2}, {"prompt": "x", "frames": 1}]
)
def test_a_wrong_field_is_refused(body: dict[str, Any]) -> None:
    @scene
    async def play(stage: JimengScene) -> None:
        answer = await stage.act("submit", **body)
        assert (answer.status_code, answer.json()["code"]) == (400, 50215)

    play()


@pytest.mark.parametrize(
    ("scenario", "status", "code"),
    [
        ("moderated", 400, 50411),
        ("failed", 400, 50207),
        ("output_moderated", 400, 50511),
        ("done_with_code", 200, 50411),
        ("internal_query=1", 500, 50500),
    ],
)
def test_a_poll_may_answer_with_a_code(scenario: str, status: int, code: int) -> None:
    @scene
    async def play(stage: JimengScene) -> None:
        name = await stage.made(scenario)
        await stage.advance(2)
        answer = await stage.act("look", task_id=name)
        assert (answer.status_code, answer.json()["code"]) == (status, code)

    play()


@scene
async def test_words_change_what_a_task_looks_like(stage: JimengScene) -> None:
    empty, gone = await stage.made("no_files=1"), await stage.made("expired")
    late = await stage.made("denied=1")
    number = (await stage.act("submit", "number_id", prompt="x")).json()["data"]["task_id"]
    assert isinstance(number, int)
    assert await stage.look(late) == {"status": "not_found"}
    assert (await stage.look(late))["status"] == "in_queue"
    await stage.advance(2)
    assert [(await stage.look(empty))["image_urls"] is None for _ in range(2)] == [True, False]
    assert await stage.look(gone) == {"status": "expired"}


@scene
async def test_a_cancel_names_the_model_too(stage: JimengScene) -> None:
    name = await stage.made("hold")
    await stage.act("cancel", task_id=name, req_key="jimeng_t2i_v30")
    assert (await stage.look(name))["status"] == "in_queue"
    assert (await stage.act("cancel", task_id=name)).json()["code"] == 10000
    assert (await stage.look(name))["status"] == "canceled"


@scene
async def test_the_gateway_words_what_it_refuses(stage: JimengScene) -> None:
    for headers, url, status, word in (
        (
            {"authorization": "Bearer x"},
            f"/jimeng/?{ACTIONS['look']}",
            401,
            "SignatureDoesNotMatch",
        ),
        ({"authorization": "HMAC-SHA256 Credential=a/b"}, f"/jimeng/?{ACTIONS['look']}", 401, ""),
        ({}, "/jimeng/?Action=Other&Version=2022-08-31", 404, "InvalidActionOrVersion"),
    ):
        answer = await stage.http.post(url, json={"req_key": MODEL}, headers=headers)
        error = answer.json()["ResponseMetadata"]["Error"]
        assert (answer.status_code, word in error["Code"]) == (status, True)
