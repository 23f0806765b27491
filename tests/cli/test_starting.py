"""Modules that a command loads at its start, which decide how fast it starts."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

SERVER_LIBRARIES = {
    *("alembic", "httptools", "psycopg", "pydantic", "rich", "sqlalchemy", "sqlite3"),
    *("ssrfguard", "starlette", "structlog", "uvicorn", "uvloop", "asyncio", "jwt"),
}
PARTS = {
    "app",
    "settings",
    "web",
    "services",
    "store",
    "workers",
    "egress",
    "providers",
    "emulator",
}
"""Packages of ours that only the service needs."""
SCRIPT = """
import sys
from click.testing import CliRunner
from tracker.cli.main import main
done = CliRunner().invoke(main, sys.argv[1:], prog_name="tracker")
print(done.exit_code, len(sys.modules), *sorted(sys.modules))
sys.stderr.write(done.output)
"""
EMPTY: dict[str, Any] = {
    "tasks": [],
    "deliveries": [],
    "endpoints": [],
    "accounts": [],
    "conditions": [],
    "next_cursor": None,
}


class _Answers(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        body = json.dumps(EMPTY).encode()
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """A service that has nothing."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Answers) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def loaded(folder: Path, *arguments: str, **env: str) -> tuple[int, set[str]]:
    """The exit code of a command and the modules it loaded."""
    inherited = {k: v for k, v in os.environ.items() if not k.startswith("TRACKER_")}
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, *arguments],
        env=inherited | env,
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=300,
        check=True,
    )
    code, _, *modules = done.stdout.split()
    return int(code), set(modules)


def server_parts(modules: set[str]) -> set[str]:
    """Those of them that only the service needs."""
    ours = {f"tracker.{part}" for part in PARTS}
    return {
        name
        for name in modules
        if name.partition(".")[0] in SERVER_LIBRARIES or ".".join(name.split(".")[:2]) in ours
    }


@pytest.mark.parametrize(
    "arguments",
    [
        *(("--version",), ("--help",), ("serve", "--help"), ("demo", "--help")),
        *(("migrate", "--help"), ("worker", "--help"), ("emulate", "--help")),
        *(("keys", "--help"), ("keys", "create", "--help"), ("tasks", "--help")),
        *(("submit", "--help"), ("listen", "--help"), ("tail", "--help")),
    ],
    ids=" ".join,
)
def test_help_loads_neither_a_server_nor_http(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    code, modules = loaded(tmp_path, *arguments)
    assert code == 0
    assert server_parts(modules) == set()
    assert "httpx" not in modules
    assert len(modules) < 400


@pytest.mark.parametrize(
    "arguments",
    [
        *(("tasks", "list"), ("deliveries", "list"), ("endpoints", "list")),
        *(("attention",), ("accounts",), ("version",)),
    ],
    ids=" ".join,
)
def test_a_command_that_asks_a_service_loads_no_server_library(
    tmp_path: Path, url: str, arguments: tuple[str, ...]
) -> None:
    code, modules = loaded(tmp_path, *arguments, TRACKER_URL=url, COLUMNS="80")
    assert code == 0
    assert server_parts(modules) == set()
    assert len(modules) < 600


@pytest.mark.parametrize("words", ["tracker ta", "tracker tasks l", "tracker listen --event task."])
def test_completion_loads_neither_a_server_nor_http(tmp_path: Path, words: str) -> None:
    env = {
        "_TRACKER_COMPLETE": "bash_complete",
        "COMP_WORDS": words,
        "COMP_CWORD": str(len(words.split()) - 1),
    }
    code, modules = loaded(tmp_path, **env)
    assert code == 0
    assert server_parts(modules) | ({"httpx"} & modules) == set()


def test_the_python_client_loads_no_server_library(tmp_path: Path) -> None:
    script = "import sys, tracker.client; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    # httpx brings asyncio and, where it is installed, rich: for its own command.
    allowed = {"asyncio", "rich"}
    found = server_parts(set(done.stdout.split()))
    assert {name for name in found if name.partition(".")[0] not in allowed} == set()
