"""Junk in every field of every route: accepted where it is legal, else refused by the field's name.

Fields, parameters and ids come from the routes' own description, so that a new one is held to it
by itself.
"""

import json
import re
from collections.abc import Iterator
from contextlib import closing
from functools import cache
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from pydantic import TypeAdapter

from tests.support import junk
from tests.support.kept_connection import Answer, KeptConnection
from tests.support.objects import fill
from tests.support.requests import build_kling_callback, find_callback_path, submit
from tests.support.service import KEEPING_FILES, build_environment, serve_service
from tests.web.conftest import Shared
from tracker.providers.kling.operations import OPERATIONS
from tracker.web.api.openapi import list_operations
from tracker.web.edge.operation import OperationSpec
from tracker.web.routes import ROUTES

FOUND = [(method, route.path, said) for route, method, said in list_operations(ROUTES)]
WITH_BODY = [one for one in FOUND if one[2].body is not None]
IDS = [
    *("%00", "a%00b", "%ED%A0%80", "%FF", "x" * 5000, "9" * 400, "-1", "1e9", "%2e%2e", "%0a"),
    *("%F0%9F%98%80", "%22", "%27%3B--", "0x10", "٣", "1" * 19, "9223372036854775808", "{id}"),
]
QUERY_TEXTS = {name: text for name, text in junk.TEXTS.items() if name != "very long"}
FEW = ("nul", "half a pair", "long", "key nul", "deep lists", "many texts")
UNREAD_BYTES = 64 * 1024
_PLACE = re.compile(r"\{\w+\}")
RAW_QUERIES = ["%00", "%FF", "%ED%A0%80", "%C0%80", "a%0ab"]


