import json
from base64 import b64encode, urlsafe_b64encode
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker.egress.inline import LEAST_CHARS, InlineFiles

pytestmark = pytest.mark.anyio
FILE = bytes(range(256)) * 200


@dataclass
class Sink:
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
        self.made: list[Sink] = []

    async def __call__(self) -> Sink:
        self.made.append(Sink())
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
    ],
    ids=["data-url", "url-safe", "unpadded"],
)
async def test_each_way_to_write_it_is_read(text: str) -> None:
    _, kept = await read(json.dumps([text]).encode())
    assert kept == [FILE]


async def test_escaped_slashes_are_read() -> None:
    body = json.dumps([b64encode(FILE).decode()]).replace("/", "\\/").encode()
    for step in (1, 3, 1000):
        _, kept = await read(body, step=step)
        assert kept == [FILE]


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


async def test_a_long_text_that_is_no_base64_stays() -> None:
    body = json.dumps({"prompt": 'it "rained", ' * LEAST_CHARS}).encode()
    assert await read(body) == (body, [])


@pytest.mark.parametrize("flaw", ["=AAA", "A===", "é"])
async def test_a_file_that_is_no_base64_to_its_end_is_refused(flaw: str) -> None:
    body = json.dumps([b64encode(FILE).decode().rstrip("=") + flaw + "A"], ensure_ascii=False)
    with pytest.raises(ValueError, match="no base64"):
        await read(body.encode())


async def test_an_answer_that_ends_within_a_file_is_refused() -> None:
    with pytest.raises(ValueError, match="ends within a file"):
        await read(b'["' + b64encode(FILE))
