"""Upstreams of real providers as tests play them: a word for how the task stands, and its answer.

Written from the pages that each adapter's module names. The words of a test are `queued`,
`running`, `done`, `failed`, `doubtful` (a failure that may be none) and `gone`.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

from jwt.algorithms import OKPAlgorithm

from tests.providers.kinds import KINDS, Kind
from tests.support.played_signatures import (
    KEY,
    SECRET,
    sign_as_fal,
    sign_as_flux,
    sign_as_vidu,
    sign_webhook,
)
from tests.support.provider_bench import build_json_answer
from tracker.domain.exchange import HttpCall, HttpResult

FILE = "https://files.example/a.mp4"
PICTURE = "iVBORw0KGgoAAAANSUhEUg=="
NAME = "models/veo-3.1-generate-preview/operations/"
Words = Mapping[str, str]
Show = Callable[[str, str, HttpCall], HttpResult]
"""Shows the task of an id by a word, to one call."""
Sign = Callable[[bytes, str, datetime], Mapping[str, str]]
"""Signs a callback's body for the path that it goes to."""


@dataclass(frozen=True)
class Dialect:
    """One kind of upstream.

    created: the answer to a create, by the id. show: to a look. event: a callback; None for none.
    """

    kind: Kind
    created: Callable[[str], Any]
    show: Show
    event: Callable[[str, str], Any] | None = None
    sign: Sign = field(default=lambda _body, _path, _now: {})
    cancelled: HttpResult | None = None
    """The answer to a cancel that is not in time; None where nothing is cancelled."""
    doubts: bool = True
    """True where it has failures that may be none."""


@dataclass
class PlayedUpstream:
    """The upstream of one dialect. word: how all of its tasks stand. made: creates so far."""

    dialect: Dialect
    word: str = "running"
    ids: list[str] = field(default_factory=list)
    made: int = 0
    asked: list[str] = field(default_factory=list)

    def __call__(self, call: HttpCall) -> HttpResult:
        if "jwks" in call.url:
            keys = {"keys": [OKPAlgorithm.to_jwk(KEY.public_key(), as_dict=True)]}
            return build_json_answer(keys)
        if "ancel" in call.url or call.method == "DELETE":
            self.asked.append("cancel")
            assert self.dialect.cancelled is not None
            return self.dialect.cancelled
        if call.method == "POST" and "GetResult" not in call.url:
            self.asked.append("create")
            id_ = self.ids[self.made] if self.made < len(self.ids) else f"theirs{self.made}"
            self.made += 1
            return build_json_answer(self.dialect.created(id_))
        self.asked.append(self.word)
        known = [*self.ids, *(f"theirs{n}" for n in range(self.made))]
        target = call.url + (call.body or b"").decode()
        id_ = next((one for one in known if one in target), "theirs0")
        return self.dialect.show(id_, self.word, call)


def _said(body: Mapping[str, Any] | None, status: int = 200) -> HttpResult:
    return build_json_answer(body, status)


def _flux(id_: str, word: str, _call: HttpCall) -> HttpResult:
    words = {"queued": "Pending", "running": "Generating", "done": "Ready", "failed": "Error"}
    result = {"sample": FILE, "seed": 1} if word == "done" else None
    told = words.get(word, "Task not found")
    return _said({"id": id_, "status": told, "result": result}, 404 if word == "gone" else 200)


def _fal(id_: str, word: str, call: HttpCall) -> HttpResult:
    if word == "gone":
        return _said({"detail": "not found"}, 404)
    if call.url.split("?")[0].endswith("/status"):
        words = {"queued": "IN_QUEUE", "running": "IN_PROGRESS"}
        told = {"error": "boom", "error_type": "bad"} if word == "failed" else {}
        return _said({"request_id": id_, "status": words.get(word, "COMPLETED"), **told})
    if word == "doubtful":
        return _said({"detail": "boom"})
    if word == "failed":
        return _said({"detail": [{"type": "bad", "msg": "boom", "loc": []}]}, 422)
    return _said({"images": [{"url": FILE, "content_type": "image/png"}]})


