"""Answers of Suno's upstreams, and the reading of them, for tests of its adapter."""

import json
from collections.abc import Mapping
from typing import Any

from tests.providers.support import a_task, an_account, asked_of
from tracker.domain.exchange import HttpResult
from tracker.providers.ports.account import Account
from tracker.providers.registry import PROVIDERS

SUNO = PROVIDERS["suno"]
SONG = {"customMode": True, "instrumental": False, "model": "V5", "prompt": "la", "style": "pop"}
SONG |= {"title": "t"}
OF_TASK = {"taskId": "theirs", "audioId": "a1"}
UPLOADED = {"uploadUrl": "https://files.example/a.mp3"}


def account_of(profile: str) -> Account:
    return an_account(SUNO, profile=profile)


def polled(profile: str, operation: str, body: object, **changes: Any) -> Any:
    task = a_task(operation, **({"provider_task_id": "t1"} | changes))
    assert SUNO.polls is not None
    answer = HttpResult(200, {}, json.dumps(body).encode())
    (outcome,) = SUNO.polls.parse_poll(asked_of(account_of(profile), task), answer)
    return outcome


def a_clip(id_: str, status: str, audio: str | None = "https://a.example/1.mp3") -> dict[str, Any]:
    return {"id": id_, "status": status, "audio_url": audio, "title": "x", "metadata": {}}


def a_row(status: str, *clips: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    row = {"task_id": "t1", "status": status, "fail_reason": "", "data": list(clips), **more}
    return {"code": "success", "message": "", "data": row}


def a_record(word: str, songs: object, **more: Any) -> dict[str, Any]:
    response = None if songs is None else {"taskId": "t1", "sunoData": songs}
    data = {"taskId": "t1", "status": word, "response": response, **more}
    return {"code": 200, "msg": "success", "data": data}


READY_SONG = {
    "id": "a1",
    "audioUrl": "https://a.example/1.mp3",
    "createTime": "2026-01-01 00:00:00",
}
STREAM_SONG = {"id": "a2", "audioUrl": "", "streamAudioUrl": "https://a.example/2"}
