"""Callbacks and API bodies that are compressed, in another charset, or damaged in one character."""

import gzip
import json
import zlib
from collections.abc import Callable
from urllib.parse import quote_plus, urlencode

import httpx
import pytest

from tests.support.requests import (
    EXAMPLE,
    MULTI_IMAGE,
    build_kling_callback,
    build_submission,
    find_callback_path,
    submit,
)
from tracker.web.edge.forms import URLENCODED

# Without an id of the provider's: the tasks of all tests would have the same.
DONE, FAILED = (
    build_kling_callback("succeed", task_id=None),
    build_kling_callback("failed", task_id=None),
)


@pytest.fixture
def http(shared_http: httpx.Client) -> httpx.Client:
    return shared_http


def _raw_deflate(body: bytes) -> bytes:
    engine = zlib.compressobj(wbits=-15)
    return engine.compress(body) + engine.flush()


CODINGS = {
    "gzip": ("gzip", gzip.compress(DONE)),
    "x-gzip": ("X-GZip", gzip.compress(DONE)),
    "two members": ("gzip", gzip.compress(DONE[:50]) + gzip.compress(DONE[50:])),
    "deflate": ("deflate", zlib.compress(DONE)),
    "raw deflate": ("deflate", _raw_deflate(DONE)),
    "identity": ("identity", DONE),
    "gzip as deflate": ("deflate", gzip.compress(DONE)),
    "deflate as gzip": ("gzip", zlib.compress(DONE)),
    "gzip that a proxy has undone": ("gzip", DONE),
    "deflate that a proxy has undone": ("deflate", b"\xef\xbb\xbf " + DONE),
    "brotli that a proxy has undone": ("br", DONE),
    "gzip with a parameter": ("gzip;q=1.0", gzip.compress(DONE)),
    "gzip beside what is no coding": ("aws-chunked,gzip", gzip.compress(DONE)),
    "gzip where a charset is said": ("utf-8", gzip.compress(DONE)),
    "gzip twice": ("gzip, gzip", gzip.compress(gzip.compress(DONE))),
    "gzip twice, said once": ("gzip", gzip.compress(gzip.compress(DONE))),
    "deflate, then gzip": ("deflate,gzip", gzip.compress(zlib.compress(DONE))),
    "raw deflate, then gzip": ("deflate, gzip", gzip.compress(_raw_deflate(DONE))),
    "identity and gzip": ("identity, gzip", gzip.compress(DONE)),
    "gzip thrice": ("gzip,gzip , x-gzip", gzip.compress(gzip.compress(gzip.compress(DONE)))),
    "gzip twice, of which a proxy has undone one": ("gzip, gzip", gzip.compress(DONE)),
    "gzip twice that a proxy has undone": ("gzip, gzip", DONE),
}


def _receipts(http: httpx.Client, task: str) -> list[dict[str, object]]:
    found: list[dict[str, object]] = http.get(f"/v1/tasks/{task}/receipts").json()["receipts"]
    return found


@pytest.mark.parametrize("name", list(CODINGS))
def test_a_compressed_callback_is_read_and_kept_readable(http: httpx.Client, name: str) -> None:
    coding, body = CODINGS[name]
    task = submit(http)["id"]
    answer = http.post(find_callback_path(task), content=body, headers={"content-encoding": coding})
    assert answer.status_code == 200, answer.text
    assert http.get(f"/v1/tasks/{task}").json()["state"] == "succeeded"
    assert str(_receipts(http, task)[0]["body"]).lstrip("\ufeff ") == DONE.decode()


UNSAID = {
    "gzip": gzip.compress(DONE),
    "zlib": zlib.compress(DONE),
    "behind blanks": "\u200b\u00a0".encode() + DONE + "\u2060".encode(),
    "a JSON text": json.dumps(DONE.decode()).encode(),
    "a JSON text behind a mark": b"\xef\xbb\xbf" + json.dumps(DONE.decode()).encode(),
    "UTF-16": DONE.decode().encode("utf-16"),
    "UTF-16 without a mark": DONE.decode().encode("utf-16-le"),
    "two marks and an end of C": b"\xef\xbb\xbf\xef\xbb\xbf" + DONE + b"\0",
}


@pytest.mark.parametrize("name", UNSAID)
def test_what_is_encoded_and_does_not_say_so_is_read_all_the_same(
    http: httpx.Client, name: str
) -> None:
    task = submit(http)["id"]
    assert http.post(find_callback_path(task), content=UNSAID[name]).status_code == 200
    assert http.get(f"/v1/tasks/{task}").json()["state"] == "succeeded"


