"""Code outside a provider's own folders holds no provider's name: the registry hands it in."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.service import ROOT
from tracker.providers.registry import PROVIDERS

_PACKAGE = ROOT / "tracker"
_OWN = ("providers/", "emulator/providers/", "locale/zh_cn/providers/")
"""Where names may stand: the folders of providers, with the registry, and their texts."""
_NAME = re.compile(rf"(?<![a-z])({'|'.join(PROVIDERS)})(?![a-z])", re.IGNORECASE)
_ALLOWED = {("cli/keys.py", "--kling")}
"""The option's former name, which scripts may hold."""


def named(source: str) -> Iterator[str]:
    """Yield the texts of a module that name a provider; docstrings are no part of what it does."""
    tree = ast.parse(source)
    prose = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        match node:
            case ast.Constant(value=str(text)) if id(node) not in prose and _NAME.search(text):
                yield text


def _modules() -> list[Path]:
    every = sorted(_PACKAGE.rglob("*.py"))
    return [one for one in every if not str(one.relative_to(_PACKAGE)).startswith(_OWN)]


def test_nothing_else_names_a_provider() -> None:
    found = {
        (str(path.relative_to(_PACKAGE)), text)
        for path in _modules()
        for text in named(path.read_text())
    }
    assert found - _ALLOWED == set(), (
        "ask the registry; if the text only holds the word, give the provider a less common name"
    )


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ('A = "kling"', 1),
        ('A = f"/kling/{B}"', 1),
        ('A = ["TRACKER_KLING_API_KEY"]', 1),
        ('"""Of kling."""\nA = 1\n"""For `kling`."""', 0),
        ('A = "klingon"', 0),
    ],
)
def test_names_are_found(source: str, found: int) -> None:
    assert len(list(named(source))) == found
