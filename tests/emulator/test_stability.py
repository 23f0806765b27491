"""Stability's emulator: forms, both forms of answers, the status as the state, and the lies."""

from base64 import b64decode
from typing import Any

import httpx
import pytest

from .scene import Scene, play_in

CORE, CREATIVE = "stable-image/generate/core", "stable-image/upscale/creative"
BASE = "/stability/v2beta"
PNG = b"\x89PNG\r\n\x1a\n"
PNG_END = b"IEND\xaeB`\x82"
FILE = ("a.png", PNG, "image/png")
RAW, JSON = {"accept": "image/*"}, {"accept": "application/json"}


class StabilityScene(Scene):
    """The emulator, as a caller of Stability sees it."""

    async def post(
        self, name: str = CORE, scenario: str = "ok", accept: str = "image/*", **fields: Any
    ) -> httpx.Response:
        """Send a form; bytes and tuples are files, what is None is left out."""
        given = {"prompt": "a cat", "none": ("", b"", "text/plain")} | fields
        texts = {name: value for name, value in given.items() if isinstance(value, str)}
        files = {name: value for name, value in given.items() if isinstance(value, tuple)}
        headers = {"x-emulator-scenario": scenario, "accept": accept}
        return await self.http.post(f"{BASE}/{name}", data=texts, files=files, headers=headers)

    async def made(self, scenario: str = "ok") -> str:
        """Have a picture made larger, which must be accepted; return the id."""
        answer = await self.post(CREATIVE, scenario, "application/json", image=FILE)
        assert answer.status_code == 200, answer.text
        return str(answer.json()["id"])


scene = play_in(StabilityScene)


@scene
async def test_a_create_is_answered_as_accept_asks(stage: StabilityScene) -> None:
    raw = await stage.post(seed="7")
    assert raw.content.startswith(PNG)
    assert raw.headers["content-type"] == "image/png"
    assert (raw.headers["finish-reason"], raw.headers["seed"]) == ("SUCCESS", "7")
    told = (await stage.post(accept="application/json", seed="7")).json()
    assert b64decode(told.pop("image")).startswith(PNG)
    assert told == {"finish_reason": "SUCCESS", "seed": 7}


@scene
async def test_the_status_of_a_result_is_its_state(stage: StabilityScene) -> None:
    name = await stage.made()
    assert len(name) == 64
    url = f"{BASE}/results/{name}"
    early = await stage.http.get(url, headers=RAW)
    assert (early.status_code, early.json()) == (202, {"id": name, "status": "in-progress"})
    await stage.advance(2)
    assert (await stage.http.get(url, headers=RAW)).content.startswith(PNG)
    told = (await stage.http.get(url, headers=JSON)).json()
    assert set(told) == {"result", "finish_reason", "seed"}
    older = await stage.http.get(f"{BASE}/{CREATIVE}/result/{name}", headers=JSON)
    assert set(older.json()) == {"image", "finish_reason", "seed"}
    await stage.advance(24 * 3600)
    gone = await stage.http.get(url, headers=RAW)
    assert (gone.status_code, gone.json()["name"]) == (404, "not_found")


@pytest.mark.parametrize(
    ("name", "fields", "kind", "begins"),
    [
        ("stable-image/edit/erase", {"image": FILE}, "image/png", PNG),
        ("3d/stable-fast-3d", {"image": FILE}, "model/gltf-binary", b"glTF"),
        ("audio/stable-audio-2/text-to-audio", {}, "audio/mpeg", b""),
    ],
)
def test_each_kind_of_file_is_made(
    name: str, fields: dict[str, Any], kind: str, begins: bytes
) -> None:
    @scene
    async def play(stage: StabilityScene) -> None:
        answer = await stage.post(name, accept=kind, **fields)
        assert answer.headers["content-type"] == kind
        assert answer.content.startswith(begins)

    play()


@pytest.mark.parametrize(
    ("name", "fields", "status"),
    [
        (CORE, {"prompt": None}, 400),
        (CORE, {"prompt": "a" * 10_001}, 400),
        (CORE, {"seed": "4294967295"}, 400),
        (CORE, {"accept": "video/*"}, 400),
        (CREATIVE, {}, 400),
        (CREATIVE, {"image": ("a.png", b"a" * 11_000_000, "image/png")}, 413),
    ],
)
def test_a_create_is_refused(name: str, fields: dict[str, Any], status: int) -> None:
    @scene
    async def play(stage: StabilityScene) -> None:
        answer = await stage.post(name, **fields)
        assert answer.status_code == status
        assert set(answer.json()) == {"id", "name", "errors"}
        assert stage.emulator.count_creations() == {}

    play()


@scene
async def test_a_body_that_is_no_form_is_refused(stage: StabilityScene) -> None:
    answer = await stage.http.post(f"{BASE}/{CORE}", json={"prompt": "a cat"}, headers=RAW)
    assert (answer.status_code, answer.json()["name"]) == (400, "bad_request")


@pytest.mark.parametrize(
    ("scenario", "status", "name"),
    [
        ("no_credits", 402, "payment_required"),
        ("refused", 403, "content_moderation"),
        ("moderated", 403, "content_moderation"),
        ("failed", 422, "unprocessable_entity"),
        ("banned", 429, "rate_limit_exceeded"),
        ("gateway_timeout", 504, "timeout"),
    ],
)
def test_a_refusal_has_an_id_of_its_own_and_a_name(scenario: str, status: int, name: str) -> None:
    @scene
    async def play(stage: StabilityScene) -> None:
        answer = await stage.post(CORE, scenario)
        assert (answer.status_code, answer.json()["name"]) == (status, name)
        assert "retry-after" not in answer.headers

    play()


@scene
async def test_words_change_the_result(stage: StabilityScene) -> None:
    filtered = await stage.post(CORE, "content_filtered")
    assert (filtered.status_code, filtered.headers["finish-reason"]) == (200, "CONTENT_FILTERED")
    error = await stage.post(CORE, "finish_error", "application/json")
    assert error.json()["finish_reason"] == "ERROR"
    assert len((await stage.post(CORE, "large=2")).content) > 2 * 1024 * 1024
    blocking = await stage.post(CREATIVE, "blocking", "application/json", image=FILE)
    assert blocking.content.startswith(PNG)
    whole, half = [(await stage.post(CORE, word)).content for word in ("ok", "truncated")]
    assert (whole.startswith(PNG), whole.endswith(PNG_END)) == (True, True)
    assert (half.startswith(PNG), PNG_END in half) == (True, False)


@scene
async def test_the_account_is_told(stage: StabilityScene) -> None:
    assert (await stage.found("/stability/v1/user/balance")) == {"credits": 123.4}
    nobody = await stage.http.get("/stability/v1/user/balance", headers={"authorization": "x"})
    assert (nobody.status_code, nobody.json()["name"]) == (401, "unauthorized")
