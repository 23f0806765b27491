"""Forms of every operation: its schema is shown whole, and its example comes through unchanged."""

import json
from typing import Any

import pytest

from tracker.providers.registry import PROVIDERS
from tracker.web.ui.frame.forms import SentForm
from tracker.web.ui.playground.fields import InputField, list_fields
from tracker.web.ui.playground.filled import (
    PREFIX,
    REST,
    FilledForm,
    fill_form,
    parse_form,
    read_input,
)

EXAMPLES = {
    f"{name} {title}": (name, body["operation"], body["input"])
    for name in PROVIDERS
    for title, body in PROVIDERS[name].examples.items()
    if PROVIDERS[name].submits.get_input_model(body["operation"]) is not None
}
SCHEMA = {
    "$defs": {"Item": {"properties": {"url": {"type": "string"}, "n": {"type": "integer"}}}},
    "required": ["items"],
    "properties": {
        "size": {"anyOf": [{"type": "integer", "minimum": 1, "maximum": 4}, {"type": "null"}]},
        "mode": {"enum": ["std", "pro", 3], "default": "std"},
        "on": {"type": "boolean"},
        "tags": {"type": "array", "items": {"type": "string"}, "maxItems": 3},
        "items": {"type": "array", "items": {"$ref": "#/$defs/Item"}},
        "odd": {"anyOf": [{"type": "string"}, {"type": "integer"}]},
        "deep": {"type": "object"},
    },
}


def _schema(provider: str, operation: str) -> dict[str, Any]:
    model = PROVIDERS[provider].submits.get_input_model(operation)
    assert model is not None
    return model.model_json_schema(by_alias=True)


def _sent(filled: FilledForm) -> SentForm:
    fields = {f"{PREFIX}{path}": [text] for path, text in filled.values.items()}
    return SentForm({**fields, REST: [filled.rest]})


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_comes_through_its_form_unchanged(name: str) -> None:
    provider, operation, given = EXAMPLES[name]
    fields = list_fields(_schema(provider, operation))
    read = parse_form(fields, _sent(fill_form(fields, given)))
    assert read_input(fields, read) == (given, True)


def test_each_shape_has_its_field() -> None:
    found = {one.name: one for one in list_fields(SCHEMA)}
    assert next(iter(found)) == "items"  # what must be given comes first
    kinds = {name: one.kind for name, one in found.items()}
    assert kinds == {
        "items": "list",
        "size": "number",
        "mode": "choice",
        "on": "flag",
        "tags": "list",
        "odd": "json",
        "deep": "json",
    }
    size = found["size"]
    assert (size.least, size.most, size.is_whole) == (1, 4, True)
    assert found["tags"].most_rows == 3


def test_values_are_typed_and_what_cannot_be_is_passed_on_to_be_named() -> None:
    fields = list_fields(SCHEMA)
    form = SentForm(
        {
            f"{PREFIX}size": ["9"],
            f"{PREFIX}mode": ["3"],
            f"{PREFIX}on": ["true"],
            f"{PREFIX}tags[0]": ["a"],
            f"{PREFIX}tags[2]": ["b"],
            f"{PREFIX}items[0].url": ["u"],
            f"{PREFIX}items[0].n": ["many"],
            f"{PREFIX}items[1].url": [" "],
            f"{PREFIX}odd": ["not json"],
            f"{PREFIX}deep": ['{"a": 12345678901234567890123}'],
            REST: ['{"more": null}'],
        }
    )
    made, is_whole = read_input(fields, parse_form(fields, form))
    assert is_whole
    assert made == {
        "size": 9,
        "mode": 3,
        "on": True,
        "tags": ["a", "b"],
        "items": [{"url": "u", "n": "many"}],
        "odd": "not json",
        "deep": {"a": 12345678901234567890123},
        "more": None,
    }


@pytest.mark.parametrize("rest", ["[1]", "{", "[" * 5000])
def test_a_rest_that_is_no_object_is_told(rest: str) -> None:
    fields: list[InputField] = []
    assert read_input(fields, FilledForm({}, rest, {})) == ({}, False)


def test_lists_grow_up_to_their_bound() -> None:
    fields = list_fields(SCHEMA)
    filled = fill_form(fields, {"tags": ["a", "b"]})
    assert filled.rows == {"items": 1, "tags": 2}
    grown = parse_form(fields, _sent(filled), grown="tags")
    assert grown.rows["tags"] == 3
    many = parse_form(fields, SentForm({f"{PREFIX}tags[999]": ["x"]}), grown="tags")
    assert many.rows["tags"] == 3


def test_what_no_field_can_hold_stands_in_the_rest() -> None:
    fields = list_fields(SCHEMA)
    given = {"items": [{"url": "u", "else": 1}], "new": [1]}
    filled = fill_form(fields, given)
    assert json.loads(filled.rest) == given
