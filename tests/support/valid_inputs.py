"""Valid inputs of any operation, made of its model and of what its adapter finds wrong."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Literal, get_args, get_origin

from annotated_types import Ge, Gt, MinLen
from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from tracker.domain.errors import InvalidRequest
from tracker.providers.kit.unknown_fields import is_model, iterate_types
from tracker.providers.ports.adapter import Submits

Path = tuple[str, ...]
READS_LIKE_AN_ID = re.compile(r"(^|_)(ids?|key|uuid)$|[a-z](Ids?|Key|Uuid)$|_task$|^container$")
_PICTURE = "https://pictures.example/a.png"
ANY_TEXT = "a cat in the rain"
"""The text in each required field."""
_TEXTS = (
    *(ANY_TEXT, _PICTURE, "5", "16:9", "image", "12345678", "gen3a_turbo"),
    *("iVBORw0KGgo=", f"data:image/png;base64,{'iVBORw0KGgo='}", "adhere_1", "720p"),
)
_ROUNDS = 60


def iterate_id_paths(model: type[BaseModel]) -> Iterator[Path]:
    """Yield the way to each field of a model, and of the models in it, that reads like an id."""
    yield from (path for path in _iterate_paths(model, (), ()) if READS_LIKE_AN_ID.search(path[-1]))


def _iterate_paths(model: type[BaseModel], before: Path, seen: tuple[type, ...]) -> Iterator[Path]:
    for name, info in model.model_fields.items():
        yield (*before, name)
        for part in iterate_types(info.annotation):
            if is_model(part) and part not in seen:
                yield from _iterate_paths(part, (*before, name), (*seen, part))


def put_id(model: type[BaseModel], path: Path, id_: str) -> dict[str, Any]:
    """Return an input that has an id at a place, and what the model needs besides."""
    made: dict[str, Any] = {}
    for name, info in model.model_fields.items():
        if name == path[0]:
            part = next((one for one in iterate_types(info.annotation) if is_model(one)), None)
            value: Any = id_ if len(path) == 1 or part is None else put_id(part, path[1:], id_)
            made[name] = [value] if _is_list(info) else value
        elif info.is_required():
            made[name] = _make_least(info)
    return made


def merge_json(given: Any, more: Any) -> Any:
    """Return JSON with more of it: objects and the items of lists are joined, all else replaced."""
    if isinstance(given, dict) and isinstance(more, dict):
        return given | {name: merge_json(given.get(name), one) for name, one in more.items()}
    if isinstance(given, list) and isinstance(more, list):
        return [merge_json(one, two) for one, two in zip(given, more, strict=True)]
    return more


def make_accepted(
    submits: Submits, operation: str, given: Mapping[str, Any]
) -> dict[str, Any] | None:
    """Return an input that the adapter takes, changed where it finds fault; None for none found."""
    input_, tried = dict(given), dict[str, int]()
    for _ in range(_ROUNDS):
        try:
            submits.check(operation, input_)
        except InvalidRequest as error:
            path = error.fields[0].path
            place = tried[path] = tried.get(path, -1) + 1
            if place >= len(_TEXTS) or not _set(input_, path, _TEXTS[place]):
                return None
        else:
            return input_
    return None


def _set(holder: Any, path: str, value: str) -> bool:
    """Put a value at a path such as `a.b[0].c`; false where there is no such place."""
    *way, last = [int(one) if one.isdigit() else one for one in re.findall(r"[^.\[\]]+", path)]
    for step in way:
        try:
            holder = holder[step] if isinstance(step, int) else holder.setdefault(step, {})
        except (IndexError, AttributeError, KeyError, TypeError):
            return False
    try:
        holder[last] = value
    except (IndexError, TypeError):
        return False
    return True


def _is_list(info: FieldInfo) -> bool:
    return "list[" in str(info.annotation) or get_origin(info.annotation) is list


def _make_least(info: FieldInfo) -> Any:
    """Return some value that a required field may have."""
    if info.default is not PydanticUndefined:
        return info.default
    limits = {type(one): one for one in info.metadata}
    if _is_list(info):
        count = limits[MinLen].min_length if MinLen in limits else 1
        return [_make_one(info, limits) for _ in range(count)]
    return _make_one(info, limits)


def _make_one(info: FieldInfo, limits: Mapping[type, Any]) -> Any:
    for kind in iterate_types(info.annotation):
        if is_model(kind):
            return put_id(kind, ("",), "")
    literal = _choose_literal(info.annotation)
    if literal is not None:
        return literal
    kinds = list(iterate_types(info.annotation))
    if bool in kinds:
        return False
    if str not in kinds and (int in kinds or float in kinds):
        return limits[Ge].ge if Ge in limits else limits[Gt].gt + 1 if Gt in limits else 5
    return {"uri": _PICTURE} if dict in kinds or "dict[" in str(info.annotation) else _TEXTS[0]


def _choose_literal(annotation: Any) -> Any:
    if get_origin(annotation) is Literal:
        return get_args(annotation)[0]
    return next((one for inner in get_args(annotation) if (one := _choose_literal(inner))), None)
