"""Calls that make no task: passed on with our own credentials only, told in Kling's envelope."""

import codecs
import gzip
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest

from tests.support.raw import answer_of, build_request, dial
from tests.support.requests import HELPER_FIELDS
from tests.support.service import build_environment, serve_service
from tests.support.upstream import Asked, Script, Upstream, build_json_answer
from tracker.emulator import DEFAULT_KEY
from tracker.emulator import EmulatorServer as Emulator
from tracker.providers.kling.helpers import ACCOUNT, HELPERS

Front = Callable[..., httpx.Client]


@pytest.fixture
def front(sqlite_url: str, tmp_path: Path) -> Iterator[Front]:
    """A client of a service whose provider is at this address."""
    with ExitStack() as stack:

        def make(provider_url: str, **settings: str) -> httpx.Client:
            env = build_environment(
                sqlite_url, tmp_path, provider_url=provider_url, public_url=None, **settings
            )
            url = stack.enter_context(serve_service(env, workers=False))
            http = httpx.Client(base_url=url, trust_env=False, timeout=60)
            return stack.enter_context(http)

        yield make


@pytest.fixture
def upstream_of(front: Front) -> Iterator[Callable[..., tuple[httpx.Client, Upstream]]]:
    """A client of a service, and its scripted provider."""
    with ExitStack() as stack:

        def make(script: Script, **settings: str) -> tuple[httpx.Client, Upstream]:
            upstream = stack.enter_context(Upstream(script))
            return front(upstream.url, **settings), upstream

        yield make


MakeUpstream = Callable[..., tuple[httpx.Client, Upstream]]


def test_every_helper_is_passed_on_under_every_prefix(front: Front, emulator: Emulator) -> None:
    http = front(emulator.url)
    for path, method in HELPERS.items():
        for prefix in ("", "/kling", "/proxy/kling"):
            sent = HELPER_FIELDS if method == "POST" else None
            answer = http.request(method, f"{prefix}/v1/{path}", json=sent)
            body = answer.json()
            assert answer.status_code == 200, (path, answer.text)
            assert (body["code"], set(body)) == (0, {"code", "message", "request_id", "data"})
    asked = httpx.get(f"{emulator.url}/emulator/requests", trust_env=False, timeout=60).json()
    assert {(a["method"], a["path"]) for a in asked} == {
        (method, f"/v1/{path}") for path, method in HELPERS.items()
    }
    assert http.get("/v1/tasks").json()["tasks"] == []


@pytest.mark.parametrize("path", ["/account/costs", "/v1/account/costs", "/kling/account/costs"])
def test_costs_are_passed_through_with_their_query(
    front: Front, emulator: Emulator, path: str
) -> None:
    http = front(emulator.url)
    body = http.get(path, params={"start_time": 0, "end_time": 1}).json()
    assert (body["code"], body["data"]["code"], body["data"]["msg"]) == (0, 0, "success")
    assert body["data"]["resource_pack_subscribe_infos"]
    wrong = http.get(path)
    assert (wrong.status_code, wrong.json()["code"]) == (400, 1201)
    assert set(wrong.json()) == {"code", "message", "request_id"}


def test_billing_is_passed_through(front: Front, emulator: Emulator) -> None:
    http = front(emulator.url)
    answer = http.post("/proxy/kling/account/billing/package", json={})
    assert answer.json()["data"]["has_more"] is False


def test_only_our_credentials_go_on(upstream_of: MakeUpstream) -> None:
    http, upstream = upstream_of(
        # Without a key, what was forwarded is not answered.
        lambda _: [build_json_answer(b'{"code":0,"data":{}}')],
        TRACKER_AUTH="off",
    )
    secret = {
        "authorization": "Bearer the-clients-own",
        "x-api-key": "the-clients-own",
        "cookie": "the-clients-own",
        "x-forwarded-for": "10.9.8.7",
        "proxy-authorization": "the-clients-own",
    }
    http.post("/v1/audio/tts?a=1&a=%2F", json=HELPER_FIELDS, headers=secret)
    (asked,) = upstream.asked
    assert asked.line == "POST /v1/audio/tts?a=1&a=%2F HTTP/1.1"
    assert asked.headers["authorization"] == f"Bearer {DEFAULT_KEY}"
    assert asked.headers["content-type"] == "application/json"
    assert "the-clients-own" not in str(asked.headers)
    assert "10.9.8.7" not in str(asked.headers)


