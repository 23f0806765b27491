"""Which language somebody reads, and texts in it."""

import json
import re
import subprocess
import sys
from enum import StrEnum

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker.domain.delivery import EndpointState
from tracker.domain.runs import RunState
from tracker.domain.task import TaskState
from tracker.locale import LANGUAGES, choose_by_environment, choose_by_header, translate
from tracker.services.submit.actions import NOT_UNCERTAIN


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("", "en"),
        ("zh", "zh-CN"),
        ("ZH-hans-CN", "zh-CN"),
        ("zh-TW,zh;q=0.8", "zh-CN"),
        ("en-US,en;q=0.9,zh;q=0.8", "en"),
        ("de,zh;q=0.5,en;q=0.4", "zh-CN"),
        ("fr", "en"),
        ("zh;q=0", "en"),
        ("zh;q=0.1, *;q=0.5", "en"),
        ("*", "en"),
        ("zh;q=nonsense", "en"),
        (",,;;", "en"),
        ("zh, en", "zh-CN"),
        ("en, zh", "en"),
    ],
)
def test_accept_language(header: str, language: str) -> None:
    assert choose_by_header(header) == language


@given(st.text())
def test_any_header_names_a_language(header: str) -> None:
    assert choose_by_header(header) in LANGUAGES
    assert choose_by_header(f"{header},zh") in LANGUAGES


@pytest.mark.parametrize(
    ("variables", "language"),
    [
        ({}, "en"),
        ({"LANG": "zh_CN.UTF-8"}, "zh-CN"),
        ({"LANG": "C.UTF-8"}, "en"),
        ({"LANG": "zh_CN.UTF-8", "LC_ALL": "C"}, "en"),
        ({"LANG": "en_GB.UTF-8", "LC_MESSAGES": "zh_SG@stroke"}, "zh-CN"),
        ({"LANG": "zh_CN.UTF-8", "LC_ALL": ""}, "zh-CN"),
    ],
)
def test_the_variables_of_a_shell(variables: dict[str, str], language: str) -> None:
    assert choose_by_environment(variables) == language


@given(st.text(st.characters(exclude_categories=["L", "P"]), max_size=3000))
def test_a_text_of_no_catalogue_stays_as_it_is(text: str) -> None:
    assert translate(f"~{text}", "zh-CN") == f"~{text}"


@pytest.mark.parametrize(
    ("text", "wording"),
    [
        (
            "TRACKER_CONFIG: a.toml: accounts.x.y.api_key: NOPE is not set in the environment",
            "TRACKER_CONFIG：a.toml：accounts.x.y.api_key：环境中没有设置 NOPE",
        ),
        ("TRACKER_CONFIG: a.toml: nobody says so", "TRACKER_CONFIG: a.toml: nobody says so"),
        ("https://a.example is called with api_key", "https://a.example，使用 api_key"),
        ("nobody goes with it", "nobody goes with it"),
    ],
)
def test_only_the_text_behind_a_name_is_translated(text: str, wording: str) -> None:
    assert translate(text, "zh-CN") == wording


@pytest.mark.parametrize(
    "text",
    [
        *("", "{", '{"a"', '{"a":1 "b"', "[1 2", "{} x", '"abc', '"a\nb"', '"\\x"', '"\\u12"'),
        *("[1,]", '{"a":1,}', "[", "nul", "[1"),
    ],
)
def test_whatever_the_parser_of_json_says_is_translated(text: str) -> None:
    with pytest.raises(json.JSONDecodeError) as found:
        json.loads(text)
    told = translate(f"not JSON: {found.value}", "zh-CN")
    assert re.findall(r"[a-z]{2,} [a-z]{2,}", told) == []


@pytest.mark.parametrize(
    ("text", "states"),
    [
        ("it is {}; resume it first", EndpointState),
        ("it is {}; failed, cancelled and expired ones are resubmitted", TaskState),
        (NOT_UNCERTAIN, TaskState),
        ("it is {}: there is nothing to cancel", TaskState),
        ("it is {}: there is nothing to stop", RunState),
    ],
)
def test_a_state_that_a_refusal_names_is_translated(text: str, states: type[StrEnum]) -> None:
    told = [translate(text.format(state), "zh-CN") for state in states]
    assert [one for one in told if re.search("[a-z]", one)] == []


def test_nothing_is_loaded_for_english() -> None:
    code = (
        "import sys; from tracker import locale; locale.translate('is required', 'en');"
        "print([m for m in sys.modules if 'zh_cn' in m or m.startswith(('pydantic', 'starlette'))])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
