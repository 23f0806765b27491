"""A file in a form is read piece by piece, however the pieces fall."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager

import pytest

from tests.support.loop_time import LoopTime
from tracker.domain.errors import InvalidRequest
from tracker.web.edge.body_errors import BodyTooSlow, WrongMediaType
from tracker.web.edge.form_file import FormWithFile

pytestmark = pytest.mark.anyio
TYPE = "multipart/form-data; boundary=xyz"
FILE = b"\r\n--xy" + bytes(range(256)) * 40 + b"\r\n--x"
HEAD = b'--xyz\r\nContent-Disposition: form-data; name="content"; filename="a.png"\r\n'
FIELD = b'--xyz\r\nContent-Disposition: form-data; name="purpose"\r\n\r\nvision\r\n'
AFTER = FIELD.replace(b"purpose", b"after").replace(b"vision", b"more")
FORM = FIELD + HEAD + b"Content-Type: image/png\r\n\r\n" + FILE + b"\r\n" + AFTER + b"--xyz--\r\n"


async def _pieces(body: bytes, size: int) -> AsyncIterator[bytes]:
    for start in range(0, len(body), size):
        yield body[start : start + size]


@contextmanager
def _refused(reason: str) -> Iterator[None]:
    with pytest.raises(InvalidRequest) as caught:
        yield
    assert reason in str(caught.value)


@pytest.mark.parametrize("size", [1, 3, 7, 100, 65536])
async def test_a_file_is_what_stands_between_its_head_and_the_boundary(size: int) -> None:
    form = FormWithFile(TYPE, chunks := _pieces(FORM, size))
    part = await form.find_file(timeout_s=60)
    assert (part.name, part.filename, part.media_type) == ("content", "a.png", "image/png")
    assert form.fields == {"purpose": "vision"}
    assert b"".join([piece async for piece in form.iterate_content()]) == FILE
    assert form.fields == {"purpose": "vision", "after": "more"}
    assert await anext(aiter(chunks), None) is None  # the rest of the body was read as well


async def test_what_is_no_form_with_a_file_is_refused() -> None:
    with _refused("has no file"):
        await FormWithFile(TYPE, _pieces(FIELD + b"--xyz--\r\n", 10)).find_file(timeout_s=60)
    with _refused("must end with its boundary"):
        await FormWithFile(TYPE, _pieces(b"nothing of a form", 5)).find_file(timeout_s=60)
    with _refused("long field"):
        await FormWithFile(TYPE, _pieces(FIELD[:-2] + b"x" * 100_000, 5000)).find_file(timeout_s=60)
    cut = FormWithFile(TYPE, _pieces(FORM[: len(FORM) // 2], 1000))
    await cut.find_file(timeout_s=60)
    with _refused("must end with its boundary"):
        async for _ in cut.iterate_content():
            pass
    two = FormWithFile(TYPE, _pieces(FORM.replace(AFTER, HEAD + b"\r\nx\r\n"), 1000))
    await two.find_file(timeout_s=60)
    with _refused("more than one file"):
        async for _ in two.iterate_content():
            pass
    with pytest.raises(WrongMediaType):
        FormWithFile("multipart/form-data", _pieces(FORM, 10))


@pytest.mark.parametrize(
    "fields", [FIELD * 101, FIELD.replace(b"vision", b"x" * 60_000) * 6], ids=["many", "long"]
)
async def test_fields_have_an_end_though_each_is_short(fields: bytes) -> None:
    with _refused("fields, or much text in them"):
        await FormWithFile(TYPE, _pieces(fields + FORM, 4096)).find_file(timeout_s=60)
    after = FormWithFile(TYPE, _pieces(FORM.replace(AFTER, fields), 4096))
    await after.find_file(timeout_s=60)
    with _refused("fields, or much text in them"):
        async for _ in after.iterate_content():
            pass


async def test_fields_that_trickle_have_the_time_of_a_whole_body(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    passing, passed_s = LoopTime(monkeypatch), 0

    async def trickle() -> AsyncIterator[bytes]:
        nonlocal passed_s
        yield FIELD[:-2]
        while True:
            passing.move(20)
            passed_s += 20
            await asyncio.sleep(0)
            yield b"x"

    with pytest.raises(BodyTooSlow):
        await FormWithFile(TYPE, trickle()).find_file(timeout_s=60)
    assert passed_s <= 100
