"""Records: values that nobody changes once they are made, made and copied at little cost."""

from collections.abc import Callable
from dataclasses import dataclass, field, fields
from functools import cache
from typing import Any, TypeVar, dataclass_transform

Record = TypeVar("Record")


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
def record(kind: type[Record]) -> type[Record]:
    """Make a frozen dataclass of which every callback makes several.

    The type checker holds it to be frozen. At run time it is not: a dataclass that is frozen then
    takes ten times as long to make, 3.4 µs for a Task instead of 0.3.
    """
    return dataclass(slots=True, unsafe_hash=True)(kind)


def replace_fields(old: Record, **changes: Any) -> Record:
    """Return dataclasses.replace in a third of the time: every callback changes some records.

    Raises TypeError for a name that is no field.
    """
    kind: Any = type(old)
    copy: Callable[..., Record] = _compile_copier(kind, tuple(changes))
    return copy(old, *changes.values())


def build_copier(kind: type[Record], *names: str) -> Callable[..., Record]:
    """Return the function of a record, and of new values for these fields, that makes another.

    For whoever always changes the same fields, and many: it spares what `changed` does to find it.
    Raises TypeError for a name that is no field.
    """
    anything: Any = kind
    made: Callable[..., Record] = _compile_copier(anything, names)
    return made


@cache
def _compile_copier(kind: Any, names: tuple[str, ...]) -> Callable[..., Any]:
    """Make such a function of source text, as dataclasses makes constructors.

    It reads each field that stays once, and passes everything by place.
    """
    places = [field.name for field in fields(kind)]
    if unknown := set(names).difference(places):
        raise TypeError(f"{kind.__name__} has no field {', '.join(sorted(unknown))}")
    taken = ", ".join(name if name in names else f"_old.{name}" for name in places)
    source = f"lambda {', '.join(('_old', *names))}: _kind({taken})"
    made: Callable[..., Any] = eval(source, {"_kind": kind})  # noqa: S307 - names of our own fields
    return made