def _fal_event(id_: str, word: str) -> Any:
    ids = {"request_id": id_, "gateway_request_id": id_}
    if word == "done":
        return {**ids, "status": "OK", "payload": {"images": [{"url": FILE}]}}
    detail = [{"type": "bad", "msg": "boom", "loc": []}]
    return {**ids, "status": "ERROR", "error": "boom", "payload": {"detail": detail}}


def _prediction(id_: str, word: str) -> Any:
    words = {"queued": "starting", "running": "processing", "done": "succeeded"}
    return {
        "id": id_,
        "status": words.get(word, "failed"),
        "output": [FILE] if word == "done" else None,
        "error": "boom" if word == "failed" else None,
    }


def _replicate(id_: str, word: str, _call: HttpCall) -> HttpResult:
    if word == "gone":
        return _said({"title": "Not found", "detail": "no", "status": 404}, 404)
    return _said(_prediction(id_, word))


def _stability(id_: str, word: str, _call: HttpCall) -> HttpResult:
    if word == "done":
        return _said({"image": PICTURE, "finish_reason": "SUCCESS"})
    if word == "failed":
        return _said({"id": "e", "name": "content_moderation", "errors": ["flagged"]}, 403)
    if word == "gone":
        return _said({"id": "e", "name": "not_found", "errors": ["no"]}, 404)
    return _said({"id": id_, "status": "in-progress"}, 202)


def _veo(id_: str, word: str, _call: HttpCall) -> HttpResult:
    if word == "gone":
        return _said({"error": {"code": 404, "status": "NOT_FOUND", "message": "no"}}, 404)
    told: dict[str, Any] = {} if word in ("queued", "running") else {"done": True}
    if word == "failed":
        told["error"] = {"code": 13, "message": "boom"}
    samples = [{"video": {"uri": FILE}}] if word == "done" else []
    if word in ("done", "doubtful"):
        told["response"] = {"generateVideoResponse": {"generatedSamples": samples}}
    return _said({"name": id_, **told})


def _interaction(id_: str, word: str, _call: HttpCall) -> HttpResult:
    if word == "gone":
        return _said({"error": {"code": 404, "status": "NOT_FOUND", "message": "no"}}, 404)
    words = {"queued": "queued", "running": "in_progress", "failed": "failed"}
    video = {"output_video": {"uri": FILE, "mime_type": "video/mp4"}} if word == "done" else {}
    return _said({"id": id_, "status": words.get(word, "completed"), **video})


def _jimeng(_id: str, word: str, _call: HttpCall) -> HttpResult:
    if word == "failed":
        return _said({"code": 50411, "message": "Pre Img Risk Not Pass", "data": None}, 400)
    words = {"queued": "in_queue", "running": "generating", "gone": "not_found"}
    urls = [FILE] if word == "done" else None
    data = {"status": words.get(word, "done"), "image_urls": urls}
    return _said({"code": 10000, "message": "Success", "data": data})


def _ark_task(id_: str, word: str) -> Any:
    is_good = word in ("done", "doubtful")
    told = {"id": id_, "status": "succeeded" if is_good else word}
    error = {"code": "OutputVideoSensitiveContentDetected", "message": "no"}
    more: dict[str, Any] = {"content": {"video_url": FILE}} if word == "done" else {}
    return told | more | ({"error": error} if word in ("failed", "doubtful") else {})


def _ark(id_: str, word: str, call: HttpCall) -> HttpResult:
    if "filter.task_ids" in call.url:
        names = parse_qs(urlsplit(call.url).query)["filter.task_ids"]
        items = [] if word == "gone" else [_ark_task(one, word) for one in names]
        return _said({"items": items, "total": len(items)})
    if word == "gone":
        return _said({"error": {"code": "ResourceNotFound", "message": "no"}}, 404)
    return _said(_ark_task(id_, word))


