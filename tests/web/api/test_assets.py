"""Uploads, and the files behind them: ranges, links, tenants. What is fetched is served alike."""

import asyncio
import gzip
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterator, Sequence
from functools import partial
from hashlib import sha256
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy import update

from tests.support.keys import build_bearer, issue
from tests.support.origin import MP4, make_film
from tests.support.raw import answer_of, dial
from tests.web.conftest import Shared
from tracker.clock import SystemClock
from tracker.domain.access import Scope
from tracker.domain.custody import AssetState
from tracker.store import assets
from tracker.store.driver.transaction import Tx
from tracker.store.schema import assets as assets_table
from tracker.store.store import Store

FILM = make_film(300_000)
SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
HTML = b"<!doctype html><script>alert(1)</script>"


@pytest.fixture
def http(shared_http: httpx.Client) -> httpx.Client:
    return shared_http


@pytest.fixture
def foreign(shared_idle: Shared) -> Iterator[httpx.Client]:
    with shared_idle.client() as client:
        yield client


@pytest.fixture
def stranger(shared_idle: Shared) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=shared_idle.url, trust_env=False, timeout=60) as client:
        yield client


def upload(http: httpx.Client, body: bytes = FILM, **params: str) -> dict[str, Any]:
    answer = http.post("/v1/uploads", content=body, params=params)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


def path_of(url: str) -> str:
    assert url.startswith("https://tracker.example/")
    return url.removeprefix("https://tracker.example")


def content(asset: dict[str, Any]) -> str:
    return f"/v1/assets/{asset['id']}/content"


def test_an_upload_is_kept_with_its_digest_and_a_link(http: httpx.Client) -> None:
    made = upload(http)
    shown = http.get(f"/v1/assets/{made['id']}").json()
    assert (shown["state"], shown["bytes"], shown["kind"]) == ("kept", len(FILM), "upload")
    assert shown["sha256"] == sha256(FILM).hexdigest()
    assert shown["media_type"] == "video/mp4"
    assert http.get(path_of(shown["url"])).content == FILM
    assert [one["id"] for one in http.get("/v1/assets").json()["assets"]] == [made["id"]]
    assert http.get("/v1/assets?state=lost").json()["assets"] == []


def test_a_link_needs_no_key_and_bears_any_name(http: httpx.Client, stranger: httpx.Client) -> None:
    made = upload(http)
    answer = stranger.get(path_of(made["link"]["url"]))
    assert (answer.status_code, answer.content) == (200, FILM)
    assert answer.headers["access-control-allow-origin"] == "*"
    assert made["link"]["url"].endswith(".mp4")
    other = path_of(made["link"]["url"]).rpartition("/")[0] + "/film.mov"
    assert stranger.get(other).content == FILM
    asks = {"origin": "https://page.example", "access-control-request-method": "GET"}
    asked = {**asks, "access-control-request-headers": "range"}
    may = stranger.options(path_of(made["link"]["url"]), headers=asked)
    assert (may.status_code, may.headers["access-control-allow-headers"]) == (204, "range")
    outside = stranger.get(path_of(made["link"]["url"]).rpartition("/")[0] + "/..%2F..%2Fx")
    assert (outside.status_code, outside.headers["content-disposition"]) == (200, "inline")


@pytest.mark.parametrize("part", range(0, 55, 9))
def test_a_changed_link_leads_nowhere(
    http: httpx.Client, stranger: httpx.Client, part: int
) -> None:
    url = path_of(upload(http, b"x")["link"]["url"])
    start, _, name = url.rpartition("/")
    base, _, token = start.rpartition("/")
    changed = token[:part] + ("B" if token[part] == "A" else "A") + token[part + 1 :]
    assert stranger.get(f"{base}/{changed}/{name}").status_code == 404


def test_a_link_is_dead_once_its_time_is_over(http: httpx.Client, stranger: httpx.Client) -> None:
    made = upload(http)
    statuses, first = [404], httpx.Response(404)
    for _ in range(100):  # on a busy machine a second may be over before the first look
        answer = http.post(f"/v1/assets/{made['id']}/link", json={"expires_in_s": 1})
        assert answer.status_code == 200
        path = path_of(answer.json()["url"])
        first = stranger.get(path)
        statuses = [first.status_code]
        if statuses == [200]:
            break
    while statuses[-1] == 200 and len(statuses) < 2000:
        statuses.append(stranger.get(path).status_code)
    assert (statuses[0], statuses[-1]) == (200, 404)
    assert first.headers["cache-control"] == "private, max-age=0"
    assert http.get(content(made)).status_code == 200


