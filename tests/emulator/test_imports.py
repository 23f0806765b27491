"""The emulator shares no code with the service, and its words are told apart."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import tracker.emulator
from tracker.emulator import EmulatorConfig, create_app
from tracker.emulator.registry import REGISTRY

FOLDER = Path(tracker.emulator.__file__).parent


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
    names = {name for path in FOLDER.rglob("*.py") for name in imported(path)}
    ours = {name for name in names if name.split(".")[0] == "tracker"}
    assert ours
    assert all(name.startswith("tracker.emulator.") for name in ours), ours


def test_only_the_server_knows_uvicorn() -> None:
    users = {p.name for p in FOLDER.rglob("*.py") if any("uvicorn" in n for n in imported(p))}
    assert users == {"server.py"}


@pytest.mark.parametrize("name", REGISTRY)
def test_a_provider_is_served_under_its_own_name(name: str) -> None:
    app = create_app(EmulatorConfig(), registry={name: REGISTRY[name]})
    (provider,) = app.state.emulator.providers
    assert (provider.name, provider.engine.rules.name) == (name, name)
    prefixes = [prefix for each in provider.services for prefix in each.prefixes]
    assert any(prefix == f"/{name}" or prefix.startswith(f"/{name}/") for prefix in prefixes)


def test_own_words_hide_no_word_of_the_core() -> None:
    words = create_app(EmulatorConfig()).state.emulator.list_words()
    core = words.pop("")
    assert [name for own in words.values() for name in own if name in core] == []
