"""Rules that hold for every template, word and file of the dashboard."""

import hashlib
import re
import string
import sys
import unicodedata
from importlib import import_module
from pathlib import Path

import pytest

from tests.support.service import ROOT
from tracker.locale import ENGLISH, SIMPLIFIED_CHINESE
from tracker.locale.texts import PARTS, load_provider_texts
from tracker.web.ui.audit import list_known_actions
from tracker.web.ui.frame import render
from tracker.web.ui.frame.files import FOLDER as STATIC
from tracker.web.ui.frame.files import list_static_files
from tracker.web.ui.frame.render import FOLDER as TEMPLATES
from tracker.web.ui.frame.render import build_environment
from tracker.web.ui.frame.visible import HIDDEN, escape_hidden
from tracker.web.ui.frame.words import Wording, load_catalogue

_CHINESE_WORDS = load_catalogue(SIMPLIFIED_CHINESE)
PAGES = sorted(TEMPLATES.rglob("*.html"))
BANNED = {
    r"\|\s*safe\b": "markup comes from templates alone",
    r"\bMarkup\(": "markup comes from templates alone",
    r"autoescape\s+false": "everything is escaped",
    r"<style|\sstyle=": "the policy allows no inline style",
    r"<script(?![^>]*\ssrc=)": "the policy allows no inline script",
    r"\son[a-z]+=": "the policy allows no inline handler",
    r"\bhx-on\b|\bjs:|\bjavascript:": "htmx must evaluate nothing",
    r"<pre(?![^>]*\stabindex)": "what scrolls is reached by the keyboard",
    r"https?://": "nothing comes from another origin",
}


@pytest.mark.parametrize("pattern", BANNED)
def test_templates_hold_nothing_that_is_banned(pattern: str) -> None:
    found = [
        f"{path.name}:{number}: {line.strip()}"
        for path in PAGES
        for number, line in enumerate(path.read_text().splitlines(), start=1)
        if re.search(pattern, line)
    ]
    assert found == [], BANNED[pattern]


def test_every_template_compiles_and_none_may_say_safe() -> None:
    for path in PAGES:
        build_environment().get_template(str(path.relative_to(TEMPLATES)))
    assert "safe" not in build_environment().filters


def _slots(wording: Wording) -> set[str]:
    texts = (wording,) if isinstance(wording, str) else wording
    return {name for text in texts for _, name, _, _ in string.Formatter().parse(text) if name}


def test_every_action_of_the_audit_has_words_on_its_page() -> None:
    text = "\n".join(path.read_text() for path in (ROOT / "tracker").rglob("*.py"))
    given = re.findall(r"\baction=(\"[a-z.]+[a-z_]*\")|begin_action\((.*)\)\n", text)
    named = {one for parts in given for one in re.findall(r'"([a-z]+\.[a-z_]+)"', "".join(parts))}
    named.discard("tasks.act_on_many")  # named by what it does
    assert len(named) > 20
    assert sorted(named - set(list_known_actions())) == []


def test_both_languages_have_the_same_words_with_the_same_slots() -> None:
    english, chinese = load_catalogue(ENGLISH), load_catalogue(SIMPLIFIED_CHINESE)
    assert sorted(english.keys() ^ chinese.keys()) == []
    unlike = [key for key in english if _slots(english[key]) != _slots(chinese[key])]
    assert unlike == []


def test_every_word_that_a_template_names_is_there() -> None:
    named = {
        key
        for path in PAGES
        for key in re.findall(r"""\b_\(\s*["']([a-z0-9.-]+)["']\s*[,)]""", path.read_text())
    }
    assert named
    assert sorted(named - load_catalogue(ENGLISH).keys()) == []


def test_chinese_words_hold_chinese() -> None:
    """Names, units and codes may be as they are; sentences may not."""
    sentences = {
        key: wording
        for key, wording in _CHINESE_WORDS.items()
        if re.search(r"[A-Za-z]{2,} [a-z]{2,} [a-z]{2,}", str(wording))
    }
    assert sentences == {}


def test_chinese_texts_have_chinese_punctuation() -> None:
    texts = [*load_provider_texts(SIMPLIFIED_CHINESE).values(), *map(str, _CHINESE_WORDS.values())]
    for part in PARTS:
        texts += import_module(f"tracker.locale.zh_cn.{part}").TEXTS.values()
    chinese, code = "[\u4e00-\u9fff]", re.compile("`[^`]*`|data: ")
    wrong = re.compile(rf"{chinese}[ }}]?[,;:!?()]|[,;:!?)] ?{chinese}|\\}}: \\{{")
    assert [text for text in texts if wrong.search(code.sub("", text))] == []


def test_what_is_vendored_is_what_was_published() -> None:
    folder = STATIC / "htmx"
    sums = dict(line.split()[::-1] for line in (folder / "SHA256SUMS").read_text().splitlines())
    assert set(sums) == {"htmx.min.js", "hx-sse.min.js"}
    for name, digest in sums.items():
        assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == digest
    assert "Zero-Clause BSD" in (folder / "LICENSE").read_text()


def test_no_two_files_have_one_name_and_the_own_script_is_small() -> None:
    names = [path.name for path in STATIC.rglob("*") if path.suffix in {".css", ".js", ".svg"}]
    assert sorted(names) == sorted(list_static_files())
    assert len((STATIC / "ui.js").read_bytes()) <= 12 * 1024


def test_static_files_name_no_other_origin() -> None:
    ours = [STATIC / "ui.js", STATIC / "ui.css"]
    assert [
        path.name for path in ours if re.search(r"https?://|[\"'(]//[a-z]", path.read_text())
    ] == []


def test_whatever_is_hidden_is_shown() -> None:
    every = "".join(map(chr, range(sys.maxunicode + 1)))
    shown = set(HIDDEN.findall(every))
    kinds = {"Cc", "Cf", "Zl", "Zp", "Cs"}
    hidden = {char for char in every if unicodedata.category(char) in kinds} - {"\t", "\n"}
    assert hidden - shown == set()
    assert not {char for char in shown if unicodedata.category(char) in {"Lu", "Ll", "Nd", "Zs"}}
    assert escape_hidden("a\u202eb\x00 \U000e0041") == "a\\u202Eb\\u0000 \\U000E0041"
    assert escape_hidden("任务 ✔️ 👍") == "任务 ✔️ 👍"
    stacked = "e\u0302\u0301\u0323\u0308"
    assert escape_hidden(f"{stacked}\u0300\u20d7x") == f"{stacked}\\u0300\\u20D7x"
    family = "\U0001f469\u200d\u2764\ufe0f\u200d\U0001f467"  # one picture of three
    assert escape_hidden(f"{family} a\u200db") == f"{family} a\\u200Db"


def test_no_template_hides_a_function_that_pages_are_given() -> None:
    """One whose loop calls its value `amount` cannot call the function of that name."""
    given = set(re.findall(r'^        "(\w+)": ', Path(render.__file__).read_text(), re.MULTILINE))
    assert {"amount", "at", "url"} <= given
    bound = re.compile(r"\{%-? *(?:for|set) ([\w, ()]+?) (?:in|=) ")
    hidden = {
        (path.name, name)
        for path in TEMPLATES.rglob("*.html")
        for names in bound.findall(path.read_text())
        for name in re.findall(r"\w+", names)
        if name in given
    }
    assert hidden == set()
