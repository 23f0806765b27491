"""Results in a few words of the reader's language."""

import pytest

from tracker.domain.task import Artifact, ArtifactState
from tracker.locale import ENGLISH, SIMPLIFIED_CHINESE, Language
from tracker.web.ui.frame.words import words_of
from tracker.web.ui.task_parts import pieces_text

VIDEO = Artifact("video", None, duration_s="5.041")
PIECES = [
    Artifact("image", None),
    Artifact("image", None),
    Artifact("bookmark", None),
    Artifact("image", None, state=ArtifactState.FAILED),
]


@pytest.mark.parametrize(
    ("language", "one", "several"),
    [
        (ENGLISH, "video 5.041 s", "2 × image, bookmark, 1 failed"),
        (SIMPLIFIED_CHINESE, "视频 5.041 秒", "2 × 图片, bookmark, 1 个失败"),
    ],
)
def test_kinds_are_words_of_the_reader_or_the_providers_own(
    language: Language, one: str, several: str
) -> None:
    say = words_of(language)
    assert pieces_text([VIDEO], say) == one
    assert pieces_text(PIECES, say) == several