FORMS = {
    "a field": (URLENCODED, b"payload=" + quote_plus(DONE).encode()),
    "a field beside others": (URLENCODED, b"v=1&data=" + quote_plus(DONE).encode() + b"&t="),
    "a name": (URLENCODED, quote_plus(DONE).encode() + b"="),
    "fields": (
        f"{URLENCODED}; charset=utf-8",
        urlencode(
            json.loads(DONE) | {"task_result": json.dumps(json.loads(DONE)["task_result"])}
        ).encode(),
    ),
    "a part": (
        "multipart/form-data; boundary=b",
        b'--b\r\nContent-Disposition: form-data; name="x"\r\n\r\n' + DONE + b"\r\n--b--\r\n",
    ),
    "no form at all": (URLENCODED, DONE),
}


@pytest.mark.parametrize("name", FORMS)
def test_a_callback_in_a_form_is_read(http: httpx.Client, name: str) -> None:
    kind, body = FORMS[name]
    task = submit(http)["id"]
    headers = {"content-type": kind}
    answer = http.post(find_callback_path(task), content=body, headers=headers)
    assert answer.status_code == 200, answer.text
    assert http.get(f"/v1/tasks/{task}").json()["result"]["artifacts"][0]["url"]


@pytest.mark.parametrize("body", [b"a=1&b=%ff", b"a", b"&" * 200, b"%7B=&x=%00", b'{"a'])
def test_a_form_that_tells_nothing_is_told_and_kept(http: httpx.Client, body: bytes) -> None:
    task = submit(http)["id"]
    headers = {"content-type": URLENCODED}
    answer = http.post(find_callback_path(task), content=body, headers=headers)
    assert answer.status_code == 400
    assert _receipts(http, task)[0]["verdict"] == "malformed"


@pytest.mark.parametrize(
    ("sent", "read"),
    [
        (b'"a\tb\nc"', "a\tb\nc"),
        (b'"\xed\xa0\xbd\xed\xb8\x80 \xed\xa0\xbd"', "\U0001f600 \ufffd"),
        (b'"x"', "x"),
    ],
    ids=["line breaks", "halves as characters", "two marks and an end of C"],
)
def test_a_request_that_is_clear_is_read(http: httpx.Client, sent: bytes, read: str) -> None:
    body = b'{"image_list": [{"image": "https://example.com/1.png"}], "prompt": ' + sent + b"}"
    body = b"\xef\xbb\xbf\xef\xbb\xbf" + body + b"\0"
    headers = {"content-type": "application/json"}
    answer = http.post(MULTI_IMAGE, content=body, headers=headers)
    assert answer.status_code == 200, answer.text
    id_ = answer.json()["data"]["task_id"]
    assert http.get(f"/v1/tasks/{id_}/input").json()["prompt"] == read


