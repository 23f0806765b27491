"""Tests give services time: a request or a wait that is given up after seconds fails on a machine
whose cores are busy, which is no fault of what is tested."""

import ast
from collections.abc import Iterator
from pathlib import Path

from tests.support.service import ROOT

OPENING = frozenset({"Client", "AsyncClient", "stream", "request"})
METHODS = frozenset({"get", "post", "put", "patch", "delete", "head", "options"})
SAID_OTHERWISE = frozenset({"timeout", "transport", None})
"""None: of `**options`, which hold it."""
WAITS = frozenset({"wait_until", "until", "finished", "dial", "wait_until_ready"})
"""Of `tests.support`, whose own limit is patient."""
SHORT_S = 60
"""A number below this is no patience."""
PROGRAMS = frozenset({"run", "communicate", "check_output", "check_call"})
"""Of `subprocess`: they wait for a whole program, which is many times as long as for an answer."""
SHORT_PROGRAM_S = 300
CLIENTS = ROOT / "tests" / "clients" / "programs"
"""Programs of callers, which have their clients' own patience."""


def _hasty(path: Path) -> Iterator[int]:
    """Yield the lines on which somebody is asked, or waited for, without patience.

    A limit that a test is about has a name.
    """
    source = path.read_text()
    if not any(word in source for word in ("httpx.", "timeout_s=", "subprocess")):
        return
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Call(func=ast.Attribute(value=ast.Name(id="httpx"), attr=attr)):
                is_asking = attr in OPENING | METHODS
                said = frozenset(one.arg for one in node.keywords)
                if is_asking and (SAID_OTHERWISE.isdisjoint(said) or _is_short(node, "timeout")):
                    yield node.lineno
            case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name)):
                if name in WAITS and _is_short(node, "timeout_s"):
                    yield node.lineno
                if name in PROGRAMS and _is_short(node, "timeout", SHORT_PROGRAM_S):
                    yield node.lineno


def _is_short(call: ast.Call, argument: str, short_s: float = SHORT_S) -> bool:
    """Return true if an argument is a number without patience."""
    found = [one.value for one in call.keywords if one.arg == argument]
    return any(
        isinstance(value, ast.Constant)
        and isinstance(value.value, int | float)
        and value.value < short_s
        for value in found
    )


def test_whoever_waits_in_a_test_has_patience() -> None:
    files = [one for one in (ROOT / "tests").rglob("*.py") if CLIENTS not in one.parents]
    assert [f"{path}:{line}" for path in files for line in _hasty(path)] == []
    assert files


def test_a_hasty_request_or_wait_is_found(tmp_path: Path) -> None:
    made = tmp_path / "made.py"
    made.write_text(
        "httpx.get('/')\nhttpx.get('/', timeout=1)\nhttpx.get('/', timeout=SHORT_S)\n"
        "httpx.Client(**options)\nwait_until(is_there, timeout_s=2)\nwait_until(is_there)\n"
        "subprocess.run(command, timeout=60)\nsubprocess.run(command, timeout=300)\n"
    )
    assert list(_hasty(made)) == [1, 2, 5, 7]