@pytest.mark.parametrize(
    ("answer", "status", "code"),
    [
        (build_json_answer(b'{"code":1102,"message":"used up"}', "429 X"), 429, 1102),
        (build_json_answer(b'{"code":1201,"message":"bad"}'), 400, 1201),
        (build_json_answer(b'{"code":1002,"message":"api key not found"}', "401 X"), 500, 5000),
        (build_json_answer(b'{"code":"no_channel","message":"x","data":null}', "503 X"), 503, 5001),
        (build_json_answer(b"<html>", "404 X", "text/html"), 404, 1203),
        (build_json_answer(b"<html>", "502 X", "text/html"), 500, 5000),
        (build_json_answer(b"<html>", "200 OK", "text/html"), 500, 5000),
        # Given on the way: the first ones perhaps by the provider, the others certainly not.
        (build_json_answer(b"", "302 X"), 504, 5002),
        (build_json_answer(b"{}", "303 X"), 504, 5002),
        (build_json_answer(b"", "308 X"), 503, 5001),
        (build_json_answer(b"<html>", "407 X", "text/html"), 503, 5001),
        (build_json_answer(b"<html>", "511 X", "text/html"), 503, 5001),
        (build_json_answer(b"", "521 X", "text/html\r\nserver: cloudflare"), 503, 5001),
        (build_json_answer(b"", "521 X"), 500, 5000),
        (build_json_answer(b"", "499 X"), 400, 1200),
    ],
)
def test_a_refusal_is_told_in_klings_envelope(
    upstream_of: MakeUpstream, answer: bytes, status: int, code: int
) -> None:
    http, _ = upstream_of(lambda _: [answer])
    told = http.post("/v1/audio/tts", json=HELPER_FIELDS)
    body = told.json()
    assert (told.status_code, body["code"]) == (status, code)
    assert set(body) == {"code", "message", "request_id"}
    assert body["message"]
    assert body["request_id"]


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ({"code": 0, "message": "ok", "request_id": "r", "data": [1]}, ("ok", "r", [1])),
        ({"code": "success", "message": "", "data": {}}, ("SUCCEED", None, {})),
        ({"code": 200, "msg": "fine", "data": {}}, ("fine", None, {})),
        ({"session_id": "7"}, ("SUCCEED", None, {"session_id": "7"})),
    ],
)
def test_a_success_is_put_into_the_exact_envelope(
    upstream_of: MakeUpstream, said: object, told: tuple[str, str | None, object]
) -> None:
    http, _ = upstream_of(lambda _: [build_json_answer(json.dumps(said).encode())])
    body = http.get("/v1/general/presets-voices").json()
    assert (body["code"], body["message"], body["data"]) == (0, told[0], told[2])
    assert body["request_id"] == (told[1] or body["request_id"]) != ""


def test_a_long_answer_flows_before_it_is_over(upstream_of: MakeUpstream) -> None:
    first, rest = b"a" * 300_000, b"b" * 300_000
    has_begun = threading.Event()

    def script(_asked: Asked) -> Iterator[bytes]:
        yield build_json_answer(first + rest)[: -len(rest)]
        assert has_begun.wait(60)
        yield rest

    http, _ = upstream_of(script)
    with http.stream("GET", "/v1/general/presets-voices") as answer:
        pieces = answer.iter_bytes()
        got = next(pieces)
        has_begun.set()
        assert got + b"".join(pieces) == first + rest


@pytest.mark.parametrize("size", [1000, 600_000])
def test_a_body_is_whole_before_the_provider_is_called(
    upstream_of: MakeUpstream, size: int
) -> None:
    got = []

    def body() -> Iterator[bytes]:
        yield b"[" + b"1" * size
        assert upstream.asked == []
        yield b"]"

    def script(asked: Asked) -> Iterator[bytes]:
        got.append(b"".join(asked.body))
        yield build_json_answer(b'{"code":0,"data":{}}')

    http, upstream = upstream_of(script)
    headers = {"content-type": "application/json"}
    answer = http.post("/v1/videos/image-recognize", content=body(), headers=headers)
    assert answer.json()["code"] == 0
    assert got == [b"[" + b"1" * size + b"]"]
    assert upstream.asked[0].headers["content-length"] == str(size + 2)


