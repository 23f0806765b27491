"""Bodies that cost more than they are worth, of strangers and of callers with a key."""

import gzip
import json
import threading
import uuid
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.attacks.conftest import Site, attacked, keep_up
from tests.support.raw import dial
from tests.support.requests import MULTI_IMAGE, build_kling_callback
from tracker.services.receive.forgeries import MOST_KINDS

JSON = {"content-type": "application/json"}
MOST_DISK_BYTES = 8 * 1024 * 1024
PICTURES = b'{"prompt":"p","image_list":[%b]}' % b",".join(
    b'{"image":"%b"}' % (b"A" * 12 * 1024 * 1024) for _ in range(4)
)
ONCE_BYTES = len(PICTURES) + 28 * 1024 * 1024
"""Bytes of them as a text, and of one picture's copy; a second copy of all does not fit."""
HONEST_BYTES = 10_000
"""Of an honest callback: how many of them come meanwhile, the machine decides."""


def test_very_many_unknown_fields_of_a_reader(site: Site) -> None:
    body = json.dumps({f"unknown-field-{n:07}": n for n in range(700_000)}).encode()
    assert len(body) > 21_000_000
    with site.held_to_figures(), site.client(site.reader | JSON) as http:

        def send() -> None:
            with suppress(httpx.WriteError, httpx.ReadError):  # it is not read to its end
                answer = http.post("/v1/tasks/query", content=body)
                assert (answer.status_code, len(answer.content) < 65536) == (413, True)

        keep_up(send)


@pytest.mark.parametrize("path", ["/v1/tasks", MULTI_IMAGE])
def test_sixty_megabytes_of_empty_lists(site: Site, path: str) -> None:
    body = b'{"input":[' + b"[]," * 20_000_000 + b"[]]}"
    with site.held_to_figures(), site.client(site.writer | JSON) as http:

        def send() -> None:
            with suppress(httpx.WriteError, httpx.ReadError):
                assert http.post(path, content=body).status_code in (400, 413)

        keep_up(send)


def test_pictures_of_sixty_megabytes_of_four_callers(site: Site) -> None:
    body = b'{"prompt":"p","image_list":[{"image":"' + b"A" * 57 * 1024 * 1024 + b'"}]}'
    statuses: list[int] = []

    def send() -> None:
        with site.client(site.writer | JSON) as http:
            statuses.append(http.post(MULTI_IMAGE, content=body).status_code)

    with site.held_to_figures():
        senders = [threading.Thread(target=send) for _ in range(4)]
        for sender in senders:
            sender.start()
        for sender in senders:
            sender.join()
    assert set(statuses) <= {400, 503}
    assert 400 in statuses


def test_pictures_of_fifty_megabytes_are_held_once(site: Site) -> None:
    with site.held_to_figures(growth_bytes=ONCE_BYTES), site.client(site.writer | JSON) as http:
        keep_up(lambda: _send_pictures(http))


def test_postgresql_takes_pictures_without_a_copy(postgres_url: str, tmp_path: Path) -> None:
    with (
        attacked(postgres_url, tmp_path, "--no-worker") as site,
        site.client(site.writer | JSON) as http,
    ):
        with site.held_to_memory(ONCE_BYTES):
            _send_pictures(http)
        with site.held_to_memory(ONCE_BYTES):
            _send_pictures(http)  # through the connection that took the first


def _send_pictures(http: httpx.Client) -> None:
    assert http.post(MULTI_IMAGE, content=PICTURES).status_code == 200


def test_a_body_of_a_stranger_is_not_read(site: Site) -> None:
    head = "POST /v1/tasks HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n"
    piece = b" " * 65536
    taken = calls = 0

    def pour() -> None:
        nonlocal taken, calls
        calls += 1
        with dial(site.url) as line, suppress(OSError):  # it is cut, and comes again
            line.sendall(f"{head}content-length: 16000000000\r\n\r\n".encode())
            for _ in range(10_000):
                line.sendall(piece)
                taken += len(piece)

    with site.held_to_figures():
        keep_up(pour)
    assert taken / calls < 16 * 1024 * 1024  # what the system's buffers hold


# The second is as long as a URL may be: finding it in all of its spellings would take seconds.
@pytest.mark.parametrize("token", ["x" * 43, "yz" * 8000], ids=len)
def test_forged_callbacks_fill_neither_memory_nor_disk(site: Site, token: str) -> None:
    body = build_kling_callback(
        "succeed", filler=token * (860_000 // len(token))
    )  # full of what looks like a secret

    def disk() -> int:
        return sum(file.stat().st_size for file in site.folder.iterdir())

    def forgeries() -> dict[str, Any]:
        with site.client(site.writer) as http:
            found: dict[str, Any] = http.get("/v1/attention").json()
        return found

    sent = 0

    def forge() -> None:
        nonlocal sent
        path = f"/callbacks/kling/{uuid.uuid4()}/{token}"
        assert http.post(path, content=body).status_code == 404
        sent += 1

    before, counted = disk(), forgeries()["forgeries"]["total"]
    with site.held_to_figures() as sender, site.client({}) as http:
        keep_up(forge)
    assert disk() - before < MOST_DISK_BYTES + HONEST_BYTES * len(sender.delays_s)
    found = forgeries()
    assert found["forgeries"]["total"] - counted == sent
    assert len(found["receipts"]["forged"]) <= MOST_KINDS


def test_tiny_chunks_and_packed_lists_of_strangers(site: Site) -> None:
    head = f"POST {site.paths[0]} HTTP/1.1\r\nhost: x\r\n"
    chunks = f"{head}transfer-encoding: chunked\r\n\r\n".encode() + b"1\r\n \r\n" * 900_000
    lists = gzip.compress(b"[" * 1_000_000)
    path = f"/callbacks/kling/{uuid.uuid4()}/{'x' * 43}"

    def send() -> None:
        with dial(site.url) as line, suppress(OSError):
            line.sendall(chunks)
        for _ in range(20):
            http.post(path, content=lists, headers={"content-encoding": "gzip"})

    with site.held_to_figures(), site.client({}) as http:
        keep_up(send)
