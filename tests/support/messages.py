"""Find the texts that people are shown in the code, as templates: `{}` for what varies."""

import ast
import re
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path


def find_shown(paths: Collection[Path], calls: Mapping[str, int | str]) -> dict[str, str]:
    """Return where each text stands, by template.

    calls: names of what is called, and which argument is shown: its position, or its name.
    A variable stands for every text that the module gives it.
    """
    found: dict[str, str] = {}
    for path in paths:
        tree = ast.parse(path.read_text())
        named = dict(_list_assigned(tree))
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and _name(node.func) in calls:
                for argument in _find_argument(node, calls[_name(node.func)]):
                    for template in _list_templates(argument, named):
                        found.setdefault(template, f"{path.name}:{node.lineno}")
    return found


def find_sentences(paths: Collection[Path], *, unseen: Collection[str]) -> dict[str, str]:
    """Return where each text of two words or more stands, by template, but for docstrings.

    unseen: names of what is called with texts that nobody is shown, and of such arguments.
    """
    found: dict[str, str] = {}
    for path in paths:
        waiting: list[ast.AST] = [ast.parse(path.read_text())]
        while waiting:
            node = waiting.pop()
            if isinstance(node, ast.Call) and _name(node.func) in unseen:
                continue
            if isinstance(node, ast.keyword) and node.arg in unseen:
                continue
            if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
                continue
            if isinstance(node, ast.Constant | ast.JoinedStr):
                for template in _list_templates(node, {}):
                    if _SENTENCE.search(template):
                        found.setdefault(template, f"{path.name}:{node.lineno}")
            else:
                waiting += ast.iter_child_nodes(node)
    return found


def has_english(translated: str) -> bool:
    """Return whether a text has English in it that is no name: three words or more in a row."""
    return _PHRASE.search(translated) is not None


_PHRASE = re.compile(r"(?<![\w/`.-])[a-z]+(?:,? [a-z]+){2,}")
_SENTENCE = re.compile(r"[a-z]{2,} [a-z]{2,}")


def _list_assigned(tree: ast.AST) -> Iterator[tuple[str, list[ast.expr]]]:
    values: dict[str, list[ast.expr]] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            values.setdefault(node.targets[0].id, []).append(node.value)
    yield from values.items()


def _find_argument(call: ast.Call, which: int | str) -> list[ast.expr]:
    if isinstance(which, str):
        return [keyword.value for keyword in call.keywords if keyword.arg == which]
    return call.args[which : which + 1]


def _list_templates(node: ast.expr, named: Mapping[str, list[ast.expr]]) -> list[str]:
    match node:
        case ast.Constant(value=str(text)):
            return [text] if text else []
        case ast.JoinedStr():
            parts = (p.value if isinstance(p, ast.Constant) else "{}" for p in node.values)
            text = "".join(str(part) for part in parts)
            return [text] if text.replace("{}", "").strip() else []
        case ast.Name(id=name):
            return [t for value in named.get(name, ()) for t in _list_templates(value, {})]
        case ast.IfExp():
            return [*_list_templates(node.body, named), *_list_templates(node.orelse, named)]
        case ast.BoolOp():
            return [t for value in node.values for t in _list_templates(value, named)]
        case _:
            return []


def _name(func: ast.expr) -> str:
    return func.id if isinstance(func, ast.Name) else getattr(func, "attr", "")
