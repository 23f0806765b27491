"""Which fields of an input are set: generated clients write every field that they know.

Null stands for "not set", and so do the empty text, list and object where a field may be left out:
clients in Go, Java and C# write them for every field of theirs without a value
(https://github.com/stdapi-ai/stdapi.ai/issues/245, read 2026-11-29).

A number, true or false in quotation marks stands for itself where the field holds no text, 0 and 1
for a flag, and a whole number for the text of an id: what parses protobuf's JSON, Jackson and
pydantic take them so (https://protobuf.dev/programming-guides/json, read 2026-11-30), and others
are sent what their pages ask for.
"""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, get_origin

from pydantic import BaseModel

from tracker.domain.validation import is_blank
from tracker.providers.kit.unknown_fields import is_model, iterate_types

_FLAGS = {"true": True, "false": False}
_NUMBER = re.compile(r"-?\d{1,12}(\.\d{1,12})?", re.ASCII)


@dataclass(frozen=True, slots=True)
class _KnownField:
    """A field of a model.

    part:         the model of its object, or of the objects in its list; None where none is known.
    is_optional:  it may be left out.
    kinds:        the types of what it holds.
    is_name:      it holds an id, or a number as text.
    """

    part: type[BaseModel] | None
    is_optional: bool
    kinds: Collection[type]
    is_name: bool


def set_fields(model: type[BaseModel] | None, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields that are set, as they are to be checked and sent.

    What is empty stays where a field is required, so that its refusal says what it must be. An
    object that no model describes loses its members that are null and nothing else: with models
    of fal, say, an empty `negative_prompt` is another one than their default. What is below that,
    and in fields that nobody knows, stays as it is. Lists of objects lose items that are null.

    model: None where no field is known.
    """
    known = {} if model is None else _list_fields(model)
    found: dict[str, Any] = {}
    for name, value in given.items():
        field = known.get(name)
        kept = (
            value if field is None else _keep_set_fields(field.part, _convert_value(field, value))
        )
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


def _convert_value(field: _KnownField, value: Any) -> Any:
    """Return a number, a flag or an id as the field holds it, whichever way a client writes it."""
    kinds = field.kinds
    if isinstance(value, str) and str not in kinds:
        value = unquote(value, is_number=bool({int, float} & set(kinds)), is_flag=bool in kinds)
    match value:
        case float() if int in kinds and float not in kinds and value.is_integer():
            return int(value)
        case bool():
            return value
        case int() if field.is_name:
            return str(value)
        case 0 | 1 if bool in kinds and not {int, float} & set(kinds):
            return value == 1
        case _:
            return value


def unquote(text: str, *, is_number: bool, is_flag: bool) -> Any:
    """Return the number or the flag that a text is, where one may stand there; else the text."""
    if is_number and _NUMBER.fullmatch(text):
        return float(text) if "." in text else int(text)
    return _FLAGS.get(text.lower(), text) if is_flag else text


@cache
def _list_fields(model: type[BaseModel]) -> Mapping[str, _KnownField]:
    """Return the fields of a model under each of their names."""
    found: dict[str, _KnownField] = {}
    for name, info in model.model_fields.items():
        types = list(iterate_types(info.annotation))
        part = next((one for one in types if is_model(one)), None)
        words = [one for one in types if isinstance(one, str)]
        kinds = {one if isinstance(one, type) else type(one) for one in types}
        is_name = all(word.isdecimal() for word in words) if words else name.endswith("_id")
        names = {name, info.alias, info.validation_alias}
        field = _KnownField(
            part,
            is_optional=not info.is_required(),
            kinds=frozenset() if get_origin(info.annotation) is list else kinds,
            is_name=is_name and str in kinds and int not in kinds,
        )
        found |= {one: field for one in names if isinstance(one, str)}
    return found
