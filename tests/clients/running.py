"""Run a program of `tests/clients/programs` in a process of its own, with a published client."""

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

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
    done = subprocess.run(
        [_interpreter(name), str(_PROGRAMS / name), *arguments],
        env={
            "PATH": os.environ["PATH"],
            "NODE_PATH": str(_NODE_MODULES),
            "NO_PROXY": "127.0.0.1",
            "HTTP_PROXY": proxy,
            "HTTPS_PROXY": proxy,
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYTHONPATH": "" if packages is None else str(packages),
            "NODE_EXTRA_CA_CERTS": "" if certificates is None else str(certificates.authority),
        },
        capture_output=True,
        text=True,
        timeout=longest_s,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout)


def _interpreter(name: str) -> str:
    if name.endswith(".py"):
        return str(CLIENTS / "bin" / "python")
    node = shutil.which("node")
    if node is None or shutil.which("npm") is None:
        pytest.skip("node or npm is not on PATH: the JavaScript clients are not installed")
    assert _NODE_MODULES.exists(), "run `make .clients/.ready` (`make test` does)"
    return node
