"""A folder as an object store: a file is whole and on the disk, or it is not there.

Bytes go into a file under `.parts`, which is flushed to the disk and then linked to its own name;
a process that is killed leaves a file there and nothing else.
"""

import asyncio
import contextlib
import errno
import os
import shutil
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from tracker.clock import make_token
from tracker.domain.custody import StoredObject
from tracker.domain.errors import StorageError
from tracker.objects.read_shares import FIRST_BYTES, ReadShares
from tracker.precedence import step_back

BLOCK_BYTES = 1024 * 1024
"""Written at once."""
PARTS = ".parts"
"""The subfolder of what is being written."""
_THREADS = 4
_LISTED_AT_ONCE = 512
_FOLDERS_MADE = 8
"""For one file, as long as each is removed before the file stands in it."""
_OPEN_FOLDERS = 64
"""Kept open at once, of tenants and months."""
_WRITTEN_AT_ONCE = 512
"""Pieces of one system call; POSIX systems take 1,024."""
Result = TypeVar("Result")


class Folder:
    """Objects as files. Close it at the end."""

    def __init__(self, root: Path, *, is_new: bool = False) -> None:
        """root: need not be there; it is made by the first write.

        is_new: whether no object need ever have been kept there; see `size`.
        """
        self._root = root
        self._is_new = is_new
        self._threads = ThreadPoolExecutor(
            _THREADS, thread_name_prefix="tracker-assets", initializer=step_back
        )
        self._names = _Names()
        self._shares = ReadShares()

    def close(self) -> None:
        """End its threads."""
        self._threads.shutdown(wait=True, cancel_futures=True)
        self._names.close()

    async def put(self, key: str, chunks: AsyncIterator[bytes], *, once: bool = False) -> None:
        """Keep what the chunks hold; see ObjectStore. A disk refuses nothing for now."""
        del once
        part, path = self._root / PARTS / make_token(), self._find_path(key)
        opened: list[int] = []
        waiting, size = list[bytes](), 0
        try:
            async for chunk in chunks:
                waiting.append(chunk)
                size += len(chunk)
                if size >= BLOCK_BYTES:
                    await self._run(_write, part, opened, waiting)
                    waiting, size = [], 0
            await self._run(_finish, self._names, part, opened, waiting, path)
        except BaseException:
            if opened:  # not awaited: a cancelled write must leave nothing either
                part.unlink(missing_ok=True)
            raise
        finally:
            _close(opened)

    async def read(self, key: str, start: int, end: int) -> AsyncGenerator[bytes, None]:
        """Yield the bytes from `start` to before `end`; see ObjectStore."""
        opened: list[int] = []
        try:
            with self._shares.begin():
                span = (start, end)
                block = await self._run(_open, self._find_path(key), opened, span, FIRST_BYTES)
                while True:
                    if not block:
                        raise StorageError(f"the object ends before byte {end}")
                    start += len(block)
                    # Handed over and not held besides: its reader may take nothing for minutes.
                    handed = [block]
                    del block
                    yield handed.pop()
                    if start >= end:
                        return
                    size = min(self._shares.block_bytes, end - start)
                    block = await self._run(os.pread, opened[0], size, start)
        finally:
            _close(opened)

    async def get_size(self, key: str) -> int | None:
        """Return how many bytes an object has; None where there is no such object.

        Raises StorageError where no object was ever kept here, unless it may be new: the disk may
        not be mounted.
        """
        size = await self._run(_read_size, self._find_path(key))
        if (
            size is None
            and not self._is_new
            and await self._run(_read_size, self._root / PARTS) is None
        ):
            raise StorageError(f"{self._root} is not the folder that assets are kept in")
        return size

    async def delete(self, key: str) -> None:
        """Delete an object, or what an interrupted write has left."""
        await self._run(_unlink, self._find_path(key))

    async def list(self) -> AsyncIterator[StoredObject]:
        """Yield every object and every part, in no order."""
        walk = _walk(self._root)
        while found := await self._run(_take_some, walk):
            for one in found:
                yield one

    async def free_bytes(self) -> int | None:
        """Return the free bytes of the disk that the folder is on."""
        return await self._run(_free, self._root)

    def _find_path(self, key: str) -> Path:
        if key.startswith("/") or ".." in key.split("/"):
            raise StorageError(f"{key!r} is no name of an object")
        return self._root / key

    async def _run(self, call: Callable[..., Result], *args: Any) -> Result:
        """Call in a thread. Raises StorageError for what the system refuses."""
        running = asyncio.get_running_loop().run_in_executor(self._threads, call, *args)
        try:
            return await asyncio.shield(running)
        except asyncio.CancelledError:
            await asyncio.wait([running])  # or a file would be closed under the thread that uses it
            raise
        except OSError as error:
            raise StorageError(f"{error.strerror or error} ({self._root})") from error


