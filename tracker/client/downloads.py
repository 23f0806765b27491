"""Put a kept file on the disk: resumed where it was cut, checked, and never half under its name.

What is here already stands in a file beside it that ends in `.part`; a later call goes on with it.
It is locked meanwhile, where the system has locks: two downloads would mix their bytes in it.
"""

import errno
import hashlib
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import BinaryIO

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]  # there is nothing in its place

from tracker.client.calls import Call, Lost
from tracker.client.errors import NotKept, Unreachable
from tracker.client.models import Asset

Progress = Callable[[int, int], None]
"""Called with the bytes that are here and all there are, at the beginning and as they come."""
BLOCK_BYTES = 256 * 1024
CUT = Lost("the answer ended before its end", was_sent=True)


class Download:
    """One file on its way. `close` it; nothing here talks to the network."""

    def __init__(self, asset: Asset, path: Path, progress: Progress | None = None) -> None:
        """path: where the file is to stand.

        Raises NotKept for an asset that is not kept, BlockingIOError where another download of the
        same path is under way, OSError where what has the name is no file: it would be replaced.
        """
        if asset.state != "kept" or asset.bytes is None or asset.sha256 is None:
            raise NotKept(asset)
        path = path.resolve() if path.is_symlink() else path
        if path.exists() and not path.is_file():
            raise OSError(errno.EINVAL, "there is something that is no file", str(path))
        self.asset, self.total = asset, asset.bytes
        self._path, self._part = path, path.with_name(f"{path.name}.part")
        self._tell = progress or (lambda _done, _total: None)
        self._hash = hashlib.sha256()
        self._is_resumed = False
        self._file = _open_alone(self._part)
        self.done = self._file.seek(0, os.SEEK_END)
        if self.done > self.total:
            self._restart()
        self._file.seek(0)
        while block := self._file.read(BLOCK_BYTES):
            self._hash.update(block)
        self._is_resumed = self.done > 0
        self._tell(self.done, self.total)

    @property
    def call(self) -> Call:
        """The request for all of it."""
        return Call("GET", f"/v1/assets/{self.asset.id}/content")

    @property
    def is_whole(self) -> bool:
        """Return true if nothing is missing.

        What stood here at the beginning may be of another file, such as one that a newer result
        has replaced: then all of it is asked for.
        """
        if self._is_resumed and self.done == self.total and not self._is_right():
            self._restart()
        return self.done == self.total

    def build_headers(self) -> Mapping[str, str]:
        """Return the headers that ask for what is missing."""
        if not self.done:
            return {}
        return {"range": f"bytes={self.done}-", "if-range": f'"{self.asset.sha256}"'}

    def begin(self, status: int) -> None:
        """Prepare for the body of an answer: one that is no part of the file is all of it."""
        if status != 206:
            self._restart()

    def write(self, data: bytes) -> None:
        """Take what came."""
        self._file.write(data)
        self._hash.update(data)
        self.done += len(data)
        self._tell(self.done, self.total)

    def finish(self) -> Path:
        """Give the file its name. Raises Unreachable where its bytes are not those of the asset."""
        if not self._is_right():
            self._restart()
            raise Unreachable("the bytes that came have another digest", was_sent=True)
        self._file.flush()
        os.fsync(self._file.fileno())
        if fcntl is None:
            self._file.close()
        self._part.replace(self._path)
        self._file.close()
        return self._path

    def close(self) -> None:
        """Let go of the file; what is there stays for the next call."""
        self._file.close()

    def _is_right(self) -> bool:
        return self._hash.hexdigest() == self.asset.sha256

    def _restart(self) -> None:
        self._is_resumed = False
        self._file.truncate(0)
        self._file.seek(0)
        self._hash, self.done = hashlib.sha256(), 0


def _open_alone(part: Path) -> BinaryIO:
    """Open a part that no other download writes to. Raises BlockingIOError where one does."""
    while True:
        file = part.open("a+b")
        if fcntl is None:
            return file
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if os.path.samestat(os.fstat(file.fileno()), part.stat()):
                return file
        except FileNotFoundError:  # another download has just given it its name
            pass
        except BlockingIOError:
            file.close()
            said = "another download writes to it"
            raise BlockingIOError(errno.EAGAIN, said, str(part)) from None
        except OSError as error:
            if error.errno in _NO_LOCKS:
                return file
            file.close()
            raise
        file.close()


_NO_LOCKS = frozenset({errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP})
"""Errors of file systems without locks."""
