"""Digests of the word tables that answers are read by, each beside its adapter's revision."""

import ast
import hashlib
import json
from functools import cache
from pathlib import Path

import tracker.providers
from tracker.providers.registry import PROVIDERS

CODE = Path(tracker.providers.__file__).parent
RECORDED = Path(__file__).parents[1] / "tests" / "providers" / "samples" / "revisions.json"
UNREAD = ("front", "inputs", "objects", "options", "passing", "operations", "examples")
"""Beginnings of modules that read no callback and no answer."""
SENT = ("CreatePath", "ObjectIds(", "PROVIDER = Provider(")
"""In the text of what is sent, or named there, and is not what answers are read by."""
TABLES = {"frozenset", "MappingProxyType", "fromkeys", "Literal"}
KIT = "tracker.providers.kit."
_SHARED = "blocked coded_answers empty_results gateway_tasks gateways ledger meanings pieces"
SHARED = {*_SHARED.split(), "status_words", "table", "tracks"}
"""Modules of the kit that answers are read by."""


@cache
def _read(path: Path) -> tuple[list[Path], list[str]]:
    """Return the modules of the kit that a module names, and its tables.

    Tables are literals of words, numbers and meanings; words also stand where they are asked for.
    """
    named, tables = [], []
    tree = ast.parse(path.read_text())
    bodies = [tree.body, *(one.body for one in tree.body if isinstance(one, ast.ClassDef))]
    for node in (node for body in bodies for node in body):
        value = node.value if isinstance(node, ast.Assign | ast.AnnAssign) else None
        if value is not None and any(map(_is_table, ast.walk(value))):
            text = ast.unparse(node)
            tables += [] if any(one in text for one in SENT) else [text]
    for inner in ast.walk(tree):
        match inner:
            case ast.match_case():
                tables.append(ast.unparse(inner.pattern))
            case ast.Set():
                tables.append(ast.unparse(inner))
            case ast.ImportFrom(module=str(module)) if module.removeprefix(KIT) in SHARED:
                named.append(CODE / "kit" / f"{module.removeprefix(KIT)}.py")
    return named, tables


def _is_table(node: ast.AST) -> bool:
    name = getattr(node, "id", None) or getattr(node, "attr", None)
    return isinstance(node, ast.Dict) or name in TABLES


def _tables(name: str) -> list[str]:
    """Return the tables that a provider's answers are read by: its own, and those of the kit."""
    home = [*CODE.glob(f"{name}.py"), *sorted((CODE / name).glob("*.py"))]
    known = [one for one in home if not one.stem.startswith(UNREAD)]
    found = []
    for path in known:  # it grows
        named, tables = _read(path)
        known += [one for one in dict.fromkeys(named) if one not in known]
        found += tables
    return sorted(found)


def digest(name: str) -> str:
    """Return what a provider's tables are known by."""
    return hashlib.sha256("\n".join(_tables(name)).encode()).hexdigest()[:16]


def recorded() -> dict[str, tuple[int, str]]:
    """Return the revision and the digest that are committed, by provider."""
    known = json.loads(RECORDED.read_text())
    return {name: (revision, text) for name, (revision, text) in known.items()}


def current() -> dict[str, tuple[int, str]]:
    """Return the revision and the digest of each provider as its code is now."""
    return {name: (one.revision, digest(name)) for name, one in PROVIDERS.items()}


def drawn() -> str:
    """Return the file with the digests of new providers, and of those whose revision was raised.

    Another digest of the same revision stays away: a test asks for the revision to be raised.
    """
    known = recorded()
    kept = {
        name: known[name] if name in known and known[name][0] == now[0] else now
        for name, now in sorted(current().items())
    }
    lines = [f"  {json.dumps(name)}: {json.dumps(one)}" for name, one in kept.items()]
    return "{\n" + ",\n".join(lines) + "\n}\n"
