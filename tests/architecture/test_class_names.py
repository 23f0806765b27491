"""A class name means one thing in the package."""

import ast
import re
from collections import defaultdict
from pathlib import Path

from tests.support.service import ROOT

PACKAGE = ROOT / "tracker"
_MODEL = "the Python client shows the domain's object of this name"
_ERROR = "the Python client raises its own exception for the service's answer"
ALLOWED = {
    "Artifact": _MODEL,
    "Asset": _MODEL,
    "Change": _MODEL,
    "Conflict": _ERROR,
    "Forbidden": _ERROR,
    "NotFound": _ERROR,
    "Receipt": _MODEL,
    "Refused": "the Python client's public exception; inside, a provider's refusal of a submit",
    "Task": _MODEL,
    "TaskError": _MODEL,
    "Transition": _MODEL,
    "Unauthenticated": _ERROR,
    "Unavailable": _ERROR,
}
"""Names that several classes may have, each with the reason."""


def repeated(paths: list[Path]) -> dict[str, list[str]]:
    """Return the class names that are defined more than once, with the files."""
    found: dict[str, list[str]] = defaultdict(list)
    for path in paths:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ClassDef):
                found[node.name].append(str(path.relative_to(ROOT)))
    return {name: where for name, where in found.items() if len(where) > 1}


def test_each_class_name_is_defined_once() -> None:
    twice = repeated(sorted(PACKAGE.rglob("*.py")))
    added = {name: where for name, where in twice.items() if name not in ALLOWED}
    assert added == {}, (
        "rename the less public one, e.g. to begin with its provider's name, or allow it with a "
        "reason"
    )
    assert sorted(set(ALLOWED) - set(twice)) == [], "no longer repeated: take it off the list"


def test_the_tree_of_errors_names_each_of_them() -> None:
    text = (PACKAGE / "domain/errors.py").read_text()
    drawn = set(re.findall(r"(?:──|^)\s*([A-Z]\w+)", text.split('"""')[1], re.MULTILINE))
    made = set(re.findall(r"^class (\w+)\((?!StrEnum)", text, re.MULTILINE))
    assert drawn - {"Every"} == made
