"""Each finding about a body names its field."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from itertools import combinations
from typing import Any

import pytest
from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from tracker.domain.errors import FieldError, InvalidRequest
from tracker.domain.validation import list_field_errors
from tracker.providers.registry import PROVIDERS
from tracker.web.api.openapi import list_operations
from tracker.web.routes import ROUTES

BODIES = {said.body.__name__: said.body for _, _, said in list_operations(ROUTES) if said.body}
SIMPLE: Mapping[str, Any] = {
    "string": "a",
    "integer": 1,
    "number": 1,
    "boolean": True,
    "object": {},
    "array": [],
}


def _plausible(schema: Mapping[str, Any], defs: Mapping[str, Any]) -> Any:
    """Return a value of a schema's kind."""
    if "$ref" in schema:
        return _plausible(defs[schema["$ref"].rpartition("/")[2]], defs)
    for one in schema.get("anyOf", ()):
        return _plausible(one, defs)
    if "const" in schema or "enum" in schema:
        return schema.get("const", *schema.get("enum", [None])[:1])
    if schema.get("type") == "array":
        return [_plausible(schema.get("items", {}), defs)]
    if needed := schema.get("required"):
        return {name: _plausible(schema["properties"][name], defs) for name in needed}
    return SIMPLE.get(schema.get("type", "string"))


def _inputs(model: Any, most: int) -> Iterator[dict[str, Any]]:
    """Yield a body with what is needed, with any few of its fields besides, and without."""
    schema = TypeAdapter(model).json_schema(by_alias=True)
    defs = schema.get("$defs", {})
    fields = {name: _plausible(one, defs) for name, one in schema.get("properties", {}).items()}
    needed = {name: fields[name] for name in schema.get("required", ())}
    for count in range(most + 1):
        for names in combinations(fields, count):
            given = {name: fields[name] for name in names}
            yield given
            yield needed | given


def _findings(
    given: dict[str, Any], check: Callable[[dict[str, Any]], object]
) -> Sequence[FieldError]:
    try:
        check(given)
    except ValidationError as error:
        return list_field_errors(error)
    except InvalidRequest as error:
        return error.fields
    return ()


@pytest.mark.parametrize("name", sorted(BODIES))
def test_every_finding_about_a_body_of_the_api_names_a_field(name: str) -> None:
    for given in _inputs(BODIES[name], 2):
        found = _findings(given, BODIES[name].model_validate)
        assert all(one.path for one in found), (given, found)


@pytest.mark.parametrize("name", sorted(PROVIDERS))
def test_every_finding_about_an_input_names_a_field(name: str) -> None:
    submits = PROVIDERS[name].submits
    for operation in submits.operations:
        for given in _inputs(submits.get_input_model(operation), 1):
            found = _findings(given, partial(submits.check, operation))
            assert all(one.path for one in found), (operation, given, found)


@pytest.mark.parametrize("wrong", ["zz", [{"zz": 1}]])
def test_no_finding_names_a_type_that_was_tried_in_the_place_of_a_field(wrong: object) -> None:
    """A field that takes several types is one field: `duration`, and not `duration.int`."""
    paths = {
        one.path.removeprefix(field)
        for provider in PROVIDERS.values()
        for operation in provider.submits.operations
        for model in filter(None, [provider.submits.get_input_model(operation)])
        for field in model.model_fields
        for one in _findings({field: wrong}, partial(provider.submits.check, operation))
        if one.path.startswith((f"{field}.", f"{field}["))
    }
    assert not [path for path in paths if re.search(r"\.(int|float|str|[a-z-]+\[.*)\b|-", path)]


def test_what_each_type_of_a_field_would_need_is_said() -> None:
    found = _findings(
        {"model": "gen4_turbo", "promptImage": "https://p.example/a.png", "duration": "long"},
        partial(PROVIDERS["runway"].submits.check, "image_to_video"),
    )
    assert [(one.path, one.reason) for one in found] == [
        ("duration", "must be a whole number; or must be a number")
    ]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")

    duration: int | float = 5


@pytest.mark.parametrize("name", ["int", "float", "str", "list[int]"])
def test_an_unknown_field_that_is_called_like_a_type_is_named(name: str) -> None:
    with pytest.raises(ValidationError) as refused:
        _Strict.model_validate({name: 1, "duration": [1]})
    assert [one.path for one in list_field_errors(refused.value)] == ["duration", name]


@pytest.mark.parametrize("name", ["int", "float", "str", "list[int]"])
def test_a_key_of_an_object_that_is_called_like_a_type_is_named(name: str) -> None:
    given = {"model": "gpt-image-1", "input": "x", "metadata": {name: 5}}
    found = _findings(given, partial(PROVIDERS["openai"].submits.check, "responses"))
    assert [one.path for one in found] == [f"metadata.{name}"]
