"""Lines on their way to a reader that hangs: kept, then lost and counted, never waited for."""

import os
import pty
import socket
import tty
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.frozen_disk import freeze_disk, mount_disk
from tests.support.waiting import wait_until
from tracker.telemetry.log_stream import FILE_KEPT_BYTES, KEPT_BYTES, LogStream
from tracker.telemetry.metrics import LOG_LINES_LOST

LINE = b"x" * 1000 + b"\n"


def _pipe() -> tuple[int, int]:
    return os.pipe()


def _socket() -> tuple[int, int]:
    one, other = socket.socketpair()
    return one.detach(), other.detach()


def _terminal() -> tuple[int, int]:
    one, other = pty.openpty()
    tty.setraw(other)
    return one, other


Ends = tuple[int, int]


@contextmanager
def _opened(ends: Ends, **options: str) -> Iterator[tuple[int, LogStream]]:
    reader, writer = ends
    stream = LogStream(writer, **options)
    stream.stop_waiting()
    yield reader, stream
    os.close(reader)
    wait_until(lambda: stream.is_idle)  # what is kept cannot be written any more
    stream.close()
    os.close(writer)


@pytest.fixture(params=[_pipe, _socket, _terminal])
def opened(request: pytest.FixtureRequest) -> Iterator[tuple[int, LogStream]]:
    """Give the reader's end of what a log may lead to, and the stream that writes to it."""
    make: Callable[[], Ends] = request.param
    with _opened(make()) as opened:
        yield opened


def _lost() -> float:
    return sum(LOG_LINES_LOST.values.values())


def _fill(stream: LogStream) -> tuple[int, float]:
    """Write until lines are lost; return how many were written and how many of them are lost."""
    before, count = _lost(), 0
    while _lost() == before:
        stream.write(LINE)
        count += 1
        assert count < 10_000, "nothing is ever lost"
    return count, _lost() - before


def test_lines_beyond_the_bound_are_lost_and_the_others_come_whole(
    opened: tuple[int, LogStream],
) -> None:
    reader, stream = opened
    count, lost = _fill(stream)
    assert lost == 1
    assert count > KEPT_BYTES // len(LINE)
    came = bytearray()
    while len(came) < (count - 1) * len(LINE):
        came += os.read(reader, 65536)
    assert came == LINE * (count - 1)
    wait_until(lambda: stream.is_idle)
    stream.write(b"last\n")
    assert os.read(reader, 65536) == b"last\n"


def test_a_line_of_which_some_went_out_is_ended_however_long_it_is(
    opened: tuple[int, LogStream],
) -> None:
    reader, stream = opened
    long = b"y" * (KEPT_BYTES * 3) + b"\n"
    before = _lost()
    stream.write(long + LINE)
    stream.write(LINE)
    assert _lost() - before == 2
    came = bytearray()
    while len(came) < len(long):
        came += os.read(reader, 65536)
    assert came == long
    wait_until(lambda: stream.is_idle)


def test_a_reader_that_ended_loses_what_was_kept() -> None:
    with _opened(_socket()) as (reader, stream):
        count, _ = _fill(stream)
        before = _lost()
        nothing = os.open(os.devnull, os.O_RDWR)
        os.dup2(nothing, reader)
        os.close(nothing)
        wait_until(lambda: stream.is_idle)
        assert 0 < _lost() - before < count
        with pytest.raises(BrokenPipeError):
            stream.write(LINE)


def test_what_is_shared_keeps_its_flags(opened: tuple[int, LogStream]) -> None:
    _, stream = opened
    _fill(stream)
    assert os.get_blocking(stream.fileno())


def test_what_cannot_be_opened_anew_is_written_all_the_same() -> None:
    with _opened(_pipe(), anew="/nowhere/{}") as (reader, stream):
        count, _ = _fill(stream)
        came = bytearray()
        while len(came) < (count - 1) * len(LINE):
            came += os.read(reader, 65536)
        assert came == LINE * (count - 1)


def test_a_disk_that_stands_still_holds_nobody_up(tmp_path: Path) -> None:
    line = LINE * 100
    with mount_disk(tmp_path / "disk") as mounted:
        place = mounted / "log"
        number = os.open(place, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        stream = LogStream(number)
        stream.stop_waiting()
        with freeze_disk(mounted):
            before, count = _lost(), 0
            while _lost() == before:
                stream.write(line)
                count += 1
            assert not stream.is_idle
        assert count > FILE_KEPT_BYTES // len(line)
        stream.wait()
        assert place.read_bytes() == line * (count - 1) + LINE * (100 - int(_lost() - before))
        os.close(number)