def test_a_link_is_good_for_its_own_file_alone(
    http: httpx.Client, foreign: httpx.Client, stranger: httpx.Client
) -> None:
    """Put parts of good tokens together: what proves one file proves no other."""

    def raw_of(made: dict[str, Any]) -> bytes:
        token: str = path_of(made["link"]["url"]).split("/")[2]
        return urlsafe_b64decode(token + "=" * (-len(token) % 4))

    mine, second = raw_of(upload(http, b"mine")), raw_of(upload(http, b"second"))
    theirs = raw_of(upload(foreign, b"theirs"))
    later = (int.from_bytes(mine[16:21], "big") + 1).to_bytes(5, "big")
    places = http.post("/runway/uploads", json={"filename": "a.png", "numberOfParts": 1}).json()
    forged = [
        second[:16] + mine[16:],
        theirs[:16] + mine[16:],
        theirs[:21] + mine[21:],
        mine[:16] + later + mine[21:],
        mine[:21] + bytes(20),
        mine + mine,
    ]
    tokens = [urlsafe_b64encode(one).rstrip(b"=").decode() for one in forged]
    tokens.append(str(places["uploadUrls"][0]).rpartition("/")[2])
    for token in tokens:
        for method in ("GET", "HEAD"):
            answer = stranger.request(
                method, f"/links/{token}/a.mp4", headers={"range": "bytes=0-"}
            )
            assert (answer.status_code, b"mine" in answer.content) == (404, False), token
    good = f"/links/{urlsafe_b64encode(mine).rstrip(b'=').decode()}/a.mp4"
    asked = stranger.get(good, headers={"range": "bytes=0-1"})  # as Safari begins
    assert (asked.status_code, asked.content) == (206, b"mi")
    assert asked.headers["content-range"] == "bytes 0-1/4"
    more = stranger.get(f"{good}?token={tokens[0]}&expires=9999999999")
    assert more.status_code == 400


@pytest.mark.parametrize("body", [{"expires_in_s": 0}, {"expires_in_s": 604801}, {"for": 1}])
def test_a_link_of_no_or_too_long_a_life_is_refused(http: httpx.Client, body: Any) -> None:
    made = upload(http, b"x")
    assert http.post(f"/v1/assets/{made['id']}/link", json=body).status_code == 422


def test_a_foreign_tenants_file_does_not_exist(
    http: httpx.Client, foreign: httpx.Client, stranger: httpx.Client
) -> None:
    made = upload(http)
    for path in ("", "/content"):
        assert foreign.get(f"/v1/assets/{made['id']}{path}").status_code == 404
        assert stranger.get(f"/v1/assets/{made['id']}{path}").status_code == 401
    assert foreign.post(f"/v1/assets/{made['id']}/link", json={}).status_code == 404
    assert foreign.post(f"/v1/assets/{made['id']}/fetch").status_code == 404
    assert foreign.get("/v1/assets").json()["assets"] == []
    upload(http)
    after = http.get("/v1/assets?limit=1").json()["next_cursor"]
    assert http.get("/v1/assets", params={"cursor": after}).json()["assets"] != []
    assert foreign.get("/v1/assets", params={"cursor": after}).status_code == 400


@pytest.mark.parametrize(
    ("asked", "status", "start", "end"),
    [
        ("bytes=0-99", 206, 0, 100),
        ("bytes=100-", 206, 100, len(FILM)),
        ("bytes=-100", 206, len(FILM) - 100, len(FILM)),
        ("bytes=-999999999", 200, 0, len(FILM)),
        ("bytes=0-", 200, 0, len(FILM)),
        ("bytes=299999-400000", 206, 299_999, len(FILM)),
        ("bytes=5-4", 200, 0, len(FILM)),
        ("bytes=0-1,5-6", 200, 0, len(FILM)),
        ("lines=0-1", 200, 0, len(FILM)),
    ],
)
def test_one_range_is_served_and_no_other(
    http: httpx.Client, asked: str, status: int, start: int, end: int
) -> None:
    answer = http.get(content(upload(http)), headers={"range": asked})
    assert answer.status_code == status
    assert answer.content == FILM[start:end]
    assert answer.headers["content-length"] == str(end - start)
    shown = f"bytes {start}-{end - 1}/{len(FILM)}" if status == 206 else None
    assert answer.headers.get("content-range") == shown


@pytest.mark.parametrize("asked", ["bytes=300000-", "bytes=-0", f"bytes={'9' * 99}-"])
def test_a_range_that_is_not_there_is_416(http: httpx.Client, asked: str) -> None:
    answer = http.get(content(upload(http)), headers={"range": asked})
    assert (answer.status_code, answer.content) == (416, b"")
    assert answer.headers["content-range"] == f"bytes */{len(FILM)}"


