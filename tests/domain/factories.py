"""Tasks and events for tests of the pure core."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from hypothesis import strategies as st

from tracker.domain.events import Event, EventKind, Source
from tracker.domain.observation import Observation
from tracker.domain.task import Artifact, Task, TaskError, TaskState

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


def a_task(state: TaskState = TaskState.QUEUED, **fields: Any) -> Task:
    """A task as it is after it was accepted, unless told otherwise."""
    given: dict[str, Any] = {
        "key": 1,
        "id": UUID("01990000-0000-7000-8000-000000000001"),
        "tenant": "default",
        "provider": "kling",
        "account": "default",
        "operation": "videos/multi-image2video",
        "external_task_id": "order-1",
        "state": state,
        "version": 1,
        "created_at": NOW,
        "updated_at": NOW,
        "deadline_at": NOW + timedelta(hours=1),
        "give_up_at": None if state is TaskState.QUEUED else NOW + timedelta(days=3),
    }
    return Task(**given | fields)


def an_event(kind: EventKind, **fields: Any) -> Event:
    """Something that happened."""
    error = TaskError("provider", None, "no reason") if kind is EventKind.SEEN_FAILED else None
    return Event(kind, Source.CALLBACK, **{"error": error} | fields)


VIDEO = Artifact("video", "https://media.example/v.mp4")
KINDS = st.sampled_from([kind for kind in EventKind if kind is not EventKind.CREATED])
"""Whatever may happen to a task that exists."""

EVENTS = st.builds(
    an_event,
    KINDS,
    provider_task_id=st.sampled_from([None, "p1", "p2"]),
    progress=st.sampled_from([None, 10.0, 50.0]),
    artifacts=st.sampled_from([(), (Artifact("video", None),), (VIDEO,), (VIDEO, VIDEO)]),
    message=st.sampled_from([None, "a word"]),
)


def observations(verdict: TaskState) -> st.SearchStrategy[list[Observation]]:
    """Generate the reports of one consistent provider on one task: its states,
    each any number of times, in any order, the verdict at least once."""
    says = {
        TaskState.SUBMITTED: Observation(TaskState.SUBMITTED, "submitted", "p1"),
        TaskState.RUNNING: Observation(TaskState.RUNNING, "processing", "p1", progress=40.0),
        verdict: Observation(
            verdict,
            str(verdict),
            "p1",
            artifacts=(Artifact("video", "https://media.example/v.mp4"),)
            if verdict is TaskState.SUCCEEDED
            else (),
            error=TaskError("provider", None, "moderated") if verdict is TaskState.FAILED else None,
        ),
    }
    words = st.lists(st.sampled_from(list(says)), max_size=12)
    return words.flatmap(
        lambda said: st.permutations([*said, verdict]).map(lambda order: [says[w] for w in order])
    )
