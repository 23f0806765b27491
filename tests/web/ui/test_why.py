"""The sentence that says why a task is where it is."""

from datetime import timedelta

import pytest

from tests.domain.factories import NOW, a_task, an_event
from tracker.domain.events import EventKind
from tracker.domain.lifecycle import Step, apply, created
from tracker.store.kept_tasks import KeptTask
from tracker.store.task_story import Story
from tracker.web.ui.frame.words import words_of
from tracker.web.ui.one_task.why import Reason, reason_of


def _reason(*events: tuple[EventKind, str | None]) -> Reason:
    """Return why a task is where some events led it. events: with what was said of each."""
    steps: list[Step] = [created(a_task())]
    for number, (kind, message) in enumerate(events, 1):
        event = an_event(kind, message=message, receipt=number)
        steps.append(apply(steps[-1].task, event, now=NOW + timedelta(seconds=number)))
    made = [step.transition for step in steps if step.transition is not None]
    assert len(made) == len(steps)
    story = Story(
        kept=KeptTask(steps[-1].task, ()),
        steps=list(enumerate(made, 1)),
        attempts=(),
        receipts=(),
        is_cut=False,
        whole={},
        deliveries=(),
        submitter=None,
        due={},
        resubmitted_as=(),
        children=(),
        related={},
        input=None,
        input_size=0,
        stream=None,
        holds=(),
    )
    return reason_of(story, words_of("en"), is_called_back=False)


@pytest.mark.parametrize("said", ["it is done", None])
def test_what_is_said_of_a_file_is_not_said_of_the_verdict(said: str | None) -> None:
    kept = (EventKind.ASSET_KEPT, "01a2: 3464 bytes of video/mp4")
    reason = _reason((EventKind.SEEN_SUCCEEDED, said), kept)
    assert (reason.text, reason.said) == ("It succeeded", said or "")
    assert (reason.evidence, reason.at) == (("r1", "r1"), NOW + timedelta(seconds=1))


def test_the_words_are_those_of_the_step_that_is_named_as_evidence() -> None:
    late = (EventKind.DEADLINE_PASSED, "past its deadline")
    reason = _reason((EventKind.SEEN_RUNNING, "frame 3 of 40"), late)
    assert (reason.said, reason.evidence) == ("frame 3 of 40", ("r1", "r1"))
