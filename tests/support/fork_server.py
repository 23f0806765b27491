"""Processes that start fast: forked from one that has imported everything and opened nothing.

They are killed, frozen and restarted like any other; only the seconds that Python needs to import
are saved. The one that forks them ends with us, and ends what is left of them. Where the tests run
in several processes, it imports once for all of them (`Shared`).
"""

import atexit
import gc
import json
import os
import runpy
import select
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from functools import cache, partial
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from pkgutil import walk_packages
from typing import IO, Any

import tracker
from tests.support import forked_command
from tests.support.forked_command import SHARED
from tracker.providers.registry import PROVIDERS

ROOT = Path(__file__).resolve().parents[2]
LATE = (
    *("alembic.command", "anyio._backends._asyncio", "encodings.idna", "httptools"),
    *("uvicorn.protocols.http.auto", "uvloop"),
)
"""Imported only when a service or a migration has begun; not all are there everywhere."""


class Shared:
    """A fork server that all processes of a test run share, until the last of them has ended."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="tracker-fork-server-")
        address = f"{self._folder.name}/socket"
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(address)
            listener.listen(64)
            self._helper = subprocess.Popen(
                [sys.executable, "-m", "tests.support.fork_server", str(listener.fileno())],
                stdin=subprocess.PIPE,
                pass_fds=[listener.fileno()],
                cwd=ROOT,
            )
        os.environ[SHARED] = address

    def close(self) -> None:
        """End it. Its parts end with the processes that use them."""
        del os.environ[SHARED]
        assert self._helper.stdin is not None
        self._helper.stdin.close()
        self._helper.wait(60)
        self._folder.cleanup()


class ForkServer:
    """Talks to the process that forks, a line of JSON each way."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._asks: IO[bytes]
        self._answers: IO[bytes]
        self._end: Callable[[], object]
        if address := os.environ.get(SHARED):
            listener = socket.socket(socket.AF_UNIX)
            listener.connect(address)
            self._asks, self._answers = listener.makefile("wb"), listener.makefile("rb")
            self._end = listener.close
            return
        helper = subprocess.Popen(
            [sys.executable, "-m", "tests.support.fork_server"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=ROOT,
        )
        assert helper.stdin is not None
        assert helper.stdout is not None
        self._asks, self._answers = helper.stdin, helper.stdout
        self._end = partial(helper.wait, 60)

    def fork(
        self,
        module: str,
        arguments: Sequence[str],
        env: Mapping[str, str],
        *,
        log: Path,
        out: Path | None = None,
    ) -> int:
        """Run a module; returns the process's number.

        out: where its stdout goes; None for where its stderr goes.
        """
        asked = {"module": module, "arguments": list(arguments), "env": dict(env)}
        return int(self._ask(asked | {"log": str(log), "out": str(out or log)}))

    def read_status(self, pid: int) -> int | None:
        """Its exit status, negative for the signal that ended it; None while it runs."""
        found = self._ask({"status": pid})
        return None if found is None else int(found)

    def close(self) -> None:
        """End it, and whatever it forked."""
        self._asks.close()
        self._end()

    def _ask(self, what: dict[str, Any]) -> Any:
        with self._lock:
            self._asks.write(json.dumps(what).encode() + b"\n")
            self._asks.flush()
            return json.loads(self._answers.readline())


_MAKING = threading.Lock()


def get_fork_server() -> ForkServer:
    """The one of this test process, also for threads that ask at once: another knows no child."""
    with _MAKING:
        return _make_fork_server()


@cache
def _make_fork_server() -> ForkServer:
    made = ForkServer()
    atexit.register(made.close)
    return made


@contextmanager
def put_tracker_on_path(folder: Path) -> Iterator[str]:
    """Yield a PATH on which `tracker` is forked, and Python is that of the tests.

    folder: where the program goes; nothing else called tracker may be there.
    """
    program = folder / "tracker"
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -IS {forked_command.__file__} "$@"\n')
    program.chmod(0o700)
    with ExitStack() as stack:
        if SHARED not in os.environ:
            stack.callback(Shared().close)
        yield f"{folder}:{Path(sys.executable).parent}:{os.environ['PATH']}"


def main(listener: int | None = None) -> None:
    """Fork when told to, until nobody can tell us any more.

    listener: a listening socket, whose connections each get a process like this one.
    """
    if listener is None:
        _import_all()
        with os.fdopen(os.dup(1), "w") as answers:
            _serve(sys.stdin, answers)
        return
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody asks how one of them ended
    _import_all()  # while the tests are collected, which keeps one core busy
    with socket.socket(fileno=listener) as listening:
        while True:
            ready, _, _ = select.select([listening, sys.stdin], [], [])
            if sys.stdin in ready:
                return
            connection, _ = listening.accept()
            with connection:
                if os.fork() == 0:
                    listening.close()
                    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                    _serve(connection.makefile("r"), connection.makefile("w"))
                    os._exit(0)


def _import_all() -> None:
    gc.disable()  # what is imported stays
    import tests.support.crashing  # noqa: F401, PLC0415 - here, or whoever asks would import it too

    for found in walk_packages(tracker.__path__, f"{tracker.__name__}."):
        if not found.name.endswith(".__main__"):
            import_module(found.name)
    for name in LATE:
        if find_spec(name) is not None:
            import_module(name)
    import_module("tracker.egress.authorities").load_system_tls()  # kept, as most children need it
    host = import_module("tracker.web.fronts.host")
    hosts = host.ServedFronts(PROVIDERS).list_hosts()
    host.build_front_routes(hosts)  # `re` keeps what they are compiled to
    gc.collect()
    gc.enable()
    gc.freeze()  # or a child's first collection would copy all that it shares with us


def _serve(asks: IO[str], answers: IO[str]) -> None:
    running: set[int] = set()
    ended: dict[int, int] = {}
    for line in asks:
        asked = json.loads(line)
        if pid := asked.get("wait"):
            if not _wait_for_process(pid, asks):
                break
            asked = {"status": pid}
        if "status" in asked:
            _reap(running, ended)
            said: int | None = ended.get(asked["status"])
        else:
            said = os.fork()
            if said == 0:
                _become_module(asked)
            running.add(said)
        answers.write(json.dumps(said) + "\n")
        answers.flush()
    _reap(running, ended)
    for pid in running:
        os.kill(pid, signal.SIGKILL)


def _wait_for_process(pid: int, asks: IO[str]) -> bool:
    """Wait for the end of a process; return False where nobody can ask any more before that."""
    ending = os.pidfd_open(pid)
    try:
        ready, _, _ = select.select([ending, asks.fileno()], [], [])
    finally:
        os.close(ending)
    return ending in ready


def _reap(running: set[int], ended: dict[int, int]) -> None:
    for pid in list(running):
        found, status = os.waitpid(pid, os.WNOHANG)
        if found:
            running.discard(pid)
            ended[pid] = os.waitstatus_to_exitcode(status)


def _become_module(asked: Mapping[str, Any]) -> None:
    """Become the module, in the child; never returns."""
    status = 1
    try:
        out, log = (
            os.open(asked[name], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
            for name in ("out", "log")
        )
        quiet = os.open(os.devnull, os.O_RDONLY)
        for source, target in ((quiet, 0), (out, 1), (log, 2)):
            os.dup2(source, target)
        os.closerange(3, 64)
        os.chdir(asked.get("folder", "."))
        os.environ.clear()
        os.environ.update(asked["env"])
        sys.argv = [asked["module"], *asked["arguments"]]
        runpy.run_module(asked["module"], run_name="__main__", alter_sys=True)
        status = 0
    except SystemExit as ended:
        status = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    except BaseException:  # noqa: BLE001 - whatever it is, the child must not go on as the parent
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
