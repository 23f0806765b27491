"""Tests give services time: a request that is given up after httpx's own five seconds fails on a
machine whose cores are busy, which is no fault of what is tested."""

import ast
from collections.abc import Iterator
from pathlib import Path

from tests.support.service import ROOT

OPENING = frozenset({"Client", "AsyncClient", "stream", "request"})
METHODS = frozenset({"get", "post", "put", "patch", "delete", "head", "options"})
SAID_OTHERWISE = frozenset({"timeout", "transport", None})
"""None: of `**options`, which hold it."""
CLIENTS = ROOT / "tests" / "clients" / "programs"
"""Programs of callers, which have their clients' own patience."""


def _hasty(path: Path) -> Iterator[int]:
    """Yield the lines on which httpx is asked without a word on patience."""
    source = path.read_text()
    if "httpx." not in source:
        return
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Call(func=ast.Attribute(value=ast.Name(id="httpx"), attr=attr)):
                is_asking = attr in OPENING | METHODS
                if is_asking and SAID_OTHERWISE.isdisjoint(one.arg for one in node.keywords):
                    yield node.lineno


def test_each_client_of_a_test_says_how_long_it_waits() -> None:
    files = [one for one in (ROOT / "tests").rglob("*.py") if CLIENTS not in one.parents]
    assert [f"{path}:{line}" for path in files for line in _hasty(path)] == []
    assert files


def test_a_hasty_request_is_found(tmp_path: Path) -> None:
    made = tmp_path / "made.py"
    made.write_text("httpx.get('/')\nhttpx.get('/', timeout=1)\nhttpx.Client(**options)\n")
    assert list(_hasty(made)) == [1]