def test_each_condition_of_a_request_is_kept_in_its_order(http: httpx.Client) -> None:
    """A tag goes before a date, a refusal before a range (RFC 9110 section 13.2.2)."""
    path = content(upload(http, b"abc"))
    head = http.head(path).headers
    tag, at, old = head["etag"], head["last-modified"], "Sat, 01 Nov 2025 10:00:00 GMT"
    said = {}
    for conditions in (
        (200, ("if-match", tag)),
        (200, ("if-match", f'"other", {tag}')),
        (200, ("if-match", "*"), ("if-unmodified-since", old)),
        (412, ("if-match", f"W/{tag}")),
        (412, ("if-match", '"other"'), ("if-none-match", tag)),
        (412, ("if-unmodified-since", old), ("range", "bytes=0-1")),
        (200, ("if-unmodified-since", at), ("if-unmodified-since", at)),
        (304, ("if-modified-since", at), ("range", "bytes=0-1")),
        (200, ("if-modified-since", old)),
        (200, ("if-none-match", '"other"'), ("if-modified-since", at)),
        (304, ("if-none-match", f"W/{tag}"), ("if-modified-since", old)),
        (200, ("if-modified-since", "a day in autumn")),
        (200, ("if-modified-since", "Sat, 01 Nov 9999 10:00:00 -0000")),
        (206, ("range", "bytes=,0-1 ,")),
        (206, ("range", "Bytes=0-1")),
        (200, ("range", "bytes=0-1"), ("range", "bytes=2-2")),
        (200, ("range", "bytes=+0-1")),
        (200, ("range", "bytes=0-1;q=1")),
        (200, ("range", f"bytes={','.join(['0-1'] * 999)}")),
        (200, ("range", "bytes=-")),
        (200, ("range", f"bytes=0-{'9' * 99}")),
    ):
        said[conditions] = http.get(path, headers=[*conditions[1:]]).status_code
    assert said == {conditions: conditions[0] for conditions in said}


def test_if_range_serves_the_whole_of_another_version(http: httpx.Client) -> None:
    path = content(upload(http))
    etag = http.head(path).headers["etag"]
    assert etag == f'"{sha256(FILM).hexdigest()}"'
    same = http.get(path, headers={"range": "bytes=0-9", "if-range": etag})
    other = http.get(path, headers={"range": "bytes=0-9", "if-range": '"other"'})
    weak = http.get(path, headers={"range": "bytes=0-9", "if-range": f"W/{etag}"})
    assert [one.status_code for one in (same, other, weak)] == [206, 200, 200]
    changed = http.head(path).headers["last-modified"]
    dates = (changed, "Sat, 01 Nov 2025 10:00:00 GMT", "a day in autumn")
    dated = [http.get(path, headers={"range": "bytes=0-9", "if-range": one}) for one in dates]
    assert [one.status_code for one in dated] == [206, 200, 200]
    assert http.get(path, headers={"if-none-match": etag}).status_code == 304


def test_a_head_has_the_headers_alone(http: httpx.Client) -> None:
    path = content(upload(http))
    head, whole = http.head(path), http.get(path)
    assert head.content == b""
    names = ("content-length", "content-type", "etag", "accept-ranges", "last-modified")
    assert [head.headers[name] for name in names] == [whole.headers[name] for name in names]
    # Of a HEAD a range means nothing (RFC 9110, 14.2).
    ranged = http.head(path, headers={"range": "bytes=0-9"})
    assert (ranged.status_code, ranged.headers["content-length"]) == (200, str(len(FILM)))


def test_a_head_of_a_file_that_is_not_kept_says_what_a_get_says(
    http: httpx.Client, shared_idle: Shared
) -> None:
    """Each state, as a row has it: the links are those that were made while it was kept."""
    kept = upload(http)
    link = path_of(kept["link"]["url"])
    said: dict[str, set[int]] = {}
    for state in sorted(AssetState, key=lambda one: one is not AssetState.KEPT):
        _put(shared_idle.database_url, UUID(kept["id"]), state)
        for path in (content(kept), link):
            head, whole = http.head(path), http.get(path)
            assert (head.status_code, head.content) == (whole.status_code, b"")
            said.setdefault(state.value, set()).add(head.status_code)
        named = http.post(f"/v1/assets/{kept['id']}/link", json={})
        said[state.value].add(named.status_code)
    dead = {404}
    assert said == {"wanted": {409}, "kept": {200}, "lost": dead, "refused": dead, "gone": dead}


def _put(database_url: str, id_: UUID, state: AssetState) -> None:
    async def put() -> None:
        async with Store(database_url, SystemClock()) as store:
            asset = await store.find(assets.list_by_id, id_)
            assert asset is not None
            await store.write(partial(_set_state, state=state), asset.key)

    asyncio.run(put())


