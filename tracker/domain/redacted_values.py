"""Redact all texts of a value that an adapter made of an answer before that was redacted."""

from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass, replace
from enum import Enum
from typing import Any, TypeVar

Value = TypeVar("Value")


def redact_value(value: Value, redact: Callable[[str], str]) -> Value:
    """Return the value with every text in it redacted, at any depth; itself where none changes.

    value: of texts, numbers, mappings, lists, tuples and dataclasses.
    """
    found: Value = _redact(value, redact)
    return found


def _redact(value: Any, redact: Callable[[str], str]) -> Any:
    if isinstance(value, Enum):
        return value
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, Mapping):
        made = {_redact(name, redact): _redact(one, redact) for name, one in value.items()}
        return value if made == value else made
    if isinstance(value, list | tuple):
        items = [_redact(one, redact) for one in value]
        return value if items == list(value) else type(value)(items)
    if not is_dataclass(value) or isinstance(value, type):
        return value
    before = {field.name: getattr(value, field.name) for field in fields(value) if field.init}
    after = {name: _redact(one, redact) for name, one in before.items()}
    return value if after == before else replace(value, **after)