def _video(id_: str, word: str, _call: HttpCall) -> HttpResult:
    if word == "gone":
        return _said({"code": "task_not_exist", "message": "task_not_exist", "data": None}, 400)
    words = {"running": "in_progress", "done": "completed", "doubtful": "expired"}
    told: dict[str, Any] = {"metadata": {"url": FILE}} if word == "done" else {}
    error = {"error": {"code": "moderation_blocked", "message": "no"}} if word == "failed" else {}
    return _said({"id": id_, "object": "video", "status": words.get(word, word), **told, **error})


def _response(id_: str, word: str, _call: HttpCall) -> HttpResult:
    if word == "gone":
        return _said({"error": {"message": "no", "type": "invalid_request_error"}}, 404)
    words = {"running": "in_progress", "done": "completed"}
    drawn = {"type": "image_generation_call", "status": "completed", "result": PICTURE}
    error = {"error": {"code": "server_error", "message": "boom"}} if word == "failed" else {}
    output = [drawn] if word == "done" else []
    return _said({"id": id_, "status": words.get(word, word), "output": output, **error})


def _wan(id_: str, word: str, _call: HttpCall) -> HttpResult:
    words = {"queued": "PENDING", "gone": "UNKNOWN", "done": "SUCCEEDED", "doubtful": "SUCCEEDED"}
    told: dict[str, Any] = {"task_id": id_, "task_status": words.get(word, word.upper())}
    more: Mapping[str, Any] = {
        "done": {"video_url": FILE},
        "failed": {"code": "InternalError.Algo", "message": "boom"},
        "doubtful": {"results": [{"code": "DataInspectionFailed", "message": "no"}]},
    }
    return _said({"request_id": "r", "output": told | more.get(word, {})})


def _hailuo_task(id_: str, word: str) -> Any:
    words = {"queued": "Queueing", "running": "Processing", "failed": "Fail"}
    code = 1027 if word == "doubtful" else 0
    more = {"file_id": 7} if word == "done" else {}
    told = {"task_id": id_, "status": words.get(word, "Success"), **more}
    return {**told, "base_resp": {"status_code": code, "status_msg": "success"}}


def _hailuo(id_: str, word: str, call: HttpCall) -> HttpResult:
    good = {"status_code": 0, "status_msg": "success"}
    if word == "gone":
        return _said({"base_resp": {"status_code": 2013, "status_msg": "no such task"}})
    if "retrieve" in call.url:
        return _said({"file": {"file_id": "7", "download_url": FILE}, "base_resp": good})
    return _said(_hailuo_task(id_, word))


def _hailuo_2(id_: str, word: str, _call: HttpCall) -> HttpResult:
    if word == "gone":
        return _said({"error": {"code": "not_found", "message": "no"}}, 404)
    words = {"done": "succeeded"}
    told = {"id": id_, "status": words.get(word, word)}
    content = {"content": {"url": FILE}} if word == "done" else {}
    error = {"error": {"code": "x", "message": "boom"}} if word == "failed" else {}
    return _said({"task": told | content | error})


def _vidu_task(id_: str, word: str) -> Any:
    words = {"queued": "queueing", "running": "processing", "failed": "failed"}
    code = "CreationPolicyViolation" if word in ("failed", "doubtful") else ""
    creations = [{"id": "c1", "url": FILE}] if word == "done" else []
    told = {"id": id_, "state": words.get(word, "success"), "err_code": code}
    return {**told, "creations": creations}


def _vidu(id_: str, word: str, _call: HttpCall) -> HttpResult:
    if word == "gone":
        return _said({"code": 404, "reason": "NotFound", "message": "no", "metadata": {}}, 404)
    return _said(_vidu_task(id_, word))


