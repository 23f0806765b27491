"""The English of the code: docstrings that stand alone, sources that a stranger can open."""

import ast
import re
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

import pytest

from tests.support.service import ROOT

FOLDERS = ("bench", "docs", "migrations", "tests", "tracker")
_LEANING = "The same|What|As|Whether|Who|Whoever"
LEANING = re.compile(rf"({_LEANING})\b")
"""Openings of docstrings that lean on the text around them."""
NO_SENTENCE = re.compile(rf"({_LEANING}|How|Where|When|Which|That|Of|Also)\b")
"""Openings that no docstring of a function has: it says what the function does."""
NO_VERB = re.compile(
    r"(A|All|An|Any|Anybody|Each|Every|Everything|From|In|It|Its|No|Nobody|One|Our|Something|The"
    r"|These|Those|Why)\b"
)
"""Openings of a function's docstring in the package that name a thing, where a verb is wanted."""
NAMED = re.compile(r"property\b|operation\(")
"""Decorators of functions whose docstrings may name a thing."""
PRIVATE = re.compile(
    r"""\b[Dd]esign §|\b[Rr]eference:? ?§|[("][Rr]eference: [A-Z]|\bReference: """
    r"""|\b(?:the|this) house\b|house\.md"""
)
"""Citations of pages that are not in the repository."""
CITING = (".py", ".json", ".toml", ".html", ".js", ".mako")
"""Files that may cite, but for those that others wrote."""


@cache
def _nodes_of(path: Path) -> Sequence[ast.AST]:
    return list(ast.walk(ast.parse(path.read_text())))


def docstrings(path: Path) -> Iterator[tuple[int, str, bool]]:
    """Yield each docstring of a file with its line, and whether it is a function's.

    Those of constants and fields are included.
    """
    for node in _nodes_of(path):
        body = getattr(node, "body", None)
        is_function = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        for place, statement in enumerate(body if isinstance(body, list) else ()):
            match statement:
                case ast.Expr(value=ast.Constant(value=str(text))):
                    yield statement.lineno, text.strip(), is_function and place == 0


def leaning(path: Path) -> list[str]:
    """Return the docstrings of a file that do not stand alone, each with its place."""
    return [
        f"{path}:{line}: {text.splitlines()[0]}"
        for line, text, is_function in docstrings(path)
        if (NO_SENTENCE if is_function else LEANING).match(text)
    ]


def verbless(path: Path) -> list[str]:
    """Return the docstrings of a file's functions that open with a thing, each with its place.

    Those of properties name what they are, those of routes what they answer: API pages show them.
    """
    found = []
    for node in _nodes_of(path):
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        decorators = " ".join(ast.unparse(one) for one in node.decorator_list)
        text = ast.get_docstring(node) or ""
        if NO_VERB.match(text) and not node.name.startswith("__") and not NAMED.search(decorators):
            found.append(f"{path}:{node.lineno}: {text.splitlines()[0]}")
    return found


def private(path: Path) -> list[str]:
    """Return the lines of a file that cite a page outside of the repository."""
    return [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()}"
        for number, line in enumerate(path.read_text().splitlines(), start=1)
        if PRIVATE.search(line)
    ]


@pytest.mark.parametrize("folder", FOLDERS)
def test_every_docstring_stands_alone(folder: str) -> None:
    paths = sorted((ROOT / folder).rglob("*.py"))
    assert paths != []
    assert [one for path in paths for one in leaning(path)] == [], (
        "open with a verb (functions) or a noun (classes, constants)"
    )


def test_every_function_of_the_package_says_what_it_does() -> None:
    paths = sorted((ROOT / "tracker").rglob("*.py"))
    assert [one for path in paths for one in verbless(path)] == [], (
        "open with a verb: `Return the …`, `Yield each …`, or what it changes"
    )


@pytest.mark.parametrize("folder", FOLDERS)
def test_every_source_can_be_opened(folder: str) -> None:
    paths = [
        path
        for path in sorted((ROOT / folder).rglob("*"))
        if path.suffix in CITING and "static" not in path.parts and path != Path(__file__)
    ]
    assert [one for path in paths for one in private(path)] == [], (
        "cite the public address and the date it was read"
    )


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ('"""What it is."""', 1),
        ('class A:\n    """The same, quicker."""', 1),
        ('A = 1\n"""Whether it is so."""', 1),
        ('def f():\n    """Return what it is."""', 0),
        ('"""Asynchronous calls."""', 0),
        ('def f():\n    """How many there are."""', 1),
        ('A = 1\n"""How many there are."""', 0),
    ],
)
def test_openings_that_lean_are_found(tmp_path: Path, source: str, found: int) -> None:
    path = tmp_path / "one.py"
    path.write_text(source)
    assert len(leaning(path)) == found


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ('def f():\n    """The key."""', 1),
        ('def f():\n    """Return the key."""', 0),
        ('class A:\n    @property\n    def f(self):\n        """The key."""', 0),
        ('@operation(scope=None)\ndef f():\n    """A page of keys."""', 0),
    ],
)
def test_openings_without_a_verb_are_found(tmp_path: Path, source: str, found: int) -> None:
    path = tmp_path / "one.py"
    path.write_text(source)
    assert len(verbless(path)) == found


# Samples of what is to be found, and no citations: this file alone is not searched for them.
@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("(design §3 rule 7)", 1),
        ('"source": "reference: Page §9"', 1),
        ("https://www.rfc-editor.org/rfc/rfc9110, §10.2.3, read 2026-11", 0),
        ("image_reference: str", 0),
    ],
)
def test_private_citations_are_found(line: str, found: int) -> None:
    assert len(PRIVATE.findall(line)) == found
