"""Which fields of an input are set: generated clients write every field that they know.

Null stands for "not set", and so do the empty text, list and object where a field may be left out:
clients in Go, Java and C# write them for every field of theirs without a value
(https://github.com/stdapi-ai/stdapi.ai/issues/245, read 2026-11-29).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from pydantic import BaseModel

from tracker.domain.validation import is_blank
from tracker.providers.kit.unknown_fields import is_model, types_of


@dataclass(frozen=True, slots=True)
class _KnownField:
    """A field of a model.

    part:         the model of its object, or of the objects in its list; None where none is known.
    is_optional:  it may be left out.
    """

    part: type[BaseModel] | None
    is_optional: bool


def set_fields(model: type[BaseModel] | None, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields that are set, as they are to be checked and sent.

    What is empty stays where a field is required, so that its refusal says what it must be. An
    object that no model describes loses its members that are null and nothing else: with models
    of fal, say, an empty `negative_prompt` is another one than their default. What is below that,
    and in fields that nobody knows, stays as it is. Lists of objects lose items that are null.

    model: None where no field is known.
    """
    known = {} if model is None else _fields_of(model)
    found: dict[str, Any] = {}
    for name, value in given.items():
        field = known.get(name)
        kept = value if field is None else _keep_set_fields(field.part, value)
        if kept is None or ((field is None or field.is_optional) and _is_unset(field, kept)):
            continue
        found[name] = kept
    return found


def drop_nulls(value: Mapping[str, Any]) -> dict[str, Any]:
    """Return an object without its members that are null."""
    return {name: one for name, one in value.items() if one is not None}


def _is_unset(field: _KnownField | None, value: Any) -> bool:
    """Return whether nothing is set in a value: Go writes whole objects of empty fields."""
    if field is not None and field.part is not None and isinstance(value, dict):
        return all(map(is_blank, value.values()))
    return is_blank(value)


def _keep_set_fields(part: type[BaseModel] | None, value: Any) -> Any:
    if isinstance(value, dict):
        return drop_nulls(value) if part is None else set_fields(part, value)
    if isinstance(value, list) and (part or any(isinstance(one, dict) for one in value)):
        items = [one for one in value if one is not None or part is None]
        return [_keep_set_fields(part, one) if isinstance(one, dict) else one for one in items]
    return value


@cache
def _fields_of(model: type[BaseModel]) -> Mapping[str, _KnownField]:
    """Return the fields of a model under each of their names."""
    found: dict[str, _KnownField] = {}
    for name, info in model.model_fields.items():
        part = next((one for one in types_of(info.annotation) if is_model(one)), None)
        names = {name, info.alias, info.validation_alias}
        field = _KnownField(part, is_optional=not info.is_required())
        found |= {one: field for one in names if isinstance(one, str)}
    return found
