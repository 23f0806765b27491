"""Frozen records, changed: a copy with other values in some places."""

from collections.abc import Callable, Mapping
from dataclasses import fields
from functools import cache
from operator import attrgetter
from typing import Any, TypeVar

Record = TypeVar("Record")


def changed(record: Record, **changes: Any) -> Record:
    """The same as dataclasses.replace in less than half the time: every callback changes one."""
    kind: Any = type(record)
    places, read = _shape(kind)
    values = list(read(record))
    for name, value in changes.items():
        values[places[name]] = value
    return type(record)(*values)


@cache
def _shape(kind: Any) -> tuple[Mapping[str, int], Callable[[Any], tuple[Any, ...]]]:
    names = tuple(field.name for field in fields(kind))
    return {name: place for place, name in enumerate(names)}, attrgetter(*names)