@pytest.mark.parametrize("prompt", [b'"\xff"', b'"a\0b"', b"NaN", b'"a",'])
def test_a_request_that_is_not_clear_is_refused(http: httpx.Client, prompt: bytes) -> None:
    body = b'{"image_list": [{"image": "https://example.com/1.png"}], "prompt": ' + prompt + b"}"
    headers = {"content-type": "application/json"}
    answer = http.post(MULTI_IMAGE, content=body, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (400, 1200)


@pytest.mark.parametrize(
    "encode",
    [
        gzip.compress,
        lambda body: json.dumps(body.decode()).encode(),
        lambda body: body.decode().encode("utf-16"),
        lambda body: body.decode().encode("utf-16-le"),
    ],
    ids=["gzip", "a JSON text", "UTF-16", "UTF-16 without a mark"],
)
def test_a_request_is_read_as_a_callback_is(
    http: httpx.Client, encode: Callable[[bytes], bytes]
) -> None:
    headers = {"content-type": "application/json"}
    for path, body in (("/v1/tasks", build_submission()), (MULTI_IMAGE, EXAMPLE)):
        answer = http.post(path, content=encode(json.dumps(body).encode()), headers=headers)
        assert answer.status_code in (200, 202), answer.text


@pytest.mark.parametrize("coding", ["br", "zstd", "gzip, br", "gzip, gzip, gzip, gzip", "nonsense"])
def test_an_encoding_that_is_not_read_is_told_and_the_callback_kept(
    http: httpx.Client, coding: str
) -> None:
    task = submit(http)["id"]
    headers = {"content-encoding": coding}
    answer = http.post(find_callback_path(task), content=b"\x1b\x02", headers=headers)
    assert (answer.status_code, answer.headers["accept-encoding"]) == (415, "gzip, deflate")
    assert _receipts(http, task)[0]["verdict"] == "malformed"
    answer = http.post(find_callback_path(task)[:-1] + "~", content=b"\x1b\x02", headers=headers)
    assert answer.status_code == 404
    for path in ("/v1/tasks", MULTI_IMAGE):
        told = {"content-type": "application/json"} | headers
        answer = http.post(path, content=b"{}", headers=told)
        assert (answer.status_code, answer.headers["accept-encoding"]) == (415, "gzip, deflate")


@pytest.mark.parametrize("body", [b"no gzip", gzip.compress(DONE)[:-9], gzip.compress(DONE) * 40])
def test_a_broken_encoding_is_told_and_kept(http: httpx.Client, body: bytes) -> None:
    task = submit(http)["id"]
    answer = http.post(find_callback_path(task), content=body, headers={"content-encoding": "gzip"})
    assert answer.status_code in (400, 413)
    if answer.status_code == 400:
        assert _receipts(http, task)[0]["verdict"] == "malformed"


def test_a_bomb_is_413_everywhere(http: httpx.Client) -> None:
    bomb = gzip.compress(b" " * 10_000_000)
    headers = {"content-encoding": "gzip", "content-type": "application/json"}
    for path in (find_callback_path(submit(http)["id"]), "/v1/tasks"):
        assert http.post(path, content=bomb, headers=headers).status_code == 413
        twice = headers | {"content-encoding": "gzip, gzip"}
        assert http.post(path, content=gzip.compress(bomb), headers=twice).status_code == 413


@pytest.mark.parametrize(
    ("charset", "body"),
    [
        ("gbk", FAILED.replace(b'""', '"内容敏感"'.encode("gbk"))),
        ("GB2312", FAILED.replace(b'""', '"内容敏感"'.encode("gbk"))),
        ("utf-16", FAILED.decode().replace('""', '"内容敏感"').encode("utf-16")),
        ("utf-8", b"\xef\xbb\xbf" + FAILED.replace(b'""', '"内容敏感"'.encode())),
        ("nonsense", FAILED.replace(b'""', '"内容敏感"'.encode())),
        ("UTF-16", FAILED.replace(b'""', '"内容敏感"'.encode())),
        ("x-gbk", FAILED.replace(b'""', '"内容敏感"'.encode("gbk"))),
    ],
)
def test_the_charset_that_is_named_is_used(http: httpx.Client, charset: str, body: bytes) -> None:
    task = submit(http)["id"]
    quote = "'" if charset.startswith("x-") else '"'
    headers = {"content-type": f"application/json; charset={quote}{charset}{quote}"}
    assert http.post(find_callback_path(task), content=body, headers=headers).status_code == 200
    assert http.get(f"/v1/tasks/{task}").json()["error"]["message"] == "内容敏感"


@pytest.mark.parametrize("broken", [b"\xff", "内".encode()[:2], b"\\ud83d", b"\x01", b"\\u0000"])
def test_what_is_no_character_costs_one_character(http: httpx.Client, broken: bytes) -> None:
    task = submit(http)["id"]
    body = FAILED.replace(b'""', b'"no' + broken + b'"')
    assert http.post(find_callback_path(task), content=body).status_code == 200
    message = http.get(f"/v1/tasks/{task}").json()["error"]["message"]
    assert message.startswith("no")
    assert len(message) == 3


def test_what_a_provider_nests_too_deep_is_cut_visibly(http: httpx.Client) -> None:
    for depth in (60, 120, 190, 252, 600):
        task = submit(http)["id"]
        deep = b'"more": ' + b"[" * depth + b"]" * depth + b', "duration"'
        body = build_kling_callback("succeed", task_id=task).replace(b'"duration"', deep)
        assert http.post(find_callback_path(task), content=body).status_code == 200
        own = f"/v1/tasks/{task}"
        for path in (own, f"{own}/transitions", f"{MULTI_IMAGE}/{task}"):
            assert http.get(path).status_code == 200
        assert http.get(own).json()["state"] == "succeeded"


def test_api_bodies_are_read_the_same(http: httpx.Client) -> None:
    input_ = {"image_list": [{"image": "https://example.com/1.png"}], "prompt": "x"}
    said = json.dumps(input_).encode()
    kind = {"content-type": "application/json"}
    for body, more in (
        (b"\xef\xbb\xbf" + said, {}),
        (said.replace(b'"x"', b'"x\\ud83d"'), {}),
        (gzip.compress(said), {"content-encoding": "gzip"}),
        (gzip.compress(zlib.compress(said)), {"content-encoding": "deflate, gzip"}),
        (
            said.replace(b'"x"', '"敏感"'.encode("gbk")),
            {"content-type": "application/json; charset=gbk"},
        ),
    ):
        answer = http.post(MULTI_IMAGE, content=body, headers=kind | more)
        assert answer.json()["code"] == 0, answer.text


def test_a_compressed_form_is_read_as_it_is_plain(http: httpx.Client) -> None:
    form = b"&".join([b"model=m"] * 101)
    kind = {"content-type": URLENCODED}
    plain = http.post("/openai/v1/videos", content=form, headers=kind)
    assert "100 fields" in plain.text
    for coding, body in (
        ("gzip", gzip.compress(form)),
        ("deflate, gzip", gzip.compress(zlib.compress(form))),
    ):
        headers = kind | {"content-encoding": coding}
        answer = http.post("/openai/v1/videos", content=body, headers=headers)
        assert (answer.status_code, answer.json()) == (plain.status_code, plain.json())
