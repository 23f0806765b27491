"""Payloads on pages that take texts from their address or a form, without a browser.

Whatever comes is answered, is text, and shows what would hide.
"""

import json
import re
from collections.abc import Iterator
from html import unescape

import httpx
import pytest

from tests.support.dashboard import Person, open_session
from tests.support.hostile import DIGITS, MARKUP
from tests.support.keys import build_bearer
from tests.support.requests import submit
from tests.web.conftest import Shared
from tracker.web.ui.frame.visible import HIDDEN

TRIED = {"provider": "kling", "operation": "videos/multi-image2video"}
LONG = 40_000
"""Characters: a form may have 64 KiB."""
TEXTS = {
    "markup": MARKUP
    + '</style><style>*{display:none}</style>" style="inset:0" x="&lt;b&gt;&#60;b>',
    "turned": "\u202egnp.exe\u2066 \u05d0\u05d1\u05d2 \u0627\u0644\u0639",
    "unseen": "a\u200bb\ufeffc\u00add\u2028e\u2029f\u0085g аdmin",  # the last in Cyrillic, too
    "shell": "__proto__'; touch x; $(touch x) `touch x` \\ !! %n \t=1+1",
    "pictures": "👩‍👩‍👧‍👦🏳️‍🌈🇨🇳 ✔️",
    "control": "\x01\x07\x08\x7f\x9b31m",
    "terminal": "\x1b[2J\x1b]0;owned\x07\x1b[31mred",
    "nul": "a\x00b",
    "template": "{{ 7777*7777 }}{% include '/etc/passwd' %}${7777*7777}<%=7777*7777%>",
    "digits": DIGITS.decode() * 10,
    "infinite": "1e999999",
    "deep": "[" * 10_000 + "]" * 10_000,
    "long": "长" * (LONG // 9),
}
MADE_BY_MARKUP = re.compile(r'<script>|<style>|<img |<a href="javascript| style="', re.IGNORECASE)
"""Elements of a payload, as a browser would take them for markup."""
TEXT = r'(?:<textarea[^>]*>\n?|<input(?! type)[^>]* value=")(.*?)(?:</textarea>|")'
"""A field's text, escaped."""
FIELDS = re.compile(r'value="[^"]*"|<textarea[^>]*>.*?</textarea>', re.DOTALL)
"""Hold a text as it is sent back."""


@pytest.fixture(scope="module")
def person(shared_idle: Shared) -> Iterator[Person]:
    with open_session(shared_idle.url, shared_idle.database_url, tenant="zoo") as one:
        yield one


@pytest.mark.parametrize("name", TEXTS)
def test_whatever_is_asked_for_is_text(person: Person, name: str) -> None:
    short = TEXTS[name][:800]  # an address is no longer
    for path, query in (
        ("/find", {"q": short}),
        ("/audit", {"action": short}),
        ("/audit", {"target": short}),
        ("/bulk", {"metadata.order": short}),
        ("/bulk", {"external_task_id": short}),
        ("/bulk/new", {"action": "cancel", "operation": short}),
        ("/bulk/new", {"action": short}),
        ("/try", {"provider": "kling", "operation": short}),
        ("/try", {**TRIED, "from": short}),
        ("/tasks", {"metadata.order": short}),
        ("/deliveries", {"endpoint_id": short}),
    ):
        check(person.get(path, **query), {200, 303, 400, 404, 422})


@pytest.mark.parametrize("name", TEXTS)
def test_whatever_a_form_holds_is_text(person: Person, name: str) -> None:
    text = TEXTS[name]
    fields = ("input.prompt", "input.mode", "input.image_list[0].image", "rest")
    for do, filled in (
        ("check", {"input.prompt": text}),
        ("check", {"rest": json.dumps({"prompt": text})}),
        ("submit", dict.fromkeys(fields, text[:4000])),
        ("more:image_list", dict.fromkeys(fields, text[:4000])),
        ("check", {"account": text}),
        ("check", {"scenario": text}),
    ):
        answer = person.send("/try", **TRIED, once=f"{name}-{do}", do=do, **filled)
        check(answer, {200, 303, 400, 404, 413, 422})
    check(person.send("/bulk", token=text), {400, 413, 422})
    check(person.send("/keys", name=text, scope=["tasks:read"], kind="key"), {201, 413, 422})
    for path in ("/keys", "/audit"):
        check(person.get(path), {200})


def test_a_long_text_comes_back_exactly_from_every_field_of_the_form(person: Person) -> None:
    page = person.see("/try", **TRIED)
    fields = re.findall(r'<(?:textarea|input(?! type))[^>]* name="([^"]+)"', _form(page))
    assert {"input.prompt", "input.callback_url", "rest"} <= set(fields)
    text = MARKUP + "x" * LONG
    for field in fields:
        answer = person.send("/try", **TRIED, once="long", do="check", **{field: text})
        assert answer.status_code in {200, 422}, field
        check(answer, {200, 422})
        assert text in map(unescape, re.findall(TEXT, _form(answer.text), re.DOTALL)), field


def _form(page: str) -> str:
    """Return the form that is tried."""
    return page[page.index('id="tried"') :].partition("</form>")[0]


def test_what_tasks_hold_is_text_where_they_are_chosen_and_tried(person: Person) -> None:
    person.http.headers.update(build_bearer(person.key))
    ids = []
    for name in ("markup", "turned", "pictures", "template", "digits"):
        text = TEXTS[name]
        task = submit(person.http, external_task_id=text[:200], metadata={"order": text})
        ids.append(task["id"])
    check(person.get("/bulk/new", action="cancel", state="queued"), {200})
    check(person.get("/tasks/cancel/confirm", ids=ids), {200})
    for id_ in ids:
        check(person.get("/try", **{"from": id_}), {200})


def check(answer: httpx.Response, statuses: set[int]) -> None:
    """Check that an answer is one of these, and that nothing of a payload works on its page."""
    assert answer.status_code in statuses, (answer.status_code, str(answer.url)[:200])
    if "text/html" not in answer.headers.get("content-type", ""):
        return
    page = answer.text
    assert MADE_BY_MARKUP.findall(page) == []
    assert not re.search(r"<[^>]*\shx-get", re.sub(r'="[^"]*"', "", page))
    assert str(7777 * 7777) not in page
    shown = FIELDS.sub("", page)
    hidden = {found for found in HIDDEN.findall(shown) if found not in "\n\t"}
    assert hidden == set(), answer.url
