"""Row 24: how soon the first byte of a kept file comes."""

import asyncio
import socket
import time
from collections.abc import Callable
from functools import partial
from statistics import median

import httpx

from bench.bed import BOTH, Bed, in_s3
from bench.custody import MB, film
from bench.load import request
from bench.processes import Server
from bench.table import Figure
from tests.support.s3 import is_there
from tracker.objects.bucket import Bucket


def first_byte(bed: Bed) -> list[Figure]:
    """Row 24: the first byte behind a link beside that of a bare static file server.

    Of a file in S3: beside the first block of the bucket, asked in the same way.
    """
    body = film(0, 4 * MB)
    figures = [_from_folder(bed, kind, body) for kind in BOTH]
    if is_there():
        with in_s3() as store:
            figures.append(_from_s3(bed, store, body))
    return figures


def _from_folder(bed: Bed, kind: str, body: bytes) -> Figure:
    folder = bed.folder / "static"
    folder.mkdir(exist_ok=True)
    (folder / "film.mp4").write_bytes(body)
    settings = {"TRACKER_ASSET_STORE": str(bed.folder / f"serve-{kind}")}
    with (
        bed.service(bed.migrated(kind), "--no-worker", **settings) as ours,
        bed.plain("static", url=str(folder)) as bare,
    ):
        by_link = partial(_first_byte_s, ours.port, _linked(ours, body))
        return _figure(bed, by_link, partial(_first_byte_s, bare.port, "/film.mp4"), kind)


def _from_s3(bed: Bed, store: str, body: bytes) -> Figure:
    settings = {"TRACKER_ASSET_STORE": store}
    with bed.service(bed.migrated("sqlite"), "--no-worker", **settings) as ours:
        by_link = partial(_first_byte_s, ours.port, _linked(ours, body))
        with asyncio.Runner() as runner:
            objects = Bucket(store)
            (key,) = runner.run(_keys(objects))
            read = partial(_first_block_s, objects, key, len(body))
            return _figure(bed, by_link, lambda: runner.run(read()), "sqlite, S3 ÷ the bucket")


def _linked(server: Server, body: bytes) -> str:
    """Upload a file; returns the path of a link to it."""
    url = f"http://127.0.0.1:{server.port}/v1/uploads"
    made = httpx.post(url, content=body, trust_env=False, timeout=60)
    return "/links/" + str(made.json()["link"]["url"]).rpartition("/links/")[2]


async def _keys(objects: Bucket) -> list[str]:
    return [one.key async for one in objects.list()]


async def _first_block_s(objects: Bucket, key: str, size: int) -> float:
    """Return the seconds to the first block of an object, as the service asks for it."""
    began, took_s = time.perf_counter(), 0.0
    async for _ in objects.read(key, 0, size):
        took_s = took_s or time.perf_counter() - began
    return took_s


def _figure(bed: Bed, ours: Callable[[], float], bare: Callable[[], float], of: str) -> Figure:
    """Ask both in turn; each returns the seconds to the first byte."""
    times = [(ours(), bare()) for _ in range(50 if bed.quick else 300)]
    ours_s, bare_s = (median(column) for column in zip(*times, strict=True))
    note = f"{ours_s * 1000:.2f} ÷ {bare_s * 1000:.2f} ms, p50 of {len(times)}"
    return Figure("24", ours_s / bare_s, note, of)


def _first_byte_s(port: int, path: str) -> float:
    """Return the seconds to the first byte of an answer that ends with its connection."""
    with socket.create_connection(("127.0.0.1", port), timeout=20) as line:
        asked = request("GET", path, connection="close")
        began = time.perf_counter()
        line.sendall(asked)
        line.recv(1)
        took_s = time.perf_counter() - began
        while line.recv(1 << 20):
            pass
        return took_s
