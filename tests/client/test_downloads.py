"""Kept files on the disk: by both clients and by the command, over connections that break."""

import asyncio
import json
import os
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from hashlib import sha256
from pathlib import Path

import httpx
import pytest
from click.testing import CliRunner

from tests.support.databases import SqliteTemplate
from tests.support.requests import EXAMPLE
from tests.support.service import build_environment, serve_service
from tests.support.small_disk import mount_small_disk
from tracker.cli.main import main
from tracker.client import AsyncClient, Client, NotKept, Task, Unreachable
from tracker.client.downloads import Download
from tracker.client.models import Asset
from tracker.emulator import EmulatorConfig
from tracker.emulator import EmulatorServer as Emulator


@pytest.fixture(scope="module")
def service(
    sqlite_template: SqliteTemplate, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("downloads")
    with Emulator(EmulatorConfig(step_seconds=0.05)) as emulator:
        env = build_environment(
            sqlite_template.copy(folder),
            folder,
            provider_url=emulator.url,
            public_url=None,
            TRACKER_ASSETS="on",
            TRACKER_ASSET_MIN_FREE_BYTES="0",
        )
        with serve_service(env, workers=True) as url:
            yield url


@pytest.fixture(scope="module")
def task(service: str) -> Task:
    with Client(service) as tracker:
        made = tracker.submit("videos/multi-image2video", EXAMPLE)
        tracker.wait(made.id, timeout_s=60)
        return made


class _Cut(httpx.SyncByteStream, httpx.AsyncByteStream):
    def __init__(self, body: bytes) -> None:
        self._body = body

    def __iter__(self) -> Iterator[bytes]:
        yield self._body
        raise httpx.ReadError("the line broke")

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield self._body
        raise httpx.ReadError("the line broke")


class Breaking(httpx.BaseTransport, httpx.AsyncBaseTransport):
    """Breaks every answer with a file off after so many bytes. asked: the ranges."""

    def __init__(self, after: int) -> None:
        self.after, self.asked = after, list[str | None]()
        self._sync, self._async = httpx.HTTPTransport(), httpx.AsyncHTTPTransport()

    def close(self) -> None:
        self._sync.close()

    async def aclose(self) -> None:
        await self._async.aclose()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        return self._broken(request, self._sync.handle_request(request), is_sync=True)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        answer = await self._async.handle_async_request(request)
        if request.url.path.endswith("/content"):
            await answer.aread()
        return self._broken(request, answer, is_sync=False)

    def _broken(
        self, request: httpx.Request, answer: httpx.Response, *, is_sync: bool
    ) -> httpx.Response:
        if not request.url.path.endswith("/content"):
            return answer
        self.asked.append(request.headers.get("range"))
        body = answer.read() if is_sync else answer.content
        if is_sync:
            answer.close()
        if len(body) <= self.after:
            return answer
        headers = [(k, v) for k, v in answer.headers.multi_items() if k != "content-length"]
        return httpx.Response(answer.status_code, headers=headers, stream=_Cut(body[: self.after]))


def test_a_file_is_downloaded_checked_and_told_of(service: str, task: Task, tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    with Client(service) as tracker:
        path = tracker.download(
            task.id, tmp_path / "film.mp4", progress=lambda *at: told.append(at), timeout_s=60
        )
        piece = tracker.get(task.id).artifacts[0]
    assert piece.asset is not None
    assert sha256(path.read_bytes()).hexdigest() == piece.asset.sha256
    assert told[0] == (0, piece.asset.bytes)
    assert told[-1] == (piece.asset.bytes, piece.asset.bytes)
    assert list(tmp_path.iterdir()) == [path]


def test_a_cut_download_goes_on(service: str, task: Task, tmp_path: Path) -> None:
    with Client(service) as tracker:
        whole = tracker.download(task.id, tmp_path / "whole", timeout_s=60).read_bytes()
    breaking = Breaking(len(whole) // 3)
    with httpx.Client(transport=breaking) as http, Client(service, http=http) as tracker:
        path = tracker.download(task.id, tmp_path / "cut")
    assert path.read_bytes() == whole
    assert breaking.asked[0] is None
    assert len(breaking.asked) == 4
    assert all(breaking.asked[1:])


def test_a_later_call_goes_on_where_an_earlier_one_gave_up(
    service: str, task: Task, tmp_path: Path
) -> None:
    breaking = Breaking(0)
    path = tmp_path / "film"
    with Client(service) as tracker:
        whole = tracker.download(task.id, tmp_path / "whole", timeout_s=60).read_bytes()
    path.with_name("film.part").write_bytes(whole[:50])
    with (
        httpx.Client(transport=breaking) as http,
        Client(service, http=http, tries=2) as tracker,
        pytest.raises(Unreachable),
    ):
        tracker.download(task.id, path)
    assert path.with_name("film.part").read_bytes() == whole[:50]
    with Client(service) as tracker:
        assert tracker.download(task.id, path).read_bytes() == whole


@pytest.mark.parametrize("more", [-9, 0, 1])
def test_other_bytes_in_the_part_never_get_the_name(
    service: str, task: Task, tmp_path: Path, more: int
) -> None:
    """A file that has changed since: some of the older one is here, or as much as the newer has."""
    path = tmp_path / "film"
    with Client(service) as tracker:
        whole = tracker.download(task.id, tmp_path / "whole", timeout_s=60).read_bytes()
        path.with_name("film.part").write_bytes(b"x" * (len(whole) + more))
        assert tracker.download(task.id, path).read_bytes() == whole
    assert {one.name for one in tmp_path.iterdir()} == {"film", "whole"}


KEPT = b"film of ours"
ASSET = Asset(
    id="1",
    state="kept",
    url=None,
    bytes=len(KEPT),
    sha256=sha256(KEPT).hexdigest(),
    media_type=None,
    reason=None,
    expires_at=None,
)


def test_what_is_no_file_is_not_replaced_by_one(tmp_path: Path) -> None:
    folder, pipe, link, target = (tmp_path / name for name in ("folder", "pipe", "link", "target"))
    folder.mkdir()
    os.mkfifo(pipe)
    for path in (folder, pipe):
        with pytest.raises(OSError, match="no file"):
            Download(ASSET, path)
    link.symlink_to(target)
    with closing(Download(ASSET, link)) as download:
        download.write(KEPT)
        download.finish()
    assert (link.is_symlink(), target.read_bytes()) == (True, KEPT)
    assert len([*tmp_path.iterdir()]) == 4


def test_two_downloads_of_one_path_do_not_mix_their_bytes(tmp_path: Path) -> None:
    path = tmp_path / "film"
    first = Download(ASSET, path)
    first.write(KEPT[:5])
    with pytest.raises(BlockingIOError, match="another download"):
        Download(ASSET, path)
    first.close()
    with closing(Download(ASSET, path)) as later:
        assert later.build_headers()["range"] == "bytes=5-"
        later.begin(206)
        later.write(KEPT[5:])
        assert later.finish().read_bytes() == KEPT
    assert [one.name for one in tmp_path.iterdir()] == ["film"]


def test_bytes_that_are_not_the_assets_never_get_the_name(
    service: str, task: Task, tmp_path: Path
) -> None:
    with Client(service) as tracker:
        piece = tracker.get(task.id).artifacts[0]
        assert piece.asset is not None
        shown = httpx.get(f"{service}/v1/assets/{piece.asset.id}", trust_env=False, timeout=60)
        with pytest.raises(Unreachable, match="digest"):
            tracker.download_asset(shown.json() | {"sha256": "0" * 64}, tmp_path / "film")
    assert [(one.name, one.read_bytes()) for one in tmp_path.iterdir()] == [("film.part", b"")]


def test_a_full_disk_ends_a_download_that_a_later_one_goes_on_with(
    service: str, task: Task, tmp_path: Path
) -> None:
    with mount_small_disk(tmp_path / "disk", size=1_000_000) as disk, Client(service) as tracker:
        whole = tracker.download(task.id, tmp_path / "whole", timeout_s=60).read_bytes()
        piece = tracker.get(task.id).artifacts[0]
        assert piece.asset is not None
        path = disk.path / "film"
        disk.fill()
        with pytest.raises(OSError, match="No space left"):
            tracker.download(task.id, path)
        options = ("assets", "get", piece.asset.id, "--out", str(path))
        done = CliRunner().invoke(main, options, env={"TRACKER_URL": service})
        assert (done.exit_code != 0, "No space left" in done.output) == (True, True)
        assert len(done.output.splitlines()) == 1
        disk.free_space()
        assert tracker.download(task.id, path).read_bytes() == whole
        assert [one.name for one in disk.path.iterdir()] == ["film"]


def test_the_client_for_asyncio_does_the_same(service: str, task: Task, tmp_path: Path) -> None:
    async def run() -> tuple[bytes, bytes, int]:
        async with AsyncClient(service) as tracker:
            whole = await tracker.download(task.id, tmp_path / "whole", timeout_s=60)
        size = whole.stat().st_size
        breaking = Breaking(size // 2 + 1)
        async with (
            httpx.AsyncClient(transport=breaking) as http,
            AsyncClient(service, http=http) as tracker,
        ):
            cut = await tracker.download(task.id, tmp_path / "cut")
        return whole.read_bytes(), cut.read_bytes(), len(breaking.asked)

    whole, cut, asked = asyncio.run(run())
    assert (cut, asked) == (whole, 2)


def test_what_is_not_there_says_so(service: str, task: Task, tmp_path: Path) -> None:
    with Client(service) as tracker, pytest.raises(NotKept):
        tracker.download(task.id, tmp_path / "film", artifact=7)


def test_the_commands_list_show_download_and_fetch(
    service: str, task: Task, tmp_path: Path
) -> None:
    with Client(service) as tracker:
        whole = tracker.download(task.id, tmp_path / "whole", timeout_s=60).read_bytes()

    def run(*arguments: str) -> tuple[int, str]:
        done = CliRunner().invoke(main, arguments, env={"TRACKER_URL": service})
        return done.exit_code, done.output

    code, listed = run("assets", "list", "--task", task.id, "--output", "json")
    (asset,) = json.loads(listed)["assets"]
    assert (code, asset["state"]) == (0, "kept")
    assert asset["id"][:8] in run("assets", "list", "--wide")[1]
    assert asset["sha256"] in run("assets", "get", asset["id"])[1]
    out = tmp_path / "film.mp4"
    assert run("assets", "get", asset["id"], "--out", str(out))[0] == 0
    assert out.read_bytes() == whole
    piped = CliRunner().invoke(
        main, ("assets", "get", asset["id"], "--out", "-"), env={"TRACKER_URL": service}
    )
    assert piped.stdout_bytes == whole
    nowhere = run("assets", "get", asset["id"], "--out", str(tmp_path / "none" / "film.mp4"))
    assert (nowhere[0] != 0, nowhere[1].count("\n"), "No such file" in nowhere[1]) == (
        True,
        1,
        True,
    )
    code, said = run("assets", "fetch", asset["id"])
    assert (code != 0, "is kept" in said) == (True, True)
    assert f"kept {asset['bytes']}" in run("tasks", "show", task.id)[1]
