"""Tasks that make several songs, each with a state of its own: the verdict that they allow."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from tracker.domain.observation import Observation
from tracker.domain.task import Artifact, ArtifactState, Task, TaskError, TaskState
from tracker.providers.kit.empty_results import await_rest

ENDS = (TaskState.SUCCEEDED, TaskState.FAILED)
_WAITING = ("submitted", "queued")


@dataclass(frozen=True, slots=True)
class SongTrack:
    """One song.

    word:   its own status word; empty where the protocol gives songs none.
    state:  None while there is nothing of it.
    audio:  where it can be heard; it may change at the end of streaming.
    reason, code: why it failed, in the provider's words.
    """

    id: str | None
    word: str
    state: ArtifactState | None
    audio: str | None
    fields: dict[str, Any]
    reason: str | None = None
    code: str | None = None


@dataclass(frozen=True, slots=True)
class SongReport:
    """A task and its songs, as one answer tells of them.

    state:    of the task; None where only the songs tell.
    word:     of the task; empty where only the songs tell.
    doubtful: whether a failure is of a kind that is taken back.
    wanted:   how many songs there must be at least, for their end to be the task's.
    """

    tracks: Sequence[SongTrack]
    state: TaskState | None = None
    word: str = ""
    reason: str | None = None
    doubtful: bool = False
    wanted: int = 2

    def list_in_state(self, state: ArtifactState) -> list[SongTrack]:
        """Return the songs in one state."""
        return [one for one in self.tracks if one.state is state]


def find_verdict(told: SongReport) -> tuple[TaskState, str | None]:
    """Return how a task with songs stands, and a note where its parts differ.

    A song that can be fetched is a result, whatever the task's own word says: gateways fail tasks
    whose songs exist (https://github.com/SunoAI-API/Suno-API, 600 s, and one of two songs).
    """
    ready, failed = (
        told.list_in_state(ArtifactState.READY),
        told.list_in_state(ArtifactState.FAILED),
    )
    are_over = len(ready) + len(failed) == len(told.tracks) and bool(told.tracks)
    are_all = are_over and len(told.tracks) >= told.wanted
    has_ended = told.state in ENDS
    if ready and (are_all or has_ended):
        return TaskState.SUCCEEDED, _note(told, len(ready), failed)
    if are_over and not ready and (has_ended or (told.state is None and are_all)):
        return TaskState.FAILED, _find_first_reason(failed) or told.reason
    if told.state is not None:
        return told.state, told.reason
    is_heard = bool(ready) or bool(told.list_in_state(ArtifactState.PREVIEW))
    is_waiting = all(one.word.lower() in _WAITING for one in told.tracks)
    return (TaskState.SUBMITTED if is_waiting and not is_heard else TaskState.RUNNING), None


def build_observation(
    told: SongReport, verdict: tuple[TaskState, str | None], pieces: Sequence[Artifact], **more: Any
) -> Observation:
    """Return the statement about a task with songs. more: further fields of Observation."""
    state, note = verdict
    error = None
    if state is TaskState.FAILED:
        is_heard = any(one.audio for one in told.list_in_state(ArtifactState.PREVIEW))
        code = next(
            (one.code for one in told.list_in_state(ArtifactState.FAILED) if one.code), None
        )
        reason = note or "the provider gave no reason"
        error = TaskError("provider", code, reason, doubtful=told.doubtful or is_heard)
    return Observation(
        state=state,
        word=told.word or "+".join(one.word for one in told.tracks)[:200],
        message=note,
        artifacts=tuple(pieces),
        error=error,
        **more,
    )


def await_missing(said: Observation, listed: Observation, task: Task, count: int) -> Observation:
    """Return what a list tells that leaves songs of a task out, which cannot be awaited for ever.

    said: of the task. listed: as if the songs in the list were all. count: how many are left out.
    """
    if not count or listed.state not in ENDS:
        return said
    if listed.error is not None:
        listed = replace(listed, error=replace(listed.error, doubtful=True))
    return await_rest(listed, task, f"{count} of its songs never came")


def _note(told: SongReport, ready: int, failed: Sequence[SongTrack]) -> str | None:
    every = len(told.tracks)
    if told.state is TaskState.FAILED:
        return f"{ready} of {every} songs exist, although the task failed: {told.reason}"
    if failed:
        why = _find_first_reason(failed) or "no reason given"
        return f"{len(failed)} of {every} songs failed: {why}"
    return told.reason


def _find_first_reason(failed: Sequence[SongTrack]) -> str | None:
    return next((one.reason for one in failed if one.reason), None)
