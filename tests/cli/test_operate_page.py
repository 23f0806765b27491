"""The page on operation, run as printed on other ports; and it knows every condition."""

import os
import re
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from click.testing import CliRunner

from tests.support.postgres import PROGRAMS, PostgresServer
from tests.support.service import ROOT, free_port
from tracker.cli.main import main

PAGE = (ROOT / "docs" / "howto" / "operate.md").read_text()
UNREACHABLE = "http://127.0.0.1:9"
"""In place of the provider: no test asks it anything."""


@pytest.fixture
def own_server() -> Iterator[PostgresServer]:
    """A server with an empty database called `tracker`."""
    server = PostgresServer(durable=True)  # `doctor` refuses one that a power cut damages
    try:
        with psycopg.connect(server.start().build_url(), autocommit=True) as db:
            db.execute("CREATE DATABASE tracker")
        yield server
    finally:
        server.close()


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_each_command_works_in_the_pages_order(
    tmp_path: Path, path: str, kind: str, request: pytest.FixtureRequest
) -> None:
    blocks = re.findall(rf"```sh(?: {kind})?\n(.*?)```", PAGE, re.DOTALL)
    script = "\n".join(["set -em", *blocks])
    if kind == "postgres":
        server: PostgresServer = request.getfixturevalue("own_server")
        script = re.sub(
            r"postgresql://tracker:PASSWORD@db\.example/(\w+)",
            lambda found: server.build_url(found[1]),
            script,
        )
        path = f"{PROGRAMS}:{path}"
    ports = {port: str(free_port()) for port in ("8000", "9464")}
    script = re.sub(r"\b(8000|9464)\b", lambda found: ports[found[1]], script)
    ours = ("TRACKER_", "DATABASE_")
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    env = inherited | {
        "PATH": path,
        "PORT": ports["8000"],
        "TRACKER_URL": f"http://127.0.0.1:{ports['8000']}",
        "TRACKER_METRICS_ADDR": f"127.0.0.1:{ports['9464']}",
        "TRACKER_KLING_BASE_URL": UNREACHABLE,
    }
    out = tmp_path / "out"
    with out.open("a") as sink:
        shell = subprocess.Popen(
            ["bash", "-c", f"trap 'kill $(jobs -p) 2> /dev/null || true' EXIT\n{script}"],
            cwd=tmp_path,
            env=env,
            stdout=sink,
            stderr=sink,
            start_new_session=True,
        )
        try:
            status = shell.wait(600)
        finally:
            if shell.poll() is None:
                os.killpg(shell.pid, signal.SIGKILL)
    assert status == 0, out.read_text()
    printed = out.read_text()
    assert "tracker_build_info{" in printed
    assert "the recovery is over" in printed
    assert "holds no data" not in printed


def test_a_backup_of_a_server_without_its_dump_says_that_it_holds_no_data(
    postgres_url: str, tmp_path: Path
) -> None:
    done = CliRunner().invoke(
        main,
        ["backup", str(tmp_path / "backup")],
        env={"DATABASE_URL": postgres_url, "TRACKER_CALLBACK_SECRETS": "s" * 32},
    )
    assert (done.exit_code, "holds no data" in done.stderr) == (0, True), done.stderr


def test_every_condition_has_its_line() -> None:
    reference = (ROOT / "docs" / "reference" / "http.md").read_text()
    table = reference.partition("## Standing conditions")[2].partition("\n## ")[0]
    known = set(re.findall(r"^\| `([a-z_]+)` \|", table, re.MULTILINE))
    told = set(re.findall(r"^\| `([a-z_]+)` \|", PAGE.partition("## 9.")[2], re.MULTILINE))
    assert known
    assert known <= told
