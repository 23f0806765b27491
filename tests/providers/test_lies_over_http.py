"""Lies of upstreams, told over HTTP by a server that knows nothing of our emulator.

Its answers were written from what is public of each provider: the pages that its adapter's module
names, and reports of its callers. What comes out is read from the adapter, as the services do it.
"""

import json
from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest

from tests.providers.support import NOW, a_task, an_account, asked_of, sent_to
from tests.support.named_sinks import NamedSinks
from tests.support.origin import build_head, serve_in_turn, serve_whole
from tests.support.upstream import Asked, Script, Upstream
from tracker.domain.exchange import HttpFailure
from tracker.domain.outcome import Accepted, Follow, Observed
from tracker.domain.task import ArtifactState, Task
from tracker.egress.client import EgressClient
from tracker.providers.ports.account import Account
from tracker.providers.ports.adapter import StreamReader
from tracker.providers.ports.provider import Provider
from tracker.providers.registry import PROVIDERS

pytestmark = pytest.mark.anyio
PNG = b"\x89PNG\r\n\x1a\n" + bytes(100)
HELD = b64encode(PNG).decode()
FILE = "data:image/png;base64,aGVsbG8="
CAT = {"prompt": "a cat"}
SONG = "https://cdn.example/a.mp3"


@dataclass(frozen=True)
class Lie:
    """Answers to a create, and to a look at what came of it; and our reading of them."""

    create: Script
    told: str
    look: Script | None = None
    seen: str | None = None
    aged: timedelta = timedelta(minutes=2)
    more: Sequence[Script] = ()
    """Answers to further calls that the look takes."""


def said(value: Any, status: str = "200 OK") -> Script:
    return serve_whole(json.dumps(value).encode(), "content-type: application/json", status=status)


def file(body: bytes, reason: str = "SUCCESS", kind: str = "image/png") -> Script:
    return serve_whole(body, f"content-type: {kind}", f"finish-reason: {reason}")


def cut(body: bytes, kind: str = "application/json") -> Script:
    """Break off in the middle."""

    def answer(asked: Asked) -> Sequence[bytes]:
        assert [*asked.body]
        return [build_head("200 OK", 2 * len(body), f"content-type: {kind}"), body]

    return answer


def streamed(*contents: str, end: str = "data: [DONE]") -> Script:
    chunks = [{"choices": [{"index": 0, "delta": {"content": one}}]} for one in contents]
    text = "".join(f"data: {json.dumps(one)}\n\n" for one in chunks) + end
    return serve_whole(text.encode(), "content-type: text/event-stream")


class Played:
    """One upstream of a provider, and an account at it."""

    def __init__(
        self,
        name: str,
        operation: str,
        input_: Mapping[str, Any],
        made: Script | None = None,
        **options: Any,
    ) -> None:
        """made: the answer to a create that is looked at later."""
        self.made = made
        self.provider: Provider = PROVIDERS[name]
        self.operation, self.input, self.options = operation, input_, options

    async def play(self, lie: Lie) -> tuple[str, str | None]:
        scripts = (lie.create,) if lie.look is None else (lie.create, lie.look, *lie.more)
        with Upstream(serve_in_turn(*scripts)) as upstream:
            egress = EgressClient(["127.0.0.0/8"])
            account = an_account(self.provider, base_url=upstream.url, **self.options)
            try:
                outcome = await self._create(egress, account)
                seen = None if lie.look is None else await self._look(egress, account, lie, outcome)
            finally:
                await egress.close()
        return short_of(outcome), seen

    async def _create(self, egress: EgressClient, account: Account) -> object:
        body = self.provider.submits.check(self.operation, self.input).body
        sending = sent_to(account, a_task(self.operation), body)
        call = self.provider.submits.build_submit(sending)
        reading, streams = Reading(), self.provider.streams
        if streams is None or streams.get_time_limit_s(account, self.operation) is None:
            answer = await egress.call_provider(call, files=self._files())
            return self.provider.submits.parse_submit(sending, answer)
        reading.reader = streams.make_reader(sending, {})
        answer = await egress.call_provider(call, pieces=reading.open)
        if not reading.is_open:
            return self.provider.submits.parse_submit(sending, answer)
        text = reading.text + reading.reader.read_rest()
        return reading.reader.finish(
            text, answer.reason if isinstance(answer, HttpFailure) else None
        )

    def _files(self) -> NamedSinks | None:
        """Return sinks as a service with custody opens them."""
        return None if self.provider.results.answers_with_files is None else NamedSinks()

    async def _look(self, egress: EgressClient, account: Account, lie: Lie, outcome: object) -> str:
        assert isinstance(outcome, Accepted)
        assert self.provider.polls is not None
        task: Task = replace(
            a_task(self.operation, context=outcome.context),
            provider_task_id=outcome.provider_task_id,
            submitted_at=NOW - lie.aged,
        )
        asking = asked_of(account, task)
        call = self.provider.polls.build_poll(asking)
        assert call is not None
        while True:
            answer = await egress.call_provider(call, files=self._files())
            [found] = self.provider.polls.parse_poll(asking, answer)
            if not isinstance(found, Follow):
                return short_of(found)
            call, asking = found.call, replace(asking, page=found.page)


