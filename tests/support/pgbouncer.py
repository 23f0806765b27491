"""A real PgBouncer before a test's PostgreSQL, on loopback; `make pgbouncer` unpacks it."""

import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import psycopg
import pytest

from tests.support.postgres import NOBODY, link_or_copy
from tests.support.service import ROOT, free_port
from tests.support.waiting import PATIENCE_S, wait_until

_UNPACKED = ROOT / ".pgbouncer"


@contextmanager
def run_pgbouncer(
    server_url: str,
    *,
    mode: str,
    prepared: int = 200,
    size: int = 3,
    reset: str = "DISCARD ALL",
) -> Iterator[str]:
    """Run one; yields the database's address through it.

    mode:     of the pool.
    prepared: `max_prepared_statements`.
    size:     connections to the server.
    reset:    what it does with a session that a client leaves in session mode.

    Skips the test where there is no PgBouncer.
    """
    if not _UNPACKED.exists():
        pytest.skip("PgBouncer is not here: run `make pgbouncer`")
    parts = urlsplit(server_url)
    host, port = parse_qs(parts.query)["host"][0], free_port()
    # Under a name that whoever it runs as may read: it will not run as root.
    folder = Path(tempfile.mkdtemp(prefix="tracker-pgbouncer-"))
    owner = NOBODY if os.getuid() == 0 else None
    try:
        shutil.copytree(_UNPACKED, folder / "program", copy_function=link_or_copy)
        (folder / "users").write_text('"postgres" ""\n')
        (folder / "ini").write_text(
            f"[databases]\n* = host={host}\n[pgbouncer]\nlisten_addr = 127.0.0.1\n"
            f"listen_port = {port}\nunix_socket_dir =\nauth_type = trust\n"
            f"auth_file = {folder}/users\nadmin_users = postgres\npool_mode = {mode}\n"
            f"default_pool_size = {size}\nmax_prepared_statements = {prepared}\n"
            f"max_client_conn = 200\nserver_login_retry = 0.2\nserver_reset_query = {reset}\n"
        )
        folder.chmod(0o755)
        with (folder / "log").open("ab") as log:
            program = subprocess.Popen(
                [folder / "program" / "pgbouncer", folder / "ini"],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                user=owner,
                group=owner,
            )
        url = f"postgresql://postgres@127.0.0.1:{port}{parts.path}"
        try:
            wait_until(lambda: _answers(url, program, folder / "log"))
            yield url
        finally:
            program.send_signal(signal.SIGQUIT)
            program.wait(PATIENCE_S)
    finally:
        shutil.rmtree(folder)


def _answers(url: str, program: subprocess.Popen[bytes], log: Path) -> bool:
    assert program.poll() is None, log.read_text()
    try:
        psycopg.connect(url, connect_timeout=20).close()
    except psycopg.OperationalError:
        return False
    return True
