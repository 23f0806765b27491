"""Which fields of an input are set: generated clients write every field that they know.

Null stands for "not set", and so do the empty text, list and object where a field is optional:
Kling's own page asks for `camera_control.config` "must be set to None" (text to video, 2025-10).
A whole number stands for its text where Kling wants a number in quotation marks (`duration`) or
an id, and in the legacy operations a number in quotation marks for the number, likewise true and
false; Go, Java and C# clients write them so. Others write whole numbers with a fraction of zero.
`kit/set_fields.py` reads inputs without such quotation marks; here both are done in one walk, and
nulls are left out at any depth of an object that no model describes.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from pydantic import BaseModel

from tracker.domain.validation import is_blank
from tracker.providers.kit.set_fields import unquote
from tracker.providers.kit.unknown_fields import is_model, iterate_types


@dataclass(frozen=True, slots=True)
class _Field:
    """How a field of a model is read.

    part:         the model of its object, or of the objects in its list.
    is_optional:  it may be left out.
    is_quoted:    it holds a number or an id, as text.
    is_number:    it holds a number.
    is_whole:     it holds a whole number.
    is_flag:      it holds true or false.
    """

    part: type[BaseModel] | None
    is_optional: bool
    is_quoted: bool
    is_number: bool
    is_whole: bool
    is_flag: bool

    @property
    def may_be_unquoted(self) -> bool:
        """Return whether a text may stand for a number, for true or for false."""
        return self.is_number or self.is_flag


def set_fields(
    model: type[BaseModel], given: Mapping[str, Any], *, is_strict: bool = False
) -> dict[str, Any]:
    """Return the fields that are set, as they are to be checked and sent.

    is_strict: a number in quotation marks stays a text, as the new standard refuses it.
    """
    known = _list_fields(model)
    found: dict[str, Any] = {}
    for name, value in given.items():
        field = known.get(name)
        is_text = type(value) is str and value and not value.isspace()
        if is_text and (field is None or not field.may_be_unquoted):
            found[name] = value  # as with most
            continue
        kept = value if field is None else _keep_given(field, value, is_strict=is_strict)
        if kept is None or (field is not None and field.is_optional and _is_empty(kept)):
            continue
        found[name] = kept
    return found


def _keep_given(field: _Field, value: Any, *, is_strict: bool) -> Any:
    if isinstance(value, str):
        if not is_strict:
            value = unquote(value, is_number=field.is_number, is_flag=field.is_flag)
        if isinstance(value, str):
            return value
    if (field.is_quoted or field.is_whole) and isinstance(value, float) and value.is_integer():
        value = int(value)  # as languages write it that know one kind of number
    if field.is_quoted and isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if isinstance(value, dict):
        if field.part is None:
            return _drop_nulls(value)
        return set_fields(field.part, value, is_strict=is_strict)
    if isinstance(value, list):
        return [
            _keep_given(field, item, is_strict=is_strict) if isinstance(item, dict) else item
            for item in value
            if item is not None
        ]
    return value


def _drop_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _drop_nulls(item) for k, item in value.items() if item is not None}
    return [_drop_nulls(item) for item in value] if isinstance(value, list) else value


def _is_empty(value: Any) -> bool:
    """Return whether nothing is set in a value: Go writes whole objects of empty fields."""
    if isinstance(value, dict):
        return all(_is_empty(item) for item in value.values())
    return is_blank(value)


@cache
def _list_fields(model: type[BaseModel]) -> Mapping[str, _Field]:
    found = {}
    for name, info in model.model_fields.items():
        types = list(iterate_types(info.annotation))
        parts = [one for one in types if is_model(one)]
        words = {one for one in types if isinstance(one, str)}
        is_number = bool(words) and all(word.isdecimal() for word in words)
        is_name = str in types and (name.endswith("_id") or name == "duration")
        found[name] = _Field(
            parts[0] if parts else None,
            not info.is_required(),
            is_quoted=is_number or is_name,
            is_number=not words and bool({int, float} & set(types)) and str not in types,
            is_whole=not words and int in types and float not in types,
            is_flag=bool in types and str not in types,
        )
    return found
