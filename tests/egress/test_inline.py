import json
from base64 import b64encode, urlsafe_b64encode
from dataclasses import dataclass, field
from textwrap import wrap

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.origin import serve_whole
from tests.support.upstream import Upstream
from tracker.domain.exchange import Certainty, HttpCall, HttpFailure, HttpResult
from tracker.domain.inline_files import read_lost_reason
from tracker.egress.client import EgressClient
from tracker.egress.inline import LEAST_CHARS, InlineFiles

pytestmark = pytest.mark.anyio
FILE = bytes(range(256)) * 200
SHORT = FILE[:12_302]
GOOD = b64encode(SHORT).decode()
BARE = GOOD.rstrip("=")


@dataclass
class PieceSink:
    data: bytearray = field(default_factory=bytearray)
    is_aborted: bool = False

    async def write(self, data: bytes) -> None:
        self.data += data

    async def finish(self) -> str:
        return f"file of {len(self.data)}"

    async def abort(self) -> None:
        self.is_aborted = True


class Sinks:
    def __init__(self) -> None:
        self.made: list[PieceSink] = []

    async def __call__(self) -> PieceSink:
        self.made.append(PieceSink())
        return self.made[-1]


async def read(body: bytes, *, step: int = 1000) -> tuple[bytes, list[bytes]]:
    sinks = Sinks()
    reader = InlineFiles(sinks)
    for at in range(0, len(body), step):
        await reader.feed(body[at : at + step])
    return await reader.finish(), [bytes(sink.data) for sink in sinks.made]


@pytest.mark.parametrize("step", [1, 7, 1000, 10**9])
async def test_each_file_leaves_its_name(step: int) -> None:
    files = [FILE, FILE[:-1], FILE[:-2]]
    body = json.dumps(
        {"created": 1, "data": [{"b64_json": b64encode(one).decode()} for one in files]}
    )
    text, kept = await read(body.encode(), step=step)
    names = [f"file of {len(one)}" for one in files]
    assert json.loads(text) == {"created": 1, "data": [{"b64_json": one} for one in names]}
    assert kept == files


@pytest.mark.parametrize(
    "text",
    [
        "data:image/png;base64," + b64encode(FILE).decode(),
        urlsafe_b64encode(FILE).decode(),
        urlsafe_b64encode(FILE).decode().rstrip("="),
        "\r\n".join(wrap(b64encode(FILE).decode(), 76)),
        " " + "\n  ".join(wrap(b64encode(FILE).decode(), 64)) + "\t",
        b64encode(FILE).decode() + "==",
        "data:;base64," + b64encode(FILE).decode(),
        "DATA:image/PNG;charset=utf-8;BASE64, " + b64encode(FILE).decode(),
        'data:image/png;name="a.png";base64,' + urlsafe_b64encode(FILE).decode(),
        "image/png;base64," + b64encode(FILE).decode(),
    ],
)
async def test_each_way_to_write_it_is_read(text: str) -> None:
    for step in (11, 1000):
        left, kept = await read(json.dumps([text]).encode(), step=step)
        assert (json.loads(left), kept) == ([f"file of {len(FILE)}"], [FILE])


@pytest.mark.parametrize("step", [7, 10**9])
@pytest.mark.parametrize("depth", [1, 2])
@pytest.mark.parametrize("is_ascii", [True, False])
async def test_files_within_a_string_that_is_json_leave_their_names(
    step: int, depth: int, *, is_ascii: bool
) -> None:
    written = {"say": 'a "猫" \\ \n\x07 \U0001f408', "b": [GOOD, GOOD]}
    value: object = written
    for _ in range(depth):
        value = json.dumps({"inner": value}, ensure_ascii=is_ascii)
    body = json.dumps({"data": value, "n": 3}, ensure_ascii=is_ascii).encode()
    text, kept = await read(body, step=step)
    left = json.loads(text)
    assert left["n"] == 3
    found = left["data"]
    for _ in range(depth):
        found = json.loads(found)["inner"]
    assert found == written | {"b": [f"file of {len(SHORT)}"] * 2}
    assert kept == [SHORT, SHORT]


