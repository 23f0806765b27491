"""Lies of fal, Ark, Hailuo, Vidu, Veo and OpenAI's kind, told over HTTP.

Written from the same sources as those beside it; see there.
"""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from tests.providers.support import NOW, a_task, an_account, asked_of
from tests.providers.test_lies_over_http import (
    CAT,
    HELD,
    Lie,
    Played,
    at_once,
    cut,
    later,
    said,
    short_of,
)
from tests.support.origin import serve_whole
from tests.support.upstream import Script
from tracker.domain.exchange import HttpResult
from tracker.providers.registry import PROVIDERS

pytestmark = pytest.mark.anyio
FILM = "https://files.example/a.mp4"
TUNNEL = serve_whole(b"<html>1033</html>", status="530 X")

FAL = Played("fal", "fal-ai/flux/dev", {"input": CAT}, said({"request_id": "r1"}))
SEEDANCE = {"model": "doubao-seedance-1-5-pro-251215", "content": [{"type": "text", "text": "x"}]}
ARK = Played("ark", "contents/generations/tasks", SEEDANCE, said({"id": "cgt-1"}))
MADE = said({"task_id": "1069", "base_resp": {"status_code": 0}})
HAILUO = Played("hailuo", "v1/video_generation", {"model": "MiniMax-Hailuo-02", **CAT}, MADE)
VIDU = Played("vidu", "text2video", {"model": "viduq3-pro", **CAT}, said({"task_id": 901}))
NAME = "models/veo-3.1-generate-preview/operations/op1"
VEO = Played(
    "veo",
    "predictLongRunning",
    {"model": "veo-3.1-generate-preview", "instances": [CAT]},
    said({"name": NAME}),
)
SORA = {"model": "sora-2", "seconds": "4", **CAT}
BEGUN = said({"id": "video_1", "status": "queued"})
GATEWAY = Played("openai", "videos", SORA, BEGUN)
OFFICIAL = Played("openai", "videos", SORA, BEGUN, profile="official")
PICTURES = Played(
    "openai", "images/generations", {"model": "gpt-image-2", "n": 4, **CAT}, profile="official"
)
TOOL = "image_generation"
DRAWING = {"model": "gpt-6", "input": "x", "background": True, "tools": [{"type": TOOL}]}
RESPONSE = Played(
    "openai", "responses", DRAWING, said({"id": "resp_1", "status": "queued"}), profile="official"
)

PICTURE = {"images": [{"url": "https://v3.fal.media/a.png"}]}
FLAW = {"detail": [{"type": "content_policy_violation", "msg": "no"}]}
SENSITIVE = {"code": "OutputVideoSensitiveContentDetected", "message": "no"}
CREATION = [{"id": "c1", "url": FILM}]
SAMPLE = {"video": {"uri": "https://generativelanguage.googleapis.com/v1beta/files/a:download"}}
DRAWN = {"type": "image_generation_call", "status": "completed", "result": HELD}


def completed(result: Script, seen: str, **more: Any) -> tuple[Played, Lie]:
    """A request of fal's that is COMPLETED, and its result."""
    status = said({"request_id": "r1", "status": "COMPLETED", **more})
    return later(FAL, status, seen, more=[result])


def ark(word: str, seen: str, **more: Any) -> tuple[Played, Lie]:
    return later(ARK, said({"id": "cgt-1", "status": word, **more}), seen)


def hailuo(word: str, code: int = 0, **more: Any) -> Script:
    resp = {"status_code": code, "status_msg": "success"}
    return said({"task_id": 1069, "status": word, "base_resp": resp, **more})


def retrieved(url: str, seen: str, code: int = 0, file_id: int | str = "7") -> tuple[Played, Lie]:
    """A success of Hailuo's, and what is said of its file."""
    file = said({"file": {"download_url": url}, "base_resp": {"status_code": code}})
    return later(HAILUO, hailuo("Success", file_id=file_id), seen, more=[file])


def vidu(word: str, seen: str, **more: Any) -> tuple[Played, Lie]:
    return later(VIDU, said({"id": 901, "state": word, **more}), seen)


def veo(seen: str, **more: Any) -> tuple[Played, Lie]:
    return later(VEO, said({"name": NAME, **more}), seen)


def samples(*listed: Any, **more: Any) -> Mapping[str, Any]:
    return {"generateVideoResponse": {"generatedSamples": listed, **more}}


def video(upstream: Played, word: str, seen: str, **more: Any) -> tuple[Played, Lie]:
    return later(upstream, said({"id": "video_1", "status": word, **more}), seen)


