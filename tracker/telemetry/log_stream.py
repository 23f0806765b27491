"""Write to a log whose reader or disk may stand still, without ever waiting for it.

A pipe, a socket or a terminal that is full makes a write wait for as long as its reader hangs, and
a file for as long as its disk does. Here it waits for nothing: what does not go out at once is
kept, up to a bound, and a thread writes it when that goes again. To a file all goes through the
thread, as nothing tells beforehand whether a write would wait. What is beyond the bound is lost,
and counted.
"""

import atexit
import io
import os
import select
import socket
import stat
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tracker.telemetry.metrics import LOG_LINES_LOST

KEPT_BYTES = 256 * 1024
"""Of lines that wait for the reader, besides what the pipe itself holds (64 KiB on Linux)."""
FILE_KEPT_BYTES = 4 * 1024 * 1024
"""Of lines on their way into a file: no burst of a healthy service makes as many at once."""
LAST_S = 1.0
"""How long the end of the process waits for lines that are kept."""
_PIECE = 64 * 1024


def guard_stderr() -> None:
    """Have the process's own stderr wait a moment at most for its reader or its disk.

    A stderr that somebody put in place of the process's own stays as it is.
    """
    stream = sys.__stderr__
    if stream is None or stream is not sys.stderr:
        return
    try:
        stream.flush()
        raw = LogStream(stream.fileno())
    except (OSError, ValueError):
        return
    sys.stderr = io.TextIOWrapper(
        raw,
        encoding=stream.encoding,
        errors=stream.errors,
        write_through=True,
    )
    atexit.register(raw.wait)
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=raw.begin_anew)


@contextmanager
def stop_waiting_for_stderr() -> Iterator[None]:
    """Have no line wait within the block, where stderr is guarded: an event loop would with it.

    Behind it each waits a moment again: a server ends by a signal, when nothing of ours runs.
    """
    raw = _find_guarded()
    if raw is None:
        yield
        return
    raw.stop_waiting()
    try:
        yield
    finally:
        raw.wait()


def _find_guarded() -> "LogStream | None":
    raw = getattr(sys.stderr, "buffer", None)
    return raw if isinstance(raw, LogStream) else None


class LogStream(io.RawIOBase):
    """Bytes on their way to a file descriptor, which stays open and keeps its flags.

    Threads may share it. Until it is told otherwise, and until one takes too long, a line waits
    until it is out.
    """

    def __init__(self, number: int, *, anew: str = "/proc/self/fd/{}") -> None:
        """number: the file descriptor. anew: by which name what stands behind it is opened."""
        self._number = number
        is_file = stat.S_ISREG(os.fstat(number).st_mode)
        self._most = FILE_KEPT_BYTES if is_file else KEPT_BYTES
        self._send, self._close = _make_sender(number, anew)
        self.begin_anew()

    def begin_anew(self) -> None:
        """Keep nothing: in the child of a fork, whose parent writes what was kept."""
        # Reentrant: a warning that Python writes while a line is kept comes through here too.
        self._lock = threading.RLock()
        self._changed = threading.Condition(self._lock)
        self._kept = bytearray()
        self._thread: threading.Thread | None = None
        self._is_patient = True

    def write(self, data: object) -> int:
        """Write, keep or lose all of it; returns its size.

        Raises OSError where the log cannot be written for another reason than its reader.
        """
        whole = bytes(data)  # type: ignore[call-overload] # the buffer that `io` hands over
        with self._lock:
            sent = 0 if self._kept else self._write_now(whole)
            if sent < len(whole):
                self._keep(whole[sent:], is_torn=sent > 0)
                if self._is_patient:
                    self.wait()
        return len(whole)

    def wait(self) -> None:
        """Wait a moment for what is kept; where it goes out, each line does so from now on."""
        with self._lock:
            self._is_patient = self._changed.wait_for(lambda: self.is_idle, LAST_S)

    def stop_waiting(self) -> None:
        """Have no line wait from now on."""
        self._is_patient = False

    def close(self) -> None:
        """Close what was opened here; the descriptor itself stays open."""
        if not self.closed:
            super().close()
            self._close()

    @property
    def is_idle(self) -> bool:
        """Return true when nothing is kept."""
        return not self._kept

    def fileno(self) -> int:
        """Return the file descriptor."""
        return self._number

    def isatty(self) -> bool:
        """Return whether it is a terminal."""
        return os.isatty(self._number)

    def writable(self) -> bool:
        """Return true."""
        return True

    def _write_now(self, data: bytes) -> int:
        """Write what goes out at once; return how much that is."""
        sent = 0
        try:
            while sent < len(data):
                sent += self._send(data[sent:] if sent else data)
        except BlockingIOError:
            pass
        return sent

    def _keep(self, data: bytes, *, is_torn: bool) -> None:
        """Keep whole lines, as many as there is room for.

        is_torn: the beginning of the first line went out. Its rest is kept however long it is, so
            that no other line is glued to it.
        """
        first = data.find(b"\n") + 1 if is_torn else 0
        end = len(data)
        if end > (room := self._most - len(self._kept)):
            end = max(first, data.rfind(b"\n", 0, max(room, 0)) + 1)
            LOG_LINES_LOST.add(by=data.count(b"\n", end) or 1)
        self._kept += data[:end]
        if self._thread is None:
            # A daemon: a reader that hangs does not keep the process from its end.
            self._thread = threading.Thread(target=self._write_kept, name="log", daemon=True)
            self._thread.start()
        self._changed.notify_all()

    def _write_kept(self) -> None:
        """Write what is kept, waiting for the reader."""
        poll = select.poll()
        poll.register(self._number, select.POLLOUT)
        while True:
            with self._lock:
                if not self._kept:
                    self._changed.notify_all()
                    self._changed.wait_for(lambda: self._kept)
                piece = bytes(self._kept[:_PIECE])
            try:
                poll.poll()  # whoever shares the descriptor may have it refuse to wait
                sent = os.write(self._number, piece)
            except BlockingIOError:
                continue
            except OSError:
                with self._lock:
                    LOG_LINES_LOST.add(by=self._kept.count(b"\n") or 1)
                    self._kept.clear()
                continue
            with self._lock:
                del self._kept[:sent]


def _make_sender(number: int, anew: str) -> tuple[Callable[[bytes], int], Callable[[], None]]:
    """Return what writes to a descriptor without waiting, and what ends that.

    Where it would have to wait it raises BlockingIOError. To a file it always does.

    O_NONBLOCK on the descriptor itself would hold for every process that shares it, a shell among
    them. Linux opens what stands behind it anew, with flags of its own
    (https://man7.org/linux/man-pages/man5/proc_pid_fd.5.html, read 2026-11-30), but for sockets.
    """
    mode = os.fstat(number).st_mode
    if stat.S_ISREG(mode):
        return _send_nothing, lambda: None
    if stat.S_ISSOCK(mode):
        own = socket.socket(fileno=os.dup(number))
        return lambda data: own.send(data, socket.MSG_DONTWAIT), own.close
    try:
        flags = os.O_WRONLY | os.O_APPEND | os.O_NONBLOCK | os.O_NOCTTY
        other = os.open(anew.format(number), flags)
    except OSError:  # another system, or another user's pipe: the thread writes
        return _send_nothing, lambda: None
    return lambda data: os.write(other, data), lambda: os.close(other)


def _send_nothing(_data: bytes) -> int:
    raise BlockingIOError
