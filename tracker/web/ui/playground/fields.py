"""Fields of a form, from the JSON Schema of an operation's input.

A field is a choice, a number, a flag, a text or a list of them. What is none of these is JSON.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

FieldKind = Literal["choice", "number", "flag", "text", "json", "list"]
LONG_TEXT = 300
"""Characters from which on a text gets several lines."""
MOST_ROWS = 50
"""Rows of a list that a form shows."""


@dataclass(frozen=True, slots=True)
class InputField:
    """One field.

    name:      within its object. choices: as JSON has them.
    least, most, step: of a number. longest: characters of a text.
    items:     of a list: the fields of one row; a single one without a name for plain values.
    most_rows: of a list.
    default:   used where nothing is sent; None for none.
    """

    name: str
    kind: FieldKind
    is_required: bool = False
    text: str = ""
    choices: Sequence[Any] = ()
    least: float | None = None
    most: float | None = None
    is_whole: bool = False
    longest: int | None = None
    items: Sequence["InputField"] = ()
    most_rows: int = MOST_ROWS
    default: Any = None

    @property
    def is_long(self) -> bool:
        """Return true if a text wants several lines."""
        return self.kind == "json" or (self.longest or 0) > LONG_TEXT


def list_fields(schema: Mapping[str, Any]) -> list[InputField]:
    """Return the fields of an object's schema: those that must be given come first."""
    definitions = schema.get("$defs", {})
    required = schema.get("required", ())
    found = [
        _make_field(name, one, definitions, is_required=name in required)
        for name, one in schema.get("properties", {}).items()
    ]
    return sorted(found, key=lambda one: not one.is_required)


def _make_field(
    name: str, schema: Mapping[str, Any], definitions: Mapping[str, Any], *, is_required: bool
) -> InputField:
    told = _resolve(schema, definitions)
    common = {
        "name": name,
        "is_required": is_required,
        "text": schema.get("description") or told.get("description", ""),
        "default": schema.get("default", told.get("default")),
    }
    if "const" in told or "enum" in told:
        choices = told.get("enum", [told.get("const")])
        return InputField(kind="choice", choices=choices, **common)
    match told.get("type"):
        case "boolean":
            return InputField(kind="flag", **common)
        case "integer" | "number":
            return InputField(
                kind="number",
                least=told.get("minimum", told.get("exclusiveMinimum")),
                most=told.get("maximum", told.get("exclusiveMaximum")),
                is_whole=told["type"] == "integer",
                **common,
            )
        case "string":
            return InputField(kind="text", longest=told.get("maxLength"), **common)
        case "array":
            return _list(told, definitions, common)
        case _:
            return InputField(kind="json", **common)


def _list(
    told: Mapping[str, Any], definitions: Mapping[str, Any], common: Mapping[str, Any]
) -> InputField:
    """Return a list whose rows are plain; any other one is JSON."""
    item = _resolve(told.get("items", {}), definitions)
    if item.get("properties"):
        rows = list_fields({**item, "$defs": definitions})
    else:
        rows = [_make_field("", item, definitions, is_required=False)]
    if any(one.kind in ("json", "list") for one in rows):
        return InputField(kind="json", **common)
    most = min(told.get("maxItems", MOST_ROWS), MOST_ROWS)
    return InputField(kind="list", items=rows, most_rows=most, **common)


def _resolve(schema: Mapping[str, Any], definitions: Mapping[str, Any]) -> Mapping[str, Any]:
    """Follow references, and leave null out of what may be something else."""
    for _ in range(8):
        if "$ref" in schema:
            schema = definitions.get(schema["$ref"].rpartition("/")[2], {})
            continue
        options = [one for one in schema.get("anyOf", ()) if one.get("type") != "null"]
        if len(options) != 1:
            return schema
        schema = options[0]
    return {}
