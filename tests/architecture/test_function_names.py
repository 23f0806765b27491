"""The first word of a function's name in the package is a verb."""

import ast
import re
from pathlib import Path

from tests.support.service import ROOT

PACKAGE = ROOT / "tracker"
WORDS = Path(__file__).with_name("verbs.txt").read_text().split()
VERBS = frozenset(word.rstrip("_") for word in WORDS) | {"can", "has", "is", "must", "should"}
NEEDS_OBJECT = frozenset(word.rstrip("_") for word in WORDS if word.endswith("_"))
"""Verbs that are read as nouns where no object follows."""

DEFINITION = re.compile(r"^\s*(?:async )?def (_?([a-zA-Z]+)\w*)\(", re.MULTILINE)
NAMED_ELSEWHERE = re.compile(
    r"property|\.setter"  # read as an attribute
    r"|click\.(command|group)"  # a command of the CLI
    r"|describe_operation"  # an operation of OpenAPI
)
FIXED = {
    "aclose asend athrow": "asynchronous generators",
    "appendleft": "collections.deque",
    "connection_lost connection_made data_received eof_received": "asyncio.Protocol",
    "done": "asyncio.Future",
    "fileno handleError isatty writable": "files and handlers of the standard library",
    "monotonic now": "the time and datetime modules",
    "on_body on_header on_headers_complete on_message_begin on_message_complete": "httptools",
    "on_response_complete shutdown startup": "uvicorn",
    "process_bind_param process_result_value": "SQLAlchemy",
    "shell_complete": "click",
}
"""Names that others fix, each with who does."""
CLIENT = (
    "accounts api_keys changes costs holds input_of operations receipt receipts runs stats system"
    " tasks tasks_of_run transitions"
)
"""Public methods of the Python client: its users call them."""


def find_nouns(path: Path) -> list[str]:
    """Return the functions of a file whose names open with no verb."""
    text, fixed = path.read_text(), " ".join(FIXED)
    if path.parent.name == "client":
        fixed += f" {CLIENT}"
    odd = {
        name
        for name, word in DEFINITION.findall(text)
        if word not in VERBS or (word in NEEDS_OBJECT and name.lstrip("_") == word)
    } - set(fixed.split())
    if not odd:
        return []
    return [
        f"{path.relative_to(ROOT)}:{node.lineno}: {node.name}"
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.name in odd
        and not NAMED_ELSEWHERE.search(" ".join(map(ast.unparse, node.decorator_list)))
    ]


def test_every_function_is_named_by_a_verb() -> None:
    paths = sorted(PACKAGE.rglob("*.py"))
    assert [one for path in paths for one in find_nouns(path)] == [], (
        "name it by verb and object, `read_answer`; add a missing verb to verbs.txt"
    )
