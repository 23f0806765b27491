"""Tables and values as people see them, at every width and whatever stands in them."""

import json
import unicodedata
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker.cli.history import print_history, print_task
from tracker.cli.shared import emit_json, print_fields
from tracker.cli.table import Column, print_table
from tracker.cli.visible import cut, escape_hidden, fold, measure_width
from tracker.cli.words import format_age, format_value

ID = "01a22282-2f8a-741a-8017-2b98c1793f98"
COLUMNS = (
    Column("id", "id"),
    Column("state", "state"),
    Column("operation"),
    Column("updated_at", "time"),
    Column("external_task_id"),
    Column("message", "text"),
)
ROW = {
    "id": ID,
    "state": "succeeded",
    "operation": "videos/multi-image2video",
    "updated_at": "2026-11-28T14:14:49.188Z",
    "external_task_id": "order-1001",
    "message": "根据参考图片生成连贯的动作视频" * 5,
}
STEERING = [
    "\x1b[31mred",
    "a\x9b2Jb",
    "\u202eevil\u202c",
    "\x07",
    "\u2066x\u2069",
    "a\rb\nc",
    "\u200b",
]


def shown(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    columns: int,
    rows: Sequence[Mapping[str, Any]] = (ROW,),
    **options: bool,
) -> list[str]:
    """The lines of a table on a terminal of so many columns."""
    monkeypatch.setenv("COLUMNS", str(columns))
    print_table("tasks", COLUMNS, rows, **options)
    return capsys.readouterr().out.splitlines()


@pytest.mark.parametrize("columns", [36, 60, 80, 100, 120, 200])
def test_an_id_is_whole_at_every_width_and_no_line_is_wider_than_the_terminal(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], columns: int
) -> None:
    lines = shown(monkeypatch, capsys, columns)
    assert lines[-1].startswith(ID)
    assert len(lines) == 3
    assert max(map(measure_width, lines)) <= columns


def test_at_80_columns_what_matters_stands_whole(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    header, row = shown(monkeypatch, capsys, 80)[1:]
    assert header.split() == ["id", "state", "operation", "age"]
    assert row.split()[:3] == [ID, "succeeded", "videos/multi-image2video"]


def test_what_is_left_out_is_named_and_wide_shows_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    print_table("tasks", COLUMNS, [ROW])
    said = capsys.readouterr()
    assert "external_task_id, message (--wide shows all)" in said.err
    monkeypatch.setenv("COLUMNS", "40")
    print_table("tasks", COLUMNS, [ROW])
    narrow = capsys.readouterr().err
    assert max(map(measure_width, narrow.splitlines())) <= 40
    assert "message (--wide shows all)" in " ".join(narrow.split())
    wide = shown(monkeypatch, capsys, 80, wide=True)
    assert wide[1].split() == [column.name for column in COLUMNS]
    assert ROW["message"] in wide[2]


def test_a_long_text_gives_way_with_an_ellipsis(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    line = shown(monkeypatch, capsys, 130)[2]
    assert line.endswith("…")
    assert "order-1001" in line
    assert "2026-11-28T14:14:49Z" in line


def test_states_have_colours_on_a_terminal_only(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "\x1b" not in "".join(shown(monkeypatch, capsys, 80))


@pytest.mark.parametrize(
    "text",
    [
        "ERROR  kling/default: could not be reached: see why `curl -I https://x` gets no answer",
        "ERROR  kling/default: 回调网址（UTC）中的令牌，可能在途中被读取；见 `tracker doctor`。",
    ],
)
def test_a_line_is_folded_between_words_and_no_command_is_broken(text: str) -> None:
    lines = fold(text, 30, 7).splitlines()
    assert max(map(measure_width, lines)) <= 30
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")
    assert all(line.startswith(" " * 7) and line[7] not in "，。；） " for line in lines[1:])
    assert all(line.count("`") in (0, 2) for line in lines)
    assert fold(text, None) == text


def test_a_table_without_rows_says_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert shown(monkeypatch, capsys, 80, rows=()) == ["tasks", "(none)"]


@pytest.mark.parametrize("text", STEERING)
def test_nothing_from_outside_steers_a_terminal(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], text: str
) -> None:
    row = {**ROW, "id": text, "message": text, "state": text, "operation": text}
    print_table("tasks", COLUMNS, [row], wide=True)
    task = row | {"result": {"artifacts": [{"kind": text, "url": text}]}, "metadata": {text: text}}
    print_task(task | {"error": {"type": "provider", "code": text, "message": text}})
    print_fields({"list": [text], "value": text})
    step = dict.fromkeys(("version", "at", "from", "to", "source", "message", "evidence"), None)
    step |= {"to": text, "message": text}
    print_history({"transitions": [step], "attempts": [], "receipts": [], "deliveries": []})
    emit_json({"a": text, text: [text]})
    printed = capsys.readouterr().out
    assert [c for c in printed if _steers(c) and c != "\n"] == []
    assert json.loads(printed.splitlines()[-1]) == {"a": text, text: [text]}


@given(st.text())
def test_visible_text_is_one_line_that_steers_nothing(text: str) -> None:
    made = escape_hidden(text)
    assert not any(_steers(character) for character in made)
    assert made.splitlines() in ([], [made])
    assert escape_hidden(made) == made


@given(st.text(), st.integers(1, 40))
def test_a_cut_text_fits(text: str, columns: int) -> None:
    made = cut(escape_hidden(text), columns)
    assert measure_width(made) <= columns


def test_no_value_of_python_is_shown() -> None:
    cost = {"kind": "unit", "amount": "2", "unit": None, "currency": None, "list_price": None}
    cash = cost | {"kind": "cash", "amount": "0.14", "currency": "USD"}
    assert format_value([cost, cash]) == "2 unit, 0.14 USD"
    values: list[Any] = [None, True, False, [], {}, ["a", "b"]]
    assert [format_value(value) for value in values] == ["", "yes", "no", "", "", "a, b"]
    assert format_value({"task.failed": 3, "none": None}) == "task.failed=3"
    assert (format_value(0.5), format_value(100.0), format_value(7)) == ("0.5", "100", "7")


def test_ages_are_short_and_tell_what_is_still_to_come() -> None:
    at = "2026-11-28T14:00:00.000Z"
    then = datetime.fromisoformat(at)
    for passed, told in (
        (timedelta(seconds=0), "0s"),
        (timedelta(minutes=2.5), "2m"),
        (timedelta(days=40), "40d"),
        (timedelta(hours=-3), "+3h"),
    ):
        assert format_age(at, then + passed) == told


def _steers(character: str) -> bool:
    kind = unicodedata.category(character)
    return (
        kind in {"Cc", "Cs", "Zl", "Zp"}
        or (
            kind == "Cf"
            and unicodedata.bidirectional(character)
            in {"LRE", "RLE", "PDF", "LRO", "RLO", "LRI", "RLI", "FSI", "PDI"}
        )
        or character in "\u200b\u200e\u200f\ufeff"
    )
