"""The guide of the first day names what stands on the pages."""

import re

import pytest

from tests.support.service import ROOT
from tracker.locale import ENGLISH, SIMPLIFIED_CHINESE, Language
from tracker.web.ui.frame.words import load_catalogue


@pytest.mark.parametrize(
    ("name", "language"),
    [("first-day.md", ENGLISH), ("first-day.zh-CN.md", SIMPLIFIED_CHINESE)],
)
def test_labels_of_the_guide_stand_on_the_pages(name: str, language: Language) -> None:
    guide = (ROOT / "docs" / "howto" / name).read_text()
    named = set(re.findall(r"\*\*([^*]+)\*\*", guide))
    said = {
        text
        for wording in load_catalogue(language).values()
        for text in ((wording,) if isinstance(wording, str) else wording)
    }
    assert len(named) > 15
    assert sorted(named - said) == []
