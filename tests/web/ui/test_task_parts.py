"""Results, filters and actors in the reader's words; commands that can be read."""

from collections.abc import Sequence
from datetime import timedelta
from itertools import pairwise

import pytest

from tests.domain.factories import NOW, a_task
from tracker.domain.task import Artifact, ArtifactState, Task, TaskState
from tracker.locale import ENGLISH, SIMPLIFIED_CHINESE, Language
from tracker.store.attempts import Attempt
from tracker.web.ui.frame.formats import filter_text, format_amount, get_actor_name, shorten
from tracker.web.ui.frame.words import build_translator
from tracker.web.ui.one_task import curl
from tracker.web.ui.one_task.axis import AxisCut, AxisMark, build_axis
from tracker.web.ui.task import explain_cut, find_text
from tracker.web.ui.task_parts import format_pieces

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
        (SIMPLIFIED_CHINESE, "视频 5.041 秒", "2 × 图片、bookmark、1 个失败"),
    ],
)
def test_kinds_are_words_of_the_reader_or_the_providers_own(
    language: Language, one: str, several: str
) -> None:
    say = build_translator(language)
    assert format_pieces([VIDEO], say) == one
    assert format_pieces(PIECES, say) == several


@pytest.mark.parametrize(
    ("language", "texts"),
    [
        (ENGLISH, ["State: failed", "overdue", "metadata.order: 7", "State: <b>"]),
        (SIMPLIFIED_CHINESE, ["状态：失败", "逾期", "metadata.order：7", "状态：<b>"]),
    ],
)
def test_filters_are_read_in_words(language: Language, texts: list[str]) -> None:
    say = build_translator(language)
    given = [("state", "failed"), ("overdue", "true"), ("metadata.order", "7"), ("state", "<b>")]
    assert [filter_text(name, value, say) for name, value in given] == texts


def test_an_actor_is_known_by_the_name_of_the_key() -> None:
    assert get_actor_name("key 01a229fb-1fd4-7240-9589-ae11ec5d5b44 (ops (night))") == "ops (night)"
    for other in ("key 01a229fb-1fd4-7240-9589-ae11ec5d5b44", "the command line", "key x (y)"):
        assert get_actor_name(other) == other


def test_a_text_that_an_address_holds_is_read() -> None:
    held = Artifact("text", "data:text/plain;charset=utf-8,%E9%9B%A8%0A%3Cb%3E")
    assert find_text(held) == "雨\n<b>"
    for url in (
        None,
        "https://a.example/x",
        "data:text/html,x",
        "data:text/plain;charset=utf-8,%ff",
    ):
        assert find_text(Artifact("text", url)) == ""


def test_a_prompt_stands_in_a_copied_command_as_it_is_read() -> None:
    command = curl.build_printf('{"p": "雨🎬 é\u202e\u00a0\n"}'.encode() + b"\xff")
    assert "雨🎬" in command
    assert command.isprintable()
    assert "\\0342\\0200\\0256" in command  # U+202E
    assert "\\0302\\0240" in command  # a space that does not look like one
    assert "\\0377" in command


def test_a_long_wait_after_the_end_has_no_reason() -> None:
    minutes = [NOW + timedelta(minutes=n) for n in range(5)]
    told = {"submitted_at": minutes[2], "finished_at": minutes[3]}
    sent = a_task(TaskState.SUCCEEDED, **told)
    refused = a_task(TaskState.FAILED, finished_at=minutes[2])
    say = build_translator(ENGLISH)

    def reasons(task: Task, attempts: Sequence[Attempt] = ()) -> list[str]:
        cuts = [AxisCut(0, 9, since, until) for since, until in pairwise(minutes)]
        return [explain_cut(task, attempts, cut, say) for cut in cuts]

    waited, worked = say("axis.waited"), say("axis.worked")
    assert reasons(sent) == [waited, waited, worked, ""]
    assert reasons(refused) == [waited, waited, "", ""]
    unanswered = Attempt(key=1, number=1, started_at=minutes[0], latency_ms=60_000)
    assert reasons(sent, [unanswered]) == [say("axis.answered"), waited, worked, ""]
    lost = Attempt(key=1, number=1, started_at=minutes[0], latency_ms=0, outcome="unknown")
    assert reasons(a_task(TaskState.UNCERTAIN), [lost]) == ["uncertain"] * 4


def test_a_label_without_room_stands_at_the_next_mark_of_its_kind() -> None:
    at = [NOW, *(NOW + timedelta(seconds=seconds) for seconds in (50, 50.5, 51))]
    kinds = [("queued", "queued"), ("good", "succeeded"), ("good", ""), ("bad", "failed")]
    marks = [
        AxisMark(when, "state", "v", kind, label)
        for when, (kind, label) in zip(at, kinds, strict=True)
    ]
    spread = build_axis(marks[:3])
    assert spread is not None
    assert [one.label for one in spread.marks] == ["queued", "", "succeeded"]
    crowded = build_axis(marks)
    assert crowded is not None
    assert [one.label for one in crowded.marks] == ["queued", "", "", "failed"]


@pytest.mark.parametrize(
    ("amount", "told"),
    [("150000", "150,000"), ("0.35", "0.35"), ("1e99999", "1e99999"), ("NaN", "NaN"), ("x", "x")],
)
def test_an_amount_is_told_with_its_thousands_and_a_vast_one_as_it_is(
    amount: str, told: str
) -> None:
    assert format_amount(amount) == told


def test_a_text_is_shortened_only_where_it_is_too_long() -> None:
    assert shorten("x" * 5, 5) == "xxxxx"
    assert shorten("x" * 6, 5) == "xxxx…"
