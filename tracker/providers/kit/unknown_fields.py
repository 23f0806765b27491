"""Name the fields of an input that nobody knows: they are passed on, and may be misspelt.

Providers add fields faster than anybody writes them down, so that such an input is not refused.
"""

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from itertools import islice
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel

from tracker.domain.errors import FieldError
from tracker.domain.spelling import find_closest
from tracker.domain.validation import format_path

_MOST = 20
"""Unknown fields that are named: for each, all that are known are compared with it."""
_NAME_CHARS = 64
_ALIKE = 0.8
"""How like a known name another must be where the provider has fields that the model lacks."""


def find_unknown_fields(model: type[BaseModel], given: Mapping[str, Any]) -> list[FieldError]:
    """Return a warning for each unknown field of an input, with the known one that it is like.

    Where a model does not say by `lists_every_field` that it has all fields of its operation, only
    what is spelt much like one of them is unknown, and nothing where that one is given as well.
    Paths are those of `POST /v1/tasks`, whose body holds the input as `input`.
    """
    found = _find_unknown(model, given, ("input",), is_whole=False)
    return list(islice(found, _MOST))


def _find_unknown(
    model: type[BaseModel],
    given: Mapping[str, Any],
    path: tuple[int | str, ...],
    *,
    is_whole: bool,
) -> Iterator[FieldError]:
    parts = _list_parts(model)
    is_whole = bool(getattr(model, "lists_every_field", is_whole))
    strange = [name for name in given if name not in parts]
    likely: list[str] = []
    if strange:
        likely = list(parts) if is_whole else [name for name in parts if name not in given]
    for name in strange[:_MOST]:
        shown = name[:_NAME_CHARS]
        meant = _guess_meant_name(shown, likely, cutoff=0.5 if is_whole else _ALIKE)
        if meant is not None or is_whole:
            yield FieldError(format_path((*path, shown)), _describe_reason(meant))
    for name, part in _list_objects(model):
        value = given.get(name)
        if isinstance(value, dict):
            yield from _find_unknown(part, value, (*path, name), is_whole=is_whole)
        for number, item in enumerate(value if isinstance(value, list) else ()):
            if isinstance(item, dict):
                yield from _find_unknown(part, item, (*path, name, number), is_whole=is_whole)


def _describe_reason(meant: str | None) -> str:
    if meant is None:
        return "no such field is known; it is passed on as it is"
    return f"no such field is known; it is passed on as it is; did you mean {meant}?"


def _guess_meant_name(name: str, known: Sequence[str], *, cutoff: float) -> str | None:
    """Return the known name that a name is a part of, such as `model_name` for `model`.

    Where there is none, or several, return the closest.
    """
    plain = name.lower()
    holders = [one for one in known if plain in one.lower().split("_")]
    return holders[0] if len(holders) == 1 else find_closest(name, known, cutoff=cutoff)


@cache
def _list_parts(model: type[BaseModel]) -> Mapping[str, type[BaseModel] | None]:
    """Return a model's fields under each of their names, with the model of the objects in each."""
    found: dict[str, type[BaseModel] | None] = {}
    for name, info in model.model_fields.items():
        part = next((one for one in iterate_types(info.annotation) if is_model(one)), None)
        names = {name, info.alias, info.validation_alias}
        found |= {one: part for one in names if isinstance(one, str)}
    return found


@cache
def _list_objects(model: type[BaseModel]) -> Sequence[tuple[str, type[BaseModel]]]:
    """Return the fields that hold objects."""
    return [(name, part) for name, part in _list_parts(model).items() if part is not None]


def is_model(one: Any) -> bool:
    """Return whether a type is a model."""
    return isinstance(one, type) and issubclass(one, BaseModel)


def iterate_types(annotation: Any) -> Iterator[Any]:
    """Yield the types and the literal words that an annotation is made of."""
    origin = get_origin(annotation)
    if origin is Literal:
        yield from get_args(annotation)
    elif origin is Annotated:
        yield from iterate_types(get_args(annotation)[0])
    elif origin in (Union, UnionType, list):
        for one in get_args(annotation):
            yield from iterate_types(one)
    else:
        yield annotation