def _create(part: Path, opened: list[int]) -> None:
    part.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    opened.append(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))


def _close(opened: Sequence[int]) -> None:
    for file in opened:
        os.close(file)


def _write(part: Path, opened: list[int], chunks: Sequence[bytes]) -> None:
    """Write to the part, which the first call makes."""
    if not opened:
        _create(part, opened)
    for start in range(0, len(chunks), _WRITTEN_AT_ONCE):
        some = chunks[start : start + _WRITTEN_AT_ONCE]
        written = os.writev(opened[0], some)
        if written < sum(map(len, some)):  # a signal, or the disk is nearly full
            view = memoryview(b"".join(some))[written:]
            while view:
                view = view[os.write(opened[0], view) :]


def _finish(
    names: "_Names", part: Path, opened: list[int], rest: Sequence[bytes], path: Path
) -> None:
    """Write the rest, flush it to the disk and give the file its name, which nobody has."""
    _write(part, opened, rest)
    os.fsync(opened[0])
    names.put(part, path)


class _Names:
    """Gives files their names, on the disk when it returns. Threads share it.

    A folder stays open once it and those above it are on the disk: then a file's name costs one
    flush. No file can be put into an open folder that has been removed meanwhile, whatever now
    stands at its path.
    """

    def __init__(self) -> None:
        self._folders: dict[Path, _OpenFolder] = {}

    def put(self, part: Path, path: Path) -> None:
        """Move a file. Raises FileExistsError where the name is taken."""
        folder = self._folders.get(path.parent)
        if folder is None or not folder.put(part, path.name):
            self._put_into_new(part, path)
        part.unlink()

    def close(self) -> None:
        """Close what no thread uses."""
        self._folders.clear()

    def _put_into_new(self, part: Path, path: Path) -> None:
        folder = self._put_patiently(part, path)
        above = path.parent
        while not (above / PARTS).exists() and above != above.parent:
            above = above.parent
            _OpenFolder(above).flush()
        if len(self._folders) >= _OPEN_FOLDERS:
            self._folders.clear()
        self._folders[path.parent] = folder

    def _put_patiently(self, part: Path, path: Path) -> "_OpenFolder":
        """Make the folder and put the file into it, also where others remove it when it is empty.

        Returns the folder. Raises FileNotFoundError.
        """
        for _ in range(_FOLDERS_MADE):
            with contextlib.suppress(FileNotFoundError):
                path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                folder = _OpenFolder(path.parent)
                if folder.put(part, path.name):
                    return folder
        raise FileNotFoundError(errno.ENOENT, "the part or its folder was removed meanwhile")


class _OpenFolder:
    """A folder, open until nobody refers to it."""

    def __init__(self, path: Path) -> None:
        self._handle = os.open(path, os.O_RDONLY)

    def __del__(self) -> None:
        with contextlib.suppress(AttributeError):  # it could not be opened
            os.close(self._handle)

    def put(self, part: Path, name: str) -> bool:
        """Give a file a name in it, on the disk; False where the folder has been removed."""
        try:
            os.link(part, name, dst_dir_fd=self._handle)
        except FileNotFoundError:
            return False
        self.flush()
        return True

    def flush(self) -> None:
        """Have the disk hold its names."""
        os.fsync(self._handle)


def _open(path: Path, opened: list[int], span: tuple[int, int], most: int) -> bytes:
    """Open a file and return its first bytes that are wanted. span: all of them."""
    start, end = span
    try:
        opened.append(os.open(path, os.O_RDONLY))
        if os.fstat(opened[0]).st_size < end:  # before any of it is served
            raise StorageError(f"the object ends before byte {end}")
        return os.pread(opened[0], min(most, end - start), start)
    except FileNotFoundError:
        raise StorageError("the object is not there") from None


def _read_size(path: Path) -> int | None:
    """Return the size of a file or folder; None where there is none."""
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return None


def _unlink(path: Path) -> None:
    path.unlink(missing_ok=True)
    if path.parent.name == PARTS:  # by which the folder is known; see `Folder.get_size`
        return
    with contextlib.suppress(OSError):  # not empty, or gone meanwhile
        path.parent.rmdir()


def _walk(root: Path) -> Iterator[StoredObject]:
    for folder, _, names in os.walk(root):
        for name in names:
            path = Path(folder, name)
            with contextlib.suppress(FileNotFoundError):
                found = path.stat()
                changed = datetime.fromtimestamp(found.st_mtime, UTC)
                yield StoredObject(path.relative_to(root).as_posix(), found.st_size, changed)


def _take_some(walk: Iterator[StoredObject]) -> list[StoredObject]:
    return [one for _, one in zip(range(_LISTED_AT_ONCE), walk, strict=False)]


def _free(root: Path) -> int:
    there = root
    while not there.exists():
        there = there.parent
    return shutil.disk_usage(there).free