def response(word: str, seen: str, **more: Any) -> tuple[Played, Lie]:
    return later(RESPONSE, said({"id": "resp_1", "status": word, **more}), seen)


def error(code: str, status: str = "200 OK") -> Script:
    return said({"error": {"code": code, "message": "told"}}, status)


LIES = [
    completed(said(PICTURE), "succeeded 1"),
    completed(said(FLAW, "422 No"), "failed 0 content_policy_violation", error="boom"),
    completed(said(PICTURE), "failed 0", error="boom"),
    completed(said(FLAW), "failed 0 content_policy_violation"),
    completed(said({"error": "boom"}), "failed 0"),
    completed(said({"text": "a poem"}), "succeeded 0"),
    completed(said({"detail": "Request is still in progress"}, "400 Bad"), "unanswered"),
    completed(said({"detail": "Not Found"}, "404 Not Found"), "succeeded 0"),
    completed(TUNNEL, "unanswered"),
    completed(said(None), "unanswered"),
    completed(said(PICTURE), "succeeded 1", request_id="a gateway's"),
    later(FAL, TUNNEL, "unanswered"),
    later(FAL, said({"detail": "Method Not Allowed"}, "405 No"), "unanswered"),
    at_once(FAL, said({"detail": "User is locked"}, "403 No"), "refused of the account"),
    at_once(FAL, said({"status": "COMPLETED", "images": []}), "unknown"),
    at_once(FAL, cut(b'{"request_id": "r1"'), "unknown"),
    ark("succeeded", "succeeded 1", content={"video_url": FILM}, error=None, duration=5.0),
    ark("succeeded", "running 0", content=None, error=None),
    ark("succeeded", "failed 0 OutputVideoSensitiveContentDetected", error=SENSITIVE),
    ark("succeeded", "succeeded 1", content={"video_url": FILM}, error=SENSITIVE),
    ark("failed", "failed 0", error=None),
    ark("expired", "failed 0 expired"),
    ark("cancelled", "cancelled 0", error=None),
    ark("processing", "running 0"),
    later(ARK, said({"status": "running"}), "running 0"),
    later(ARK, error("ResourceNotFound", "404 Not Found"), "absent denied"),
    later(ARK, error("ResourceNotFound", "404 Not Found"), "absent purged", timedelta(days=8)),
    later(ARK, error("ResourceNotFound"), "unanswered"),
    at_once(ARK, error("InternalServiceError", "500 Oops"), "unknown InternalServiceError"),
    at_once(ARK, error("SetLimitExceeded", "429 Slow"), "refused SetLimitExceeded of the account"),
    retrieved(FILM, "succeeded 1", file_id=205258526306433),
    retrieved("", "running 0"),
    retrieved("", "running 0", code=1026),
    retrieved(FILM, "unanswered", code=1002),
    later(HAILUO, hailuo("Success"), "running 0"),
    later(HAILUO, hailuo("Success", 1027), "failed 0 1027"),
    later(HAILUO, hailuo("Fail"), "failed 0"),
    later(HAILUO, hailuo("", 1026), "failed 0 1026"),
    later(HAILUO, hailuo("Processing", 1002), "unanswered"),
    later(HAILUO, hailuo("", 1004), "unanswered"),
    at_once(HAILUO, hailuo("", 1002), "deferred 1002"),
    at_once(HAILUO, hailuo("", 1008), "refused 1008 of the account"),
    at_once(HAILUO, said({"task_id": "", "base_resp": {"status_code": 0}}), "unknown"),
    vidu("success", "succeeded 1", creations=CREATION, err_code="odd"),
    vidu("success", "running 0", creations=[]),
    vidu("success", "failed 0 CreationTimeout", creations=None, err_code="CreationTimeout"),
    vidu("failed", "failed 0", err_code=""),
    vidu("processing", "running 0", err_code="odd"),
    vidu("unheard", "None 0"),
    later(VIDU, said({"code": 404, "reason": "TaskNotFound"}), "unanswered"),
    at_once(VIDU, said({"code": 5, "reason": "Internal"}, "500 Oops"), "unknown Internal"),
    at_once(
        VIDU,
        said({"code": 400, "reason": "CreditInsufficient"}),
        "refused CreditInsufficient of the account",
    ),
    veo("running 0"),
    veo("running 0", done=False, error={"code": 13}),
    veo("succeeded 1", done="true", error={}, response=samples(SAMPLE)),
    veo("succeeded 2", done=True, response=samples(SAMPLE, SAMPLE, raiMediaFilteredCount=2)),
    veo("failed 0 rai_media_filtered", done=True, response=samples(raiMediaFilteredCount="1")),
    veo("running 0", done=True),
    veo("running 0", done=True, response=samples({"video": {}})),
    veo("failed 0 INTERNAL", done=True, error={"code": 13, "message": "internal"}),
    later(VEO, error("404", "404 Not Found"), "absent denied"),
    later(VEO, error("404"), "unanswered"),
    later(VEO, said({"done": True, "response": samples(SAMPLE)}), "succeeded 1"),
    at_once(VEO, said({"name": NAME, "done": True, "response": samples(SAMPLE)}), "succeeded 1"),
    at_once(VEO, said({"name": ""}), "unknown"),
    video(GATEWAY, "in_progress", "running 0", progress="100%"),
    video(GATEWAY, "failed", "failed 0", error="boom"),
    video(GATEWAY, "cancelled", "cancelled 0"),
    video(GATEWAY, "expired", "failed 0 expired"),
    video(GATEWAY, "succeeded", "succeeded 1", video_url=FILM),
    later(GATEWAY, said({"code": "task_not_exist"}, "400 Bad"), "absent denied"),
    later(GATEWAY, said({"error": {"message": "task not found"}}), "unanswered"),
    later(OFFICIAL, said({"code": "task_not_exist"}, "400 Bad"), "unanswered"),
    later(OFFICIAL, error("not_found", "404 Not Found"), "absent denied"),
    video(OFFICIAL, "failed", "failed 0 moderation_blocked", error={"code": "moderation_blocked"}),
    at_once(OFFICIAL, error("server_error"), "unknown server_error"),
    at_once(PICTURES, said({"data": [{"b64_json": HELD}] * 3}), "succeeded 3"),
    at_once(PICTURES, said({"data": []}), "failed 0 empty_result"),
    at_once(PICTURES, said({"created": 1}), "unknown"),
    at_once(PICTURES, error("moderation_blocked"), "failed 0 moderation_blocked"),
    at_once(PICTURES, error("moderation_blocked", "400 Bad"), "refused moderation_blocked"),
    at_once(
        PICTURES,
        error("insufficient_quota", "429 Slow"),
        "refused insufficient_quota of the account",
    ),
    at_once(PICTURES, serve_whole(b"<html>524</html>", status="524 X"), "unknown"),
    at_once(PICTURES, cut(b'{"data": [{"b64_json": "' + HELD.encode()), "unknown"),
    at_once(PICTURES, said({"data": [{"b64_json": HELD}]}, "302 Found"), "unknown"),
    response("completed", "succeeded 1", output=[DRAWN], error={"code": "server_error"}),
    response("completed", "failed 0 empty_result", output=[]),
    response("completed", "failed 0 empty_result", output=[{**DRAWN, "result": None}]),
    response(
        "incomplete", "failed 0 content_filter", incomplete_details={"reason": "content_filter"}
    ),
    response("incomplete", "failed 1", output=[DRAWN]),
    response("cancelled", "cancelled 0"),
    later(RESPONSE, error("gone"), "unanswered"),
]


