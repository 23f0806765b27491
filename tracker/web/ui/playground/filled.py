"""A form that is filled in: read from what was sent or from an input, and turned into an input."""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tracker.web.ui.frame.forms import SentForm
from tracker.web.ui.playground.fields import InputField

PREFIX = "input."
REST = "rest"
"""The field for whatever has none of its own, as a JSON object."""
_ROW = re.compile(r"\[(\d{1,3})\]")


@dataclass(frozen=True, slots=True)
class FilledForm:
    """Values of fields as they stand in the form, by their paths: `image_list[2].image`.

    rest: the text of the field for whatever else. rows: how many rows each list shows.
    """

    values: Mapping[str, str]
    rest: str
    rows: Mapping[str, int]

    def get_value(self, path: str) -> str:
        """Return what stands in a field; empty for nothing."""
        return self.values.get(path, "")


def parse_form(fields: Sequence[InputField], form: SentForm, *, grown: str = "") -> FilledForm:
    """Read what was sent. grown: the list that is to have one more row."""
    values = {
        name.removeprefix(PREFIX): form.get_text(name)
        for name in form.fields
        if name.startswith(PREFIX)
    }
    return FilledForm(values, form.get_text(REST), _count_rows(fields, values, grown))


def fill_form(fields: Sequence[InputField], given: Mapping[str, Any]) -> FilledForm:
    """Fill a form with an input, such as an example; what has no field goes to the rest."""
    values: dict[str, str] = {}
    left = dict(given)
    for field in fields:
        if field.name not in left:
            continue
        value = left[field.name]
        texts = _list_texts(field, field.name, value)
        if texts is not None:
            values |= texts
            del left[field.name]
    rest = json.dumps(left, ensure_ascii=False, indent=1) if left else ""
    return FilledForm(values, rest, _count_rows(fields, values, ""))


def read_input(fields: Sequence[InputField], filled: FilledForm) -> tuple[dict[str, Any], bool]:
    """Return the input that a form means, and whether its rest is a JSON object, or empty.

    A value that its field cannot have is passed on as text: the operation's check names it.
    """
    made: dict[str, Any] = {}
    for field in fields:
        value = _read_value(field, field.name, filled)
        if value is not None:
            made[field.name] = value
    if not filled.rest.strip():
        return made, True
    try:
        rest = json.loads(filled.rest)
    except (ValueError, RecursionError):
        return made, False
    return ({**made, **rest}, True) if isinstance(rest, dict) else (made, False)


def _list_texts(field: InputField, path: str, value: Any) -> dict[str, str] | None:
    """Return the texts of a field and of its rows; None where they cannot hold the value."""
    if field.kind != "list":
        return {path: _format_text(field, value)}
    if not isinstance(value, list) or len(value) > field.most_rows:
        return None
    texts: dict[str, str] = {}
    for number, item in enumerate(value):
        row = f"{path}[{number}]"
        if [one.name for one in field.items] == [""]:
            texts[row] = _format_text(field.items[0], item)
            continue
        known = {one.name: one for one in field.items}
        if not isinstance(item, dict) or not item.keys() <= known.keys():
            return None
        texts |= {f"{row}.{name}": _format_text(known[name], one) for name, one in item.items()}
    return texts


def _format_text(field: InputField, value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, str) and field.kind != "json":
        return value
    return json.dumps(value, ensure_ascii=False)


def _read_value(field: InputField, path: str, filled: FilledForm) -> Any:
    """Return the value of a field; None where nothing was given."""
    if field.kind != "list":
        return _parse(field, filled.get_value(path))
    rows = []
    for number in range(filled.rows[path]):
        row = f"{path}[{number}]"
        if [one.name for one in field.items] == [""]:
            item = _parse(field.items[0], filled.get_value(row))
        else:
            parts = {one.name: _read_value(one, f"{row}.{one.name}", filled) for one in field.items}
            item = {name: one for name, one in parts.items() if one is not None} or None
        if item is not None:
            rows.append(item)
    return rows or None


def _parse(field: InputField, text: str) -> Any:
    if not text.strip():
        return None
    if field.kind == "text":
        return text
    if field.kind == "choice":
        return next((one for one in field.choices if _format_text(field, one) == text), text)
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def _count_rows(
    fields: Iterable[InputField], values: Mapping[str, str], grown: str
) -> dict[str, int]:
    """Return how many rows each list shows: all that were given, and one to begin with."""
    rows = {}
    for field in fields:
        if field.kind != "list":
            continue
        given = [
            int(found[1])
            for path in values
            if path.startswith(f"{field.name}[") and (found := _ROW.search(path))
        ]
        count = max(given, default=0) + 1 + (grown == field.name)
        rows[field.name] = min(count, field.most_rows)
    return rows
