"""A body that is taken in whole: one that finds no room is refused, and the next one is taken."""

import tempfile
from pathlib import Path

import pytest
from starlette.requests import Request
from starlette.types import Message

from tests.support.small_disk import mount_small_disk
from tracker.domain.errors import Unavailable
from tracker.web.edge.spool import IN_MEMORY_BYTES, PIECE_BYTES, spool_body

pytestmark = pytest.mark.anyio
LIMIT = 2 * IN_MEMORY_BYTES


def _request(body: bytes) -> Request:
    pieces = [body[at : at + PIECE_BYTES] for at in range(0, len(body), PIECE_BYTES)]

    async def receive() -> Message:
        piece = pieces.pop(0) if pieces else b""
        return {"type": "http.request", "body": piece, "more_body": bool(pieces)}

    return Request({"type": "http", "headers": []}, receive)


async def _taken(body: bytes) -> bytes:
    async with spool_body(_request(body), limit=LIMIT, timeout_s=60) as spooled:
        assert spooled.size == len(body)
        return b"".join([piece async for piece in spooled.iterate_pieces()])


@pytest.mark.parametrize("free", [0, IN_MEMORY_BYTES, IN_MEMORY_BYTES + PIECE_BYTES])
async def test_a_body_without_room_is_refused_and_a_small_one_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, free: int
) -> None:
    large = bytes(range(256)) * (LIMIT // 256 - 1) + b"the end"
    with mount_small_disk(tmp_path / "disk", size=LIMIT) as disk:
        monkeypatch.setattr(tempfile, "tempdir", str(disk.path))
        disk.fill(but=free)
        with pytest.raises(Unavailable, match="no room"):
            await _taken(large)
        assert await _taken(b"small") == b"small"
        disk.free_space()
        assert await _taken(large) == large