@pytest.mark.parametrize(("upstream", "lie"), LIES)
async def test_a_lie_is_read_as_what_it_proves(upstream: Played, lie: Lie) -> None:
    told, seen = await upstream.play(lie)
    assert (told, None if seen is None else seen.removesuffix(" None")) == (lie.told, lie.seen)


def test_rows_of_a_list_that_lack_repeat_or_contradict_are_asked_for_alone() -> None:
    provider = PROVIDERS["ark"]
    assert provider.polls is not None
    names = ("cgt-1", "cgt-2", "cgt-3", "5")
    tasks = [
        replace(a_task("contents/generations/tasks"), provider_task_id=one, submitted_at=NOW)
        for one in names
    ]
    rows = [
        {"id": "cgt-1", "status": "running"},
        {"id": "cgt-1", "status": "running"},
        {"id": "cgt-2", "status": "running"},
        {"id": "cgt-2", "status": "failed"},
        {"id": 5, "status": "queued"},
        None,
    ]
    asking = asked_of(an_account(provider), *tasks)
    body = json.dumps({"items": rows}).encode()
    found = provider.polls.parse_poll(asking, HttpResult(200, {}, body))
    assert [short_of(one) for one in found] == [
        "running 0",
        "unanswered",
        "unanswered",
        "submitted 0",
    ]