def _set_state(tx: Tx, keys: Sequence[int], *, state: AssetState) -> list[None]:
    row = update(assets_table).where(assets_table.c.key.in_(keys))
    is_there = state is AssetState.KEPT
    tx.db.execute(row.values(state=state.value, **({} if is_there else {"store_key": None})))
    return [None] * len(keys)


@pytest.mark.parametrize(
    ("body", "end"), [(SVG, "svg"), (HTML, "bin"), (b"{}", "bin"), (b"MZ\x90\0", "bin")]
)
def test_nothing_but_media_is_shown_in_place(
    http: httpx.Client, stranger: httpx.Client, body: bytes, end: str
) -> None:
    made = upload(http, body)
    for answer in (http.get(content(made)), stranger.get(path_of(made["link"]["url"]))):
        assert answer.headers["content-type"] == "application/octet-stream"
        assert answer.headers["content-disposition"] == f'attachment; filename="{made["id"]}.{end}"'
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["content-security-policy"].startswith("sandbox; default-src 'none'")


@pytest.mark.parametrize(
    ("first", "kind"),
    [
        (MP4, "video/mp4"),
        (b"\x89PNG\r\n\x1a\n", "image/png"),
        (b"GIF89a/*", "image/gif"),
        (b"ID3", "audio/mpeg"),
    ],
)
def test_what_begins_as_media_and_goes_on_as_a_page_is_never_taken_for_one(
    http: httpx.Client, stranger: httpx.Client, first: bytes, kind: str
) -> None:
    made = upload(http, first + HTML + SVG)
    for answer in (http.get(content(made)), stranger.get(path_of(made["link"]["url"]))):
        assert (answer.headers["content-type"], answer.headers["x-content-type-options"]) == (
            kind,
            "nosniff",
        )
        policy = answer.headers["content-security-policy"]
        assert ("default-src 'none'" in policy, "allow-scripts" in policy) == (True, False)
        assert policy.startswith("sandbox ")
    renamed = path_of(made["link"]["url"]).rpartition("/")[0] + "/page.html"
    assert stranger.get(renamed).headers["content-type"] == kind


def test_media_are_shown_in_place(http: httpx.Client) -> None:
    answer = http.get(content(upload(http)))
    assert answer.headers["content-type"] == "video/mp4"
    assert answer.headers["content-disposition"] == "inline"
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_an_empty_or_too_large_upload_is_refused(http: httpx.Client) -> None:
    assert http.post("/v1/uploads", content=b"").status_code == 422
    with dial(str(http.base_url)) as line:
        key = http.headers["authorization"]
        head = "POST /v1/uploads HTTP/1.1\r\nhost: x\r\ncontent-length: 9999999999\r\n"
        line.sendall(f"{head}authorization: {key}\r\n\r\n".encode())
        assert answer_of(line)[0] == 413
    assert http.get("/v1/assets").json()["assets"] == []


def test_an_upload_that_is_kept_is_not_fetched_again(http: httpx.Client) -> None:
    made = upload(http, b"x")
    assert http.post(f"/v1/assets/{made['id']}/fetch").status_code == 409


def test_a_file_in_a_form_is_taken_out_of_it(http: httpx.Client) -> None:
    part = {"file": ("film.mp4", FILM, "text/html")}
    made = http.post("/v1/uploads", files=part, data={"purpose": "input"}).json()
    assert (made["sha256"], made["media_type"]) == (sha256(FILM).hexdigest(), "video/mp4")
    empty = http.post("/v1/uploads", files={"a": (None, "text")})
    assert (empty.status_code, "no file" in empty.json()["detail"]) == (400, True)


def test_a_body_in_a_coding_is_not_kept_as_it_came(http: httpx.Client) -> None:
    packed = {"content-encoding": "gzip"}
    answers = [
        http.post("/v1/uploads", content=gzip.compress(FILM), headers=packed),
        http.post("/v1/uploads", files={"file": FILM}, headers=packed),
    ]
    assert [one.status_code for one in answers] == [415, 415]
    assert http.post("/v1/uploads", content=FILM, headers={"content-encoding": ""}).is_success


def test_a_reader_may_not_upload(shared_idle: Shared) -> None:
    key = issue(shared_idle.database_url, tenant="reads", scopes=[Scope.TASKS_READ])
    answer = httpx.post(
        f"{shared_idle.url}/v1/uploads",
        content=b"x",
        headers=build_bearer(key),
        trust_env=False,
        timeout=60,
    )
    assert answer.status_code == 403