class Reading:
    """Feeds a stream to its reader."""

    reader: StreamReader

    def __init__(self) -> None:
        self.text, self.is_open = "", False

    def open(self, _headers: Mapping[str, str]) -> "Reading":
        self.is_open = True
        return self

    def write(self, piece: bytes) -> None:
        self.text += self.reader.feed(piece)


def short_of(outcome: Any) -> str:
    """Return an outcome in a few words: its type, or the state that it tells, with the code."""
    told = outcome.observation if isinstance(outcome, Observed) else getattr(outcome, "said", None)
    if told is None:
        code = getattr(outcome, "code", None) or getattr(outcome, "kind", None)
        blames = " of the account" if getattr(outcome, "blames_account", False) else ""
        return f"{type(outcome).__name__.lower()} {code or ''}".strip() + blames
    ready = sum(one.state is ArtifactState.READY and one.kind != "text" for one in told.artifacts)
    code = "" if told.error is None else f" {told.error.code}"
    return f"{told.state} {ready}{code}"


KEYS = {"access_key": "a", "secret_key": "c2VjcmV0"}
STABILITY = Played("stability", "stable-image/generate/core", CAT)
LATER = Played(
    "stability", "stable-image/upscale/creative", {**CAT, "image": FILE}, said({"id": "cd" * 32})
)
RECRAFT = Played("recraft", "images/generations", {**CAT, "n": 3})
TOOL = Played("recraft", "images/vectorize", {"file": FILE})
TWO_SONGS = said({"status_code": 0, "data": {"tasks": [{"task_id": "one"}, {"task_id": "two"}]}})
WEB = Played("haimian", "generate/lyric2song", {"prompt": "rain"}, TWO_SONGS, profile="web")
QUEUED_SONG = said({"Code": 0, "Result": {"TaskID": "T1"}})
VOLC = Played("haimian", "GenSongForTime", {"Prompt": "rain"}, QUEUED_SONG, profile="volc", **KEYS)
FILM = {"model": "wan2.6-t2v", "input": dict(CAT)}
PENDING = said({"output": {"task_id": "0385", "task_status": "PENDING"}})
WAN = Played("wan", "video-generation/video-synthesis", FILM, PENDING)
MESSAGES = [{"role": "user", "content": "a song about rain"}]
CHAT = Played("chat", "chat/completions", {"model": "suno-v3.5", "messages": MESSAGES})
FLUX = Played("flux", "flux-pro-1.1", CAT, said({"id": "b7f1", "cost": 4.0}))
A_NUMBER = said({"code": 10000, "data": {"task_id": 7392616336519610409}})
JIMENG = Played("jimeng", "jimeng_t2i_v40", CAT, A_NUMBER, **KEYS)
UDIO = Played("udio", "generate-proxy", CAT, said({"track_ids": ["s1", "s2"]}), profile="songs")

ERROR_ID = {"id": "ab" * 32, "name": "bad_request", "errors": ["no"]}
MODERATED = {"id": "x", "name": "content_moderation", "errors": ["flagged"]}
BANNED = {"id": "x", "name": "rate_limit_exceeded", "errors": ["150 in 10 s"]}
GONE = said({"id": "x", "name": "not_found", "errors": ["no"]}, "404 Not Found")
PICTURE = {"image_id": "6f1c", "url": "https://img.recraft.ai/x"}
LIMIT = {"status_code": 10000008, "status_info": {"status_msg": "已超过"}, "data": None}


def flux(status: str, **more: Any) -> Script:
    return said({"id": "b7f1", "status": status, **more})


def jimeng(data: Any, code: int = 10000, status: str = "200 OK") -> Script:
    return said({"code": code, "data": data, "message": "told", "status": code}, status)


def udio(*songs: Mapping[str, Any]) -> Script:
    return said({"songs": songs})


def held(text: str) -> Mapping[str, Any]:
    return {"status": "done", "binary_data_base64": [text]}


def volc(**result: Any) -> Script:
    return said({"Code": 0, "Result": {"TaskID": "T1", **result}})