RESPONSES = Kind(
    "openai",
    "/openai/v1",
    "responses",
    {
        "model": "gpt-6",
        "input": "draw",
        "background": True,
        "tools": [{"type": "image_generation"}],
        "tool_choice": {"type": "image_generation"},
    },
    {"profile": "official", "webhook_secrets": [SECRET]},
)
HAILUO_2 = Kind(
    "hailuo",
    "/hailuo",
    "v2/video_generation",
    {
        "model": "MiniMax-H3",
        "content": [{"type": "text", "text": "a cat"}],
        "duration": 5,
        "resolution": "768P",
    },
)
WAN = Kind(**{**vars(KINDS["wan"]), "options": {"events": True}})
REPLICATE = Kind(**{**vars(KINDS["replicate"]), "options": {"webhook_secrets": [SECRET]}})
_HAILUO_GOOD = {"status_code": 0, "status_msg": "success"}

DIALECTS: Mapping[str, Dialect] = {
    "flux": Dialect(
        KINDS["flux"],
        lambda id_: {"id": id_, "status": "Pending", "webhook_url": "x"},
        _flux,
        lambda id_, word: json.loads(_flux(id_, word, HttpCall("GET", "")).body),
        sign_as_flux,
        doubts=False,
    ),
    "fal": Dialect(
        KINDS["fal"],
        lambda id_: {"request_id": id_, "status": "IN_QUEUE"},
        _fal,
        _fal_event,
        sign_as_fal,
        _said({"status": "ALREADY_COMPLETED"}, 400),
    ),
    "replicate": Dialect(
        REPLICATE,
        lambda id_: _prediction(id_, "queued"),
        _replicate,
        _prediction,
        sign_webhook,
        _said(_prediction("theirs0", "running")),
        doubts=False,
    ),
    "stability": Dialect(KINDS["stability"], lambda id_: {"id": id_}, _stability, doubts=False),
    "veo": Dialect(KINDS["veo"], lambda id_: {"name": id_}, _veo),
    "interactions": Dialect(
        KINDS["interactions"],
        lambda id_: {"id": id_, "status": "in_progress"},
        _interaction,
        cancelled=_said({"id": "theirs0", "status": "completed"}),
    ),
    "jimeng": Dialect(
        KINDS["jimeng at a relay"],
        lambda id_: {"code": 10000, "data": {"task_id": id_}, "message": "Success"},
        _jimeng,
        cancelled=_said({"code": 10000, "message": "Success"}),
    ),
    "ark": Dialect(
        KINDS["ark"],
        lambda id_: {"id": id_},
        _ark,
        _ark_task,
        cancelled=_said({"error": {"code": "InvalidAction", "message": "running"}}, 409),
    ),
    "openai videos": Dialect(
        KINDS["openai videos"], lambda id_: {"id": id_, "status": "queued"}, _video
    ),
    "openai responses": Dialect(
        RESPONSES,
        lambda id_: {"id": id_, "status": "queued", "output": []},
        _response,
        lambda id_, word: {"type": f"response.{word}", "id": f"evt_{word}", "data": {"id": id_}},
        sign_webhook,
        _said({"id": "theirs0", "status": "completed", "output": []}),
        doubts=False,
    ),
    "wan": Dialect(
        WAN,
        lambda id_: {"output": {"task_id": id_, "task_status": "PENDING"}},
        _wan,
        lambda id_, word: {
            "type": "dashscope:System:AsyncTaskFinish",
            "data": {"task_id": id_, "task_status": word},
        },
        cancelled=_said({"code": "UnsupportedOperation", "message": "no"}, 400),
    ),
    "hailuo": Dialect(
        KINDS["hailuo"],
        lambda id_: {"task_id": id_, "base_resp": _HAILUO_GOOD},
        _hailuo,
        _hailuo_task,
    ),
    "hailuo 2": Dialect(HAILUO_2, lambda id_: {"task_id": id_}, _hailuo_2, doubts=False),
    "vidu": Dialect(
        KINDS["vidu"],
        lambda id_: {"task_id": id_, "state": "created", "credits": 8},
        _vidu,
        _vidu_task,
        sign_as_vidu,
        cancelled=_said({"code": 400, "reason": "TaskRunning", "message": "no"}, 400),
    ),
}
