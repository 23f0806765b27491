"""The emulator shares no code with the service: it must not share its mistakes."""

import ast
from collections.abc import Iterator
from pathlib import Path

import tracker.emulator

ROOM = Path(tracker.emulator.__file__).parent
OUTSIDE = {"httpx", "starlette", "uvicorn"}


def imported(path: Path) -> Iterator[str]:
    """Absolute names of all modules a file imports."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"relative import in {path.name}"
            assert node.module is not None
            yield node.module


def test_emulator_imports_nothing_else_of_tracker() -> None:
    names = {name for path in ROOM.rglob("*.py") for name in imported(path)}
    ours = {name for name in names if name.split(".")[0] == "tracker"}
    assert ours
    assert all(name.startswith("tracker.emulator.") for name in ours), ours


def test_only_the_server_knows_uvicorn() -> None:
    users = {p.name for p in ROOM.rglob("*.py") if any("uvicorn" in n for n in imported(p))}
    assert users == {"server.py"}


def test_exports_are_sorted_and_exist() -> None:
    exports = tracker.emulator.__all__
    assert sorted(exports, key=lambda name: (not name.isupper(), name)) == exports
    assert all(hasattr(tracker.emulator, name) for name in exports)


def test_every_file_opens_with_the_rule_of_its_room() -> None:
    for path in ROOM.rglob("*.py"):
        rule = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
        assert rule, path.name