def wan(status: str, **more: Any) -> Script:
    return said({"output": {"task_id": "0385", "task_status": status, **more}})


SUNG = [{"id": one, "finished": True, "song_path": SONG + one} for one in ("s1", "s2")]
BLOCKED = {"id": "s2", "finished": False, "error_type": "MODERATION"}
HALF = [{"url": "https://x.example/1.png"}, {"code": "DataInspectionFailed", "message": "no"}]


def at_once(upstream: Played, create: Script, told: str) -> tuple[Played, Lie]:
    """Return what a create is answered with, and our reading."""
    return upstream, Lie(create, told)


def later(
    upstream: Played,
    look: Script,
    seen: str,
    aged: timedelta = timedelta(minutes=2),
    more: Sequence[Script] = (),
) -> tuple[Played, Lie]:
    """Return what a look is answered with after a create that was accepted, and our reading."""
    assert upstream.made is not None
    return upstream, Lie(upstream.made, "accepted", look, seen, aged, more)


LIES = [
    at_once(STABILITY, file(PNG, "CONTENT_FILTERED"), "failed 1 CONTENT_FILTERED"),
    at_once(STABILITY, said({"image": HELD, "finish_reason": "ERROR"}), "failed 0 ERROR"),
    at_once(STABILITY, said({"image": HELD, "finish_reason": "SUCCESS"}), "succeeded 1"),
    at_once(STABILITY, said(ERROR_ID, "400 Bad Request"), "refused bad_request"),
    at_once(STABILITY, said(MODERATED, "403 Forbidden"), "refused content_moderation"),
    at_once(STABILITY, said(BANNED, "429 Too Many"), "deferred rate_limit_exceeded"),
    at_once(STABILITY, cut(PNG, "image/png"), "unknown"),
    at_once(STABILITY, file(b""), "unknown"),
    at_once(STABILITY, file(b"<html>busy</html>"), "unknown"),
    at_once(STABILITY, serve_whole(b"timeout", status="504 Gateway Timeout"), "unknown"),
    at_once(LATER, said(ERROR_ID), "refused bad_request"),
    at_once(STABILITY, said({"id": "cd" * 32}, "202 Accepted"), "accepted"),
    at_once(STABILITY, said({"id": "cd" * 32}), "unknown"),
    at_once(STABILITY, said(ERROR_ID | {"name": "odd"}, "202 Accepted"), "unknown"),
    later(LATER, GONE, "absent not_yet", timedelta(seconds=5)),
    later(LATER, GONE, "absent denied"),
    later(LATER, GONE, "absent purged", timedelta(hours=25)),
    later(LATER, said({"status": "in-progress"}, "202 Ok"), "running 0"),
    later(LATER, said(MODERATED, "403 No"), "failed 0 content_moderation"),
    later(LATER, cut(PNG, "image/png"), "unanswered"),
    at_once(RECRAFT, said({"credits": 40, "data": [PICTURE]}), "succeeded 1"),
    at_once(RECRAFT, said({"data": [PICTURE, {"b64_json": HELD}]}), "succeeded 2"),
    at_once(RECRAFT, said({"credits": 40, "data": []}), "failed 0 empty_result"),
    at_once(RECRAFT, said({"code": "no_units"}, "402 Pay"), "refused no_units of the account"),
    at_once(RECRAFT, said({"detail": "slow"}, "429 Too Many"), "deferred"),
    at_once(RECRAFT, cut(b'{"created": 1, "cre'), "unknown"),
    at_once(RECRAFT, said({"code": "internal", "message": "oops"}), "unknown internal"),
    at_once(TOOL, said({"image": {"url": "https://img.recraft.ai/y"}}), "succeeded 1"),
    at_once(TOOL, file(b"<svg xmlns='x'/>", kind="image/svg+xml"), "succeeded 1"),
    later(WEB, said({"status_code": 0, "data": {"tasks": []}}), "absent other_key"),
    later(WEB, said({"status_code": 9, "data": None}), "unanswered"),
    at_once(WEB, said(LIMIT), "deferred 10000008"),
    at_once(WEB, serve_whole(b"<html>log in</html>", "content-type: text/html"), "unknown"),
    at_once(VOLC, said({"Code": 100011, "Message": "abroad"}), "refused 100011 of the account"),
    at_once(VOLC, said({"Code": 5, "Result": {"TaskID": "T1"}}), "unknown"),
    later(VOLC, volc(Status=2, SongDetail={"AudioUrl": SONG}), "succeeded 1"),
    later(VOLC, volc(Status="2", SongDetail=None), "running 0"),
    later(VOLC, volc(Status=3, FailureReason={"Code": 7}), "failed 0 7"),
    later(VOLC, volc(Status=4), "None 0"),
    later(WAN, wan("UNKNOWN"), "absent not_yet", timedelta(seconds=1)),
    later(WAN, wan("UNKNOWN"), "absent denied", timedelta(hours=2)),
    later(WAN, wan("UNKNOWN"), "absent purged", timedelta(hours=25)),
    later(WAN, wan("SUCCEEDED"), "running 0"),
    later(WAN, wan("SUCCEEDED", results=HALF), "succeeded 1"),
    later(WAN, wan("SUSPENDED"), "running 0"),
    later(WAN, said({"code": "Throttling"}, "429 Slow"), "unanswered"),
    later(WAN, said({"code": "InvalidApiKey"}, "401 No"), "unanswered"),
    at_once(WAN, said({"code": "Arrearage"}, "400 Bad"), "refused Arrearage of the account"),
    at_once(CHAT, streamed(*f"♪ [song]({SONG})"), "succeeded 1"),
    at_once(CHAT, streamed("[v](https://cdn.example/a_(1).mp4)"), "succeeded 1"),
    at_once(CHAT, streamed(SONG, end=""), "unknown"),
    at_once(CHAT, streamed("timeout", end=""), "unknown"),
    at_once(CHAT, streamed('{"error": {"message": "full"}}'), "failed 0 None"),
    at_once(CHAT, streamed("100%"), "failed 0 None"),
    at_once(CHAT, said({"choices": [{"delta": {"content": SONG}}]}), "succeeded 1"),
    at_once(CHAT, serve_whole(f"# done\n![]({SONG})".encode()), "succeeded 1"),
    at_once(CHAT, serve_whole(b"", "content-type: text/event-stream"), "unknown"),
    at_once(CHAT, cut(b'data: {"choices": [{"delta": {"con', "text/event-stream"), "unknown"),
    at_once(CHAT, said({"code": 504, "message": "slow"}, "504 Slow"), "unknown 504"),
    later(FLUX, flux("Task not found"), "absent not_yet", timedelta(seconds=2)),
    later(FLUX, flux("Task not found"), "absent denied", timedelta(hours=2)),
    later(FLUX, flux("Content Moderated"), "failed 0 Content Moderated"),
    later(FLUX, flux("Ready", result={}), "running 0"),
    later(FLUX, flux("Ready", result={"sample": SONG}, cost=None), "succeeded 1"),
    later(FLUX, serve_whole(b"<html>1033</html>", status="530 X"), "unanswered"),
    at_once(FLUX, flux("Request Moderated"), "failed 0 Request Moderated"),
    at_once(FLUX, serve_whole(b"<html>1033</html>", status="530 X"), "unknown"),
    later(JIMENG, jimeng({"status": "done"}), "running 0"),
    later(JIMENG, jimeng({"status": "done"}, 50411, "400 Bad"), "failed 0 50411"),
    later(JIMENG, jimeng(None, 50511, "400 Bad"), "failed 0 50511"),
    later(JIMENG, jimeng(held(HELD)), "succeeded 1"),
    later(JIMENG, jimeng(held(b64encode(PNG + bytes(20_000)).decode())), "succeeded 1"),
    later(JIMENG, jimeng(None, 50500, "500 Oops"), "unanswered"),
    at_once(JIMENG, jimeng(None, 50500, "500 Oops"), "unknown 50500"),
    at_once(JIMENG, jimeng({"task_id": "5"}, 50500), "unknown 50500"),
    at_once(JIMENG, jimeng(None, 50430, "429 Slow"), "deferred 50430"),
    later(UDIO, udio(SUNG[0], {"id": "s2", "finished": False}), "running 1"),
    later(UDIO, udio(SUNG[0], BLOCKED), "succeeded 1"),
    later(UDIO, udio(BLOCKED | {"id": "s1"}, BLOCKED), "failed 0 MODERATION"),
    later(UDIO, udio({"id": "s1", "finished": True}, SUNG[1]), "running 1"),
    later(UDIO, udio(), "absent denied"),
    at_once(UDIO, said({"code": 400, "msg": "prompt invalid", "sn": "s"}), "refused 400"),
    at_once(UDIO, said({"code": 500, "msg": "busy", "sn": "s"}), "unknown 500"),
    at_once(UDIO, said({}), "unknown"),
]


@pytest.mark.parametrize(("upstream", "lie"), LIES)
async def test_a_lie_is_read_as_what_it_proves(upstream: Played, lie: Lie) -> None:
    assert await upstream.play(lie) == (lie.told, lie.seen)