def test_a_body_that_drips_is_cut_off_without_a_call(upstream_of: MakeUpstream) -> None:
    http, upstream = upstream_of(lambda _: [], TRACKER_BODY_TIMEOUT_S="0.3")
    raw = build_request("/v1/videos/image-recognize", b"[]", "content-type: application/json")
    with dial(str(http.base_url)) as line:
        line.sendall(raw.replace(b"host: x", b"host: localhost")[:-1])
        assert json.loads(answer_of(line)[2])["code"] == 1200
    assert upstream.asked == []


def test_a_body_that_is_too_large_or_no_json_is_1200(upstream_of: MakeUpstream) -> None:
    http, _ = upstream_of(lambda _: [], TRACKER_MAX_BODY_BYTES="2000")
    large = http.post("/v1/audio/tts", json={"text": "x" * 2000})
    form = http.post("/v1/audio/tts", data={"text": "x"})
    assert (large.status_code, large.json()["code"]) == (400, 1200)
    assert (form.status_code, form.json()["code"]) == (400, 1200)


def test_a_provider_that_is_away_is_5001_and_one_that_hangs_up_5002(
    front: Front, upstream_of: MakeUpstream
) -> None:
    away = front("http://127.0.0.1:9").get("/account/costs")
    assert (away.status_code, away.json()["code"]) == (503, 5001)
    http, _ = upstream_of(lambda _: [])
    cut = http.post("/v1/audio/tts", json=HELPER_FIELDS)
    assert (cut.status_code, cut.json()["code"]) == (504, 5002)


@pytest.mark.parametrize("profile", ["new-api", "piapi", "acedata"])
def test_an_upstream_that_serves_tasks_only_is_not_asked(
    upstream_of: MakeUpstream, profile: str
) -> None:
    http, upstream = upstream_of(lambda _: [], TRACKER_KLING_PROFILE=profile)
    answer = http.post("/v1/audio/tts", json=HELPER_FIELDS)
    assert (answer.status_code, answer.json()["code"]) == (404, 1203)
    assert profile in answer.json()["message"]
    assert upstream.asked == []


def test_a_provider_that_is_silent_is_given_up(upstream_of: MakeUpstream) -> None:
    def script(asked: Asked) -> Iterator[bytes]:
        asked.wait_until_gone()
        yield b""

    http, _ = upstream_of(script, TRACKER_SUBMIT_TIMEOUT_S="0.3")
    answer = http.get("/v1/general/presets-voices")
    assert (answer.status_code, answer.json()["code"]) == (504, 5002)


@pytest.mark.parametrize("path", sorted([*ACCOUNT, *(f"v1/{path}" for path in HELPERS)]))
def test_the_wrong_method_is_1202_or_a_task_of_that_name(front: Front, path: str) -> None:
    http = front("http://127.0.0.1:9")
    answer = http.delete(f"/{path}")
    assert (answer.status_code, answer.json()["code"]) in {(404, 1202), (404, 1203)}


def test_a_call_that_names_an_object_is_read_as_a_create_is(upstream_of: MakeUpstream) -> None:
    http, upstream = upstream_of(
        lambda asked: [b"".join(asked.body) and build_json_answer(b'{"code":0,"data":{}}')],
    )
    text = json.dumps({**HELPER_FIELDS, "text": "龙"}, ensure_ascii=False)
    kind = {"content-type": "application/json"}
    for headers, body in (
        (kind, codecs.BOM_UTF8 + text.encode()),
        (kind, text.encode("utf-16")),
        ({"content-type": "application/json; charset=gbk"}, text.encode("gbk")),
        (kind | {"content-encoding": "gzip"}, gzip.compress(text.encode())),
    ):
        answer = http.post("/v1/audio/tts", content=body, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (200, 0), headers
    assert {asked.headers["content-type"] for asked in upstream.asked} == {"application/json"}
