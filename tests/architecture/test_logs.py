"""Lines of the log: a constant event each, and every value in a field of a known name."""

import ast
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

import tracker
from tracker.telemetry.logs import build_event_word

PACKAGE = Path(tracker.__file__).parent
PAGE = PACKAGE.parent / "docs" / "howto" / "deploy.md"
_LEVELS = {"debug", "info", "warning", "error", "exception", "critical"}
_OWNERS = {"log", "logger", "logging"}
_OTHERS = {"emulator", "client"}
"""Packages that log for themselves: they share nothing with the service."""
_WITH_ERROR = {"exc_info"}

Line = tuple[str, ast.Call, ast.Module]


@cache
def _lines() -> Sequence[Line]:
    return list(_found())


def _found() -> Iterator[Line]:
    for path in sorted(PACKAGE.rglob("*.py")):
        if path.relative_to(PACKAGE).parts[0] in _OTHERS:
            continue
        tree = ast.parse(path.read_text())
        for node in ast.walk(tree):
            match node:
                case ast.Call(func=ast.Attribute(value=ast.Name(id=owner), attr=level)) if (
                    level in _LEVELS and owner in _OWNERS
                ):
                    yield f"{path.relative_to(PACKAGE)}:{node.lineno}", node, tree


def _template(call: ast.Call) -> str | None:
    first = call.args[0] if call.args else None
    return first.value if isinstance(first, ast.Constant) and isinstance(first.value, str) else None


def _names(call: ast.Call, tree: ast.Module) -> set[str] | None:
    """Return the names of a line's fields; None where they are not written out."""
    if len(call.args) == 1:
        return set()
    values: ast.expr | None = call.args[1]
    if isinstance(values, ast.Call):  # a function of the same file that returns them
        made_by = ast.unparse(values.func)
        values = next(
            (
                step.value
                for made in tree.body
                if isinstance(made, ast.FunctionDef) and made.name == made_by
                for step in made.body
                if isinstance(step, ast.Return)
            ),
            None,
        )
    if len(call.args) > 2 or not isinstance(values, ast.Dict):
        return None
    keys = [key.value if isinstance(key, ast.Constant) else None for key in values.keys]
    return {key for key in keys if isinstance(key, str)} if None not in keys else None


def test_each_line_is_a_written_sentence_whose_values_have_names() -> None:
    wrong = []
    for where, call, tree in _lines():
        template, names = _template(call), _names(call, tree)
        named = set(re.findall(r"%\((\w+)\)", template or ""))
        bare = re.search(r"%(?![(%])", template or "")
        extra = {one.arg for one in call.keywords} - _WITH_ERROR
        if template is None or names is None or not named <= names or bare or extra:
            wrong.append(f"{where}: {ast.unparse(call)}")
    assert wrong == []


def test_no_event_stands_for_two_sentences_and_each_says_something() -> None:
    sentences: dict[str, set[str]] = defaultdict(set)
    for _, call, _ in _lines():
        template = _template(call) or ""
        words = re.sub(r"%\(\w+\)\S*?[sdgf]", " ", template).lower()
        sentences[build_event_word(template)].add(" ".join(re.findall(r"[a-z0-9]+", words)))
    assert {word: told for word, told in sentences.items() if len(told) > 1} == {}
    assert "message" not in sentences


def test_each_field_is_in_the_documentation() -> None:
    used = set().union(*(_names(call, tree) or set() for _, call, tree in _lines()))
    page = PAGE.read_text()
    logs = page[page.index("\n## Logs\n") :]
    assert used - set(re.findall(r"`(\w+)`", logs)) == set()
    assert used & {"event", "message", "level", "logger", "timestamp", "role", "version"} == set()