@pytest.mark.parametrize("step", [1, 10**9])
async def test_a_long_text_that_only_begins_like_json_stays(step: int) -> None:
    for said in ("[Verse] it 'rained' \\ ", '{"a": "b', "lines of words without a stop "):
        body = json.dumps({"prompt": said * (LEAST_CHARS // 8)}).encode()
        text, kept = await read(body, step=step)
        assert (json.loads(text), kept) == (json.loads(body), [])


async def test_a_string_of_json_that_ends_within_a_file_takes_no_other_with_it() -> None:
    body = json.dumps({"a": '{"b": "' + GOOD, "c": GOOD}).encode()
    sinks = Sinks()
    reader = InlineFiles(sinks)
    await reader.feed(body)
    assert json.loads(await reader.finish())["c"] == f"file of {len(SHORT)}"
    assert [one.is_aborted for one in sinks.made] == [True, False]


@pytest.mark.parametrize(
    ("plain", "escaped"),
    [("/", "\\/"), ("=", "\\u003d"), ("+", "\\u002B"), ("\\n", "\n")],
)
async def test_escapes_are_read_and_line_ends_as_they_are(plain: str, escaped: str) -> None:
    lines = "\n".join(wrap(b64encode(FILE[:13_001]).decode(), 76))
    body = json.dumps(["data:image/png;base64," + lines]).replace(plain, escaped).encode()
    for step in (1, 3, 1000):
        _, kept = await read(body, step=step)
        assert kept == [FILE[:13_001]]


HTML, PNG = b"<!doctype html><title>no</title>", b"\x89PNG\r\n\x1a\n" + FILE


@pytest.mark.parametrize(
    ("kind", "body", "kept"),
    [
        ("image/png", PNG, [PNG]),
        ("text/html", PNG, [PNG]),
        ("application/json", PNG, [PNG]),
        (None, PNG, [PNG]),
        ("application/octet-stream", FILE, [FILE]),
        ("image/svg+xml", b"<svg xmlns='x'/>", [b"<svg xmlns='x'/>"]),
        ("text/html", b"<svg xmlns='x'/>", []),
        ("image/png", HTML, []),
        ("image/png", b'{"name": "internal_error"}', []),
        ("application/octet-stream", b'{"name": "internal_error"}', []),
        ("application/json", b"", []),
        ("text/plain", b"BM is busy", []),
    ],
)
async def test_a_file_is_known_by_how_it_begins_and_else_by_its_type(
    kind: str | None, body: bytes, kept: list[bytes]
) -> None:
    sinks, lines = Sinks(), [] if kind is None else [f"content-type: {kind}"]
    with Upstream(serve_whole(body, *lines)) as origin:
        client = EgressClient(["127.0.0.0/8"])
        answer = await client.call_provider(HttpCall("GET", origin.url), files=sinks)
        await client.close()
    assert isinstance(answer, HttpResult)
    assert [bytes(one.data) for one in sinks.made] == kept
    assert answer.body == (b'"file of %d"' % len(kept[0]) if kept else body)


async def test_a_file_that_its_answer_cuts_is_not_kept_and_tells_nothing() -> None:
    cut, sinks = b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR" + bytes(17), Sinks()
    with Upstream(serve_whole(cut, "content-type: image/png")) as origin:
        client = EgressClient(["127.0.0.0/8"])
        answer = await client.call_provider(HttpCall("POST", origin.url), files=sinks)
        await client.close()
    assert isinstance(answer, HttpFailure)
    assert answer.certainty is Certainty.UNKNOWN
    assert "the file is cut: 33 bytes came without its end" in answer.reason
    assert [one.is_aborted for one in sinks.made] == [True]


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
        max_leaves=20,
    ),
    st.integers(1, 50),
)
async def test_what_holds_no_file_stays_as_it_is(value: object, step: int) -> None:
    for ascii_ in (True, False):
        body = json.dumps(value, ensure_ascii=ascii_).encode("utf-8", "surrogatepass")
        assert await read(body, step=step) == (body, [])


@pytest.mark.parametrize(
    "more", ["", f" data:image/png;base64,{GOOD[:400]}", " data:image/png;", "\\"]
)
async def test_a_long_text_that_is_no_base64_stays(more: str) -> None:
    body = json.dumps({"prompt": 'it "rained", ' * LEAST_CHARS + more}).encode()
    assert await read(body) == (body, [])
    is_cut = body[:-2]  # of a text that is no JSON
    assert "," in more or await read(is_cut) == (is_cut, [])


@pytest.mark.parametrize("step", [1, 7, 1000, 10**9])
@pytest.mark.parametrize("escaped", [("", ""), ("/", "\\/"), ("=", "\\u003d")])
async def test_data_urls_within_a_long_text_leave_their_names(
    step: int, escaped: tuple[str, str]
) -> None:
    files = [FILE, FILE[:-1]]
    urls = [f"data:image/png;base64,{b64encode(one).decode()}" for one in files]
    told = "".join(f'a "song" ![image]({url}) ' for url in urls)
    body = json.dumps([told, "b"])
    body = body.replace(*escaped) if escaped[0] else body
    text, found = await read(body.encode(), step=step)
    names = [
        url.partition(",")[0] + f",file of {len(one)}" for url, one in zip(urls, files, strict=True)
    ]
    expected = "".join(f'a "song" ![image]({name}) ' for name in names)
    assert (json.loads(text), found) == ([expected, "b"], files)


async def test_a_data_url_that_is_no_base64_takes_no_other_with_it() -> None:
    urls = [f"data:image/png;base64,{one}" for one in (BARE + "=AAA", b64encode(FILE).decode())]
    text, found = await read(json.dumps(" ".join(["x", *urls, "y"])).encode())
    first = json.loads(text).split()[1].partition(",")[2]
    assert read_lost_reason(first)
    assert found[-1] == FILE


@pytest.mark.parametrize("step", [1, 7, 10**9])
@pytest.mark.parametrize(
    "flawed",
    [
        *[f"{BARE}{flaw}A" for flaw in ("=AAA", "A===", "é", "\\u00e9", "\\x", "\\u0022")],
        BARE + "\\u00",
        f"*{GOOD}",
        f"data:image/png;base64,{GOOD[:9]} * {GOOD}",
    ],
)
async def test_a_file_that_is_no_base64_takes_no_other_with_it(flawed: str, step: int) -> None:
    sinks = Sinks()
    reader = InlineFiles(sinks)
    body = f'{{"data": ["{GOOD}", "{flawed}", "{GOOD}"], "n": 3}}'.encode()
    for at in range(0, len(body), step):
        await reader.feed(body[at : at + step])
    read = json.loads(await reader.finish())
    first, lost, last = read.pop("data")
    assert (first, last, read) == (f"file of {len(SHORT)}",) * 2 + ({"n": 3},)
    reason = read_lost_reason(lost)
    assert reason is not None
    assert reason.startswith("a file in the answer")
    whole_ones = [one for one in sinks.made if not one.is_aborted]
    assert [bytes(one.data) for one in whole_ones] == [SHORT, SHORT]
    assert len(sinks.made) == 3


async def test_an_answer_that_ends_within_a_file_is_refused() -> None:
    with pytest.raises(ValueError, match="ends within a file"):
        await read(b'["' + b64encode(FILE))
