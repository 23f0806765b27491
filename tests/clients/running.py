"""Run a program of `tests/clients/programs` in a process of its own, with a published client."""

import json
import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from tests.clients.forking import ForkingProgram
from tests.support.service import ROOT
from tests.support.tls import Certificates

CLIENTS = ROOT / ".clients"
LONGEST_S = 300
_PROGRAMS = Path(__file__).parent / "programs"
_NODE_MODULES = CLIENTS / "node_modules"


NOWHERE = "http://127.0.0.1:9"
"""A closed port: as the proxy of everything it lets nothing but this machine be reached."""


def run_program(
    name: str,
    *arguments: str,
    proxy: str = NOWHERE,
    packages: Path | None = None,
    certificates: Certificates | None = None,
    longest_s: float = LONGEST_S,
) -> Any:
    """Return the JSON that a program printed. Its name ends in `.py` or `.cjs`.

    proxy:        of every address but 127.0.0.1.
    packages:     a folder of Python's that goes before all.
    certificates: whose authority Node.js believes.
    Skips the test, with the reason, where a JavaScript client cannot be installed.
    """
    env = {
        "PATH": os.environ["PATH"],
        "NODE_PATH": str(_NODE_MODULES),
        "NO_PROXY": "127.0.0.1",
        "HTTP_PROXY": proxy,
        "HTTPS_PROXY": proxy,
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONPATH": "" if packages is None else str(packages),
        "NODE_EXTRA_CA_CERTS": "" if certificates is None else str(certificates.authority),
    }
    if name.endswith(".py"):
        return _run_forked(name, arguments, env, longest_s)
    done = subprocess.run(
        [_find_node(), str(_PROGRAMS / name), *arguments],
        env=env,
        capture_output=True,
        text=True,
        timeout=longest_s,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout)


def _run_forked(
    name: str, arguments: Sequence[str], env: Mapping[str, str], longest_s: float
) -> Any:
    program = _forking(name, tuple(env.items()))
    with TemporaryDirectory() as folder:
        out, err = Path(folder, "out"), Path(folder, "err")
        status = program.run(arguments, out, err, longest_s=longest_s)
        assert status == 0, out.read_text() + err.read_text()
        return json.loads(out.read_text())


@cache
def _forking(name: str, env: tuple[tuple[str, str], ...]) -> ForkingProgram:
    return ForkingProgram(str(CLIENTS / "bin" / "python"), _PROGRAMS / name, dict(env))


def _find_node() -> str:
    node = shutil.which("node")
    if node is None or shutil.which("npm") is None:
        pytest.skip("node or npm is not on PATH: the JavaScript clients are not installed")
    assert _NODE_MODULES.exists(), "run `make .clients/.ready` (`make test` does)"
    return node
