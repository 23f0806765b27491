"""Values that no field is meant for, and every place of a body that one can be put into."""

import copy
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

Path = tuple[int | str, ...]

TEXTS: Mapping[str, str] = {
    "nul": "a\0b",
    "half a pair": "a\ud800b",
    "other half": "\udfff",
    "control characters": "a\x1b[31m\r\nb\x7f",
    "no character": "\ufffe\uffff\U0010ffff",
    "long": "x" * 20_000,
    "very long": "字" * 100_000,
    "empty": "",
}
DEEPER = 100_000
"""More levels than any parser reads."""
MANY = 6_000


def build_nested() -> Any:
    """Return lists in lists, more levels than may be kept."""
    value: Any = "x"
    for _ in range(100):
        value = [value]
    return value


def _iterate_all() -> Iterator[tuple[str, Any]]:
    for name, text in TEXTS.items():
        yield name, text
        yield f"list of {name}", [text]
        if text:
            yield f"key {name}", {text: 1}
    yield "deep lists", build_nested()
    yield "deep objects", {"a": build_nested()}
    yield "many texts", ["x"] * MANY
    yield "many keys", {f"k{n}": n for n in range(MANY)}
    yield "many lists", [[]] * MANY
    yield "large number", 10**400
    yield "number", -1.5


VALUES: Mapping[str, Any] = dict(_iterate_all())
"""Junk for any place, whatever belongs there, by name."""


def iterate_values(names: Iterable[str] = VALUES) -> Iterator[tuple[str, Any]]:
    """Yield junk with its name; all of it unless some is named."""
    for name in names:
        yield name, VALUES[name]


def iterate_places(
    schema: Mapping[str, Any], defs: Mapping[str, Any], at: Path = ()
) -> Iterator[Path]:
    """Every field that a JSON Schema names, with one entry of each list and of each map.

    defs: what its references name.
    """
    if "$ref" in schema:
        yield from iterate_places(defs[schema["$ref"].rpartition("/")[2]], defs, at)
        return
    for one in (*schema.get("anyOf", ()), *schema.get("oneOf", ()), *schema.get("allOf", ())):
        yield from iterate_places(one, defs, at)
    if at:
        yield at
    for name, field in schema.get("properties", {}).items():
        yield from iterate_places(field, defs, (*at, name))
    if isinstance(schema.get("items"), dict) and len(at) < 8:
        yield from iterate_places(schema["items"], defs, (*at, 0))
    if schema.get("additionalProperties") not in (None, False):
        yield (*at, "a")


def put_at(body: Mapping[str, Any], at: Path, value: Any) -> dict[str, Any]:
    """Return a body with a value at a place; what leads there is made where it is missing."""
    made = copy.deepcopy(dict(body))
    inner: Any = made
    for part, following in pairwise(at):
        empty: Any = [None] if isinstance(following, int) else {}
        if isinstance(part, int):
            if not isinstance(inner[part], type(empty)):
                inner[part] = empty
        elif not isinstance(inner.get(part), type(empty)) or not inner[part]:
            inner[part] = empty
        inner = inner[part]
    inner[at[-1]] = value
    return made


def is_named(at: Path, told: Sequence[str]) -> bool:
    """Return whether what was told names a place, or what it lies in, or what lies in it."""
    wanted = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in at)[1:]
    return any(
        path and (path.startswith(wanted) or wanted.startswith(path.rstrip("…"))) for path in told
    )