@pytest.fixture(scope="module")
def http(
    shared_database_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[httpx.Client]:
    """Web alone, with the limits that it has by itself."""
    folder = tmp_path_factory.mktemp("junk")
    env = build_environment(
        shared_database_url,
        folder,
        provider_url="http://127.0.0.1:9",
        public_url="https://tracker.example",
        TRACKER_CALLBACK_SECRETS="a secret for tests only",
        TRACKER_RUNWAY_API_KEY="a-key-for-tests-only",
        **KEEPING_FILES,
    )
    with (
        serve_service(env, workers=False) as url,
        Shared(url, shared_database_url).client() as client,
    ):
        yield client


@pytest.fixture(scope="module")
def kept(http: httpx.Client) -> Iterator[KeptConnection]:
    """A connection for whoever the client is."""
    with closing(KeptConnection(str(http.base_url), http.headers)) as connection:
        yield connection


@cache
def _places(model: Any) -> list[junk.Path]:
    schema = TypeAdapter(model).json_schema(by_alias=True)
    return list(dict.fromkeys(junk.iterate_places(schema, schema.get("$defs", {}))))


def _send(kept: KeptConnection, method: str, path: str, **options: Any) -> Answer:
    """Return the answer; of a stream that was begun, its head alone."""
    try:
        answer = kept.send(method, path, **options)
    except OSError:
        # It was refused before it was read, and its connection ended with the rest unread.
        size = len(options.get("content", b""))
        assert size > UNREAD_BYTES, (method, path, size)
        return Answer(413, {}, b"")
    assert answer.status_code < 500, (method, path, answer.status_code, answer.content[:300])
    return answer


def _told(answer: Answer) -> list[str]:
    return [one["path"] for one in answer.parse_json().get("errors", ())]


def _post(kept: KeptConnection, method: str, path: str, body: Any) -> Answer:
    content = json.dumps(body).encode()
    headers = {"content-type": "application/json"}
    if len(content) > UNREAD_BYTES:  # the service ends such a connection where it refuses
        headers["connection"] = "close"
    return _send(kept, method, path, content=content, headers=headers)


@pytest.mark.parametrize(("method", "path", "said"), WITH_BODY, ids=lambda one: str(one)[:40])
def test_any_junk_in_any_field_of_a_body(
    http: httpx.Client, kept: KeptConnection, method: str, path: str, said: OperationSpec
) -> None:
    example = next(iter(said.examples.values()), {})
    found = _places(said.body)
    assert found
    for at in found:
        url = fill(path, http) if "{" in path else path
        for name, value in junk.iterate_values():
            answer = _post(kept, method, url, junk.put_at(example, at, value))
            if answer.status_code in (400, 422):
                assert junk.is_named(at, _told(answer)), (at, name, answer.text[:500])


@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("/v1/deliveries/redeliver", "created_after"),
        ("/v1/tasks/actions", "updated_before"),
        ("/v1/tasks/resubmit", "created_before"),
        ("/v1/rereads", "since"),
    ],
)
def test_a_time_that_not_every_zone_has_is_refused_by_its_name(
    kept: KeptConnection, path: str, field: str
) -> None:
    said = next(said for _, found, said in WITH_BODY if found == path)
    example = next(iter(said.examples.values()), {})
    for time in ("0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "9999-12-31T00:00:00Z"):
        answer = _post(kept, "POST", path, junk.put_at(example, (field,), time))
        assert (answer.status_code, _told(answer)) == (422, [field]), answer.text
        asked = quote(time)
        assert _send(kept, "GET", f"/v1/tasks?created_after={asked}").status_code == 400
        assert _send(kept, "GET", f"/ui/tasks?created_after={asked}").status_code < 500


@pytest.mark.parametrize(("method", "path", "said"), WITH_BODY, ids=lambda one: str(one)[:40])
def test_what_no_parser_reads_is_refused(
    http: httpx.Client, kept: KeptConnection, method: str, path: str, said: OperationSpec
) -> None:
    url = fill(path, http) if "{" in path else path
    for levels in (300, junk.DEEPER):
        for content in (b"[" * levels, b'{"a":' * levels, b'{"input":' + b"[" * levels):
            headers = {"content-type": "application/json"}
            answer = _send(kept, method, url, content=content, headers=headers)
            assert 400 <= answer.status_code < 500


@pytest.mark.parametrize(("method", "path", "said"), FOUND, ids=lambda one: str(one)[:40])
def test_any_junk_in_any_parameter_and_header(
    http: httpx.Client, kept: KeptConnection, method: str, path: str, said: OperationSpec
) -> None:
    url = fill(path, http) if "{" in path else path
    names = [param.name for param in said.query]
    names += [name.replace("<key>", "a\0\ud800") for name in names if "<key>" in name]
    for name in names:
        asked = quote(name.replace("<key>", "a"), errors="surrogatepass")
        texts = [quote(text, errors="surrogatepass") for text in QUERY_TEXTS.values()]
        for text in (*texts, *RAW_QUERIES):
            query = f"{asked}={text}"
            answer = _send(kept, method, f"{url}?{query}")
            if answer.status_code in (400, 422) and said.body is None:
                named = name.partition("<")[0].partition("\0")[0]
                assert any(one.startswith(named) for one in _told(answer)), (query, answer.text)
        many = "&".join(f"{asked}={n}" for n in range(1000))
        assert _send(kept, method, f"{url}?{many}").status_code < 500
    for param in said.headers:
        for value in (b"", b"\xff\xfe", b"x" * 9000, b",,,;;=", b"a" + b"\x80" * 300):
            _send(kept, method, url, headers={param.name: value})


@pytest.mark.parametrize("beginning", sorted({path for _, path, _ in FOUND if "{" in path}))
def test_any_junk_for_an_id(kept: KeptConnection, beginning: str) -> None:
    for method in sorted(method for method, path, _ in FOUND if path == beginning):
        for id_ in IDS:
            url = beginning.replace(_PLACE.findall(beginning)[0], id_)
            answer = _send(kept, method, url, content=b"{}")
            # A browser is told of its rights before anybody looks at the id.
            told = (204,) if method == "OPTIONS" else ()
            expected = (400, 404, 405, 414, 415, 422, *told)
            assert answer.status_code in expected, (id_, answer.status_code)


@pytest.mark.parametrize("operation", sorted(OPERATIONS))
def test_any_junk_in_any_field_of_an_input(kept: KeptConnection, operation: str) -> None:
    for at in _places(OPERATIONS[operation]):
        for name, value in junk.iterate_values(FEW):
            input_ = junk.put_at({}, at, value)
            body = {"provider": "kling", "operation": operation, "input": input_}
            ours = _post(kept, "POST", "/v1/tasks", body)
            theirs = _post(kept, "POST", f"/kling/v1/{operation}", input_)
            for answer in (ours, theirs):
                # What else the operation needs is missing, and may be all that is refused.
                is_named = str(at[0]) in answer.text or "is required" in answer.text
                assert answer.status_code in (200, 202, 413) or is_named, (at, name, answer.text)


@pytest.mark.parametrize(
    ("path", "fields"),
    [
        (
            "/replicate/v1/predictions",
            ["version", "input", "webhook", "webhook_events_filter", "stream"],
        ),
        (
            "/luma/dream-machine/v1/generations",
            ["prompt", "model", "keyframes", "aspect_ratio", "callback_url", "duration", "loop"],
        ),
        ("/kling/text-to-video/kling-v2-6", ["prompt", "options", "callback_url"]),
        ("/kling/v1/tts", ["text", "voice_id"]),
    ],
)
def test_any_junk_in_a_create_of_another_front(
    kept: KeptConnection, path: str, fields: list[str]
) -> None:
    for field in fields:
        for _, value in junk.iterate_values(FEW):
            _post(kept, "POST", path, {field: value})
            _post(kept, "POST", path, {"prompt": "p", "input": {"prompt": "p"}, field: value})
        for key in ("a\0b", "a\ud800b", "x" * 20_000):
            _post(kept, "POST", path, {key: 1})


def test_any_junk_in_any_field_of_a_callback(http: httpx.Client, kept: KeptConnection) -> None:
    said = json.loads(build_kling_callback("succeed"))
    found = [*((name,) for name in said), ("task_info", "external_task_id")]
    found += [("task_result", "videos", 0, name) for name in ("id", "url", "duration")]
    for at in found:
        task = submit(http)["id"]
        for _, value in junk.iterate_values(
            (*FEW, "other half", "deep objects", "large number", "empty")
        ):
            body = json.dumps(junk.put_at(said, at, value))
            answer = _send(kept, "POST", find_callback_path(task), content=body)
            assert answer.status_code in (200, 400), answer.text
        for path in ("", "/transitions", "/receipts", "/attempts"):
            assert http.get(f"/v1/tasks/{task}{path}").status_code == 200
        assert http.get(f"/kling/v1/videos/multi-image2video/{task}").status_code == 200
    assert http.get("/v1/attention").status_code == 200
    assert http.get("/v1/changes?limit=1000").status_code == 200
