"""Servers as processes of their own, on a core of their own."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.load import request

ROOT = Path(__file__).resolve().parents[1]
CORES = sorted(os.sched_getaffinity(0))
SERVER_CORE, CLIENT_CORE = {CORES[0]}, {CORES[-1]}


@dataclass(frozen=True)
class Server:
    """One that answers. started_s: from its start to its first answer."""

    port: int
    pid: int
    started_s: float

    @property
    def rss_mb(self) -> float:
        """Resident memory, its child processes not counted."""
        return rss_mb(self.pid)

    def settle(self) -> None:
        """Wait until it has done what a load leaves to be done, such as counting what came.

        It would be at it while the next one is measured. At most three seconds, child processes
        not looked at.
        """
        for _ in range(12):
            before = cpu_s(self.pid)
            time.sleep(0.25)
            if cpu_s(self.pid) - before < 0.02:
                return


@contextmanager
def server(
    arguments: list[str],
    folder: Path,
    *,
    env: Mapping[str, str],
    ready: str,
    cores: set[int] = SERVER_CORE,
) -> Iterator[Server]:
    """Run `python -m ARGUMENTS` with PORT in its environment until the block ends.

    ready: the path that answers 200 once it serves.
    """
    port = _free_port()
    inherited = {k: v for k, v in os.environ.items() if not k.startswith("TRACKER_")}
    began = time.perf_counter()
    with (folder / f"{arguments[0].replace('.', '-')}-{port}.log").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", *(word.format(port=port) for word in arguments)],
            env=inherited | dict(env) | {"PORT": str(port)},
            cwd=ROOT,
            stdout=log,
            stderr=log,
        )
    os.sched_setaffinity(process.pid, cores)
    try:
        _wait(port, ready, process, Path(log.name))
        yield Server(port, process.pid, time.perf_counter() - began)
    finally:
        process.terminate()
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def rss_mb(pid: int) -> float:
    """Resident memory of a process in megabytes (10^6 bytes)."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1]) * 1024 / 1e6
    raise ProcessLookupError(pid)


def cpu_s(pid: int) -> float:
    """Processor time of a process so far."""
    words = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")


def _wait(port: int, path: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        assert process.poll() is None, f"it ended:\n{log.read_text()[-2000:]}"
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=5) as line:
                line.sendall(request("GET", path, connection="close"))
                if line.recv(64)[9:12] == b"200":
                    return
        except OSError:
            pass
        time.sleep(0.005)
    raise TimeoutError(f"no answer at {path}:\n{log.read_text()[-2000:]}")


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])
