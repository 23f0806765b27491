"""The rules of the lifecycle, as properties of the table and of `apply`."""

from dataclasses import fields, replace
from datetime import timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.domain.factories import EVENTS, NOW, VIDEO, a_task, an_event, observations
from tracker.domain.effects import Effect
from tracker.domain.errors import Misuse
from tracker.domain.events import OF_ASSETS, Event, EventKind, Source
from tracker.domain.lifecycle import (
    TRANSITIONS,
    Step,
    Transition,
    Verdict,
    adopt_task,
    apply,
    create_task,
    fold,
)
from tracker.domain.notices import choose_event_type, is_progress
from tracker.domain.observation import Observation
from tracker.domain.task import (
    OPEN,
    TERMINAL,
    VERDICTS,
    Artifact,
    ArtifactState,
    Awaits,
    FollowUp,
    Task,
    TaskState,
)

S, K = TaskState, EventKind
HISTORIES = st.lists(EVENTS, max_size=12)
_fields = [field.name for field in fields(Task)]
ENDS_OF_CALLS = (K.SUBMIT_UNKNOWN, K.SUBMIT_DEFERRED)
_ORDER = [S.QUEUED, S.UNCERTAIN, S.SUBMITTED, S.RUNNING]


def run(events: list[Event]) -> tuple[Task, list[Step]]:
    """A task after these events, and each step."""
    task = a_task()
    steps = [create_task(task)]
    for event in events:
        steps.append(apply(task, event, now=NOW))
        task = steps[-1].task
    return task, steps


def history(steps: list[Step]) -> list[Transition]:
    """Return the transitions of these steps."""
    return [step.transition for step in steps if step.transition is not None]


def test_every_state_has_a_row() -> None:
    assert set(TRANSITIONS) == set(TaskState)


def test_nothing_leads_out_of_a_verdict() -> None:
    left = {state for state, row in TRANSITIONS.items() if set(row.values()) <= {state}}
    assert left == VERDICTS - {S.FAILED}
    # Only a failure that is known to be taken back.
    assert {k for k, to in TRANSITIONS[S.FAILED].items() if to is not S.FAILED} == {
        K.SEEN_SUCCEEDED
    }


def test_nothing_creates_a_task_that_exists() -> None:
    assert all(K.CREATED not in row for row in TRANSITIONS.values())
    with pytest.raises(Misuse):
        apply(a_task(), Event(K.CREATED, Source.CLIENT), now=NOW)


@given(HISTORIES, EVENTS)
def test_a_task_with_a_verdict_never_moves(events: list[Event], late: Event) -> None:
    task, _ = run(events)
    step = apply(task, late, now=NOW)
    if task.state in VERDICTS:
        assert step.task.state is task.state
        assert step.task.finished_at == task.finished_at
    if task.state in (S.SUCCEEDED, S.FAILED) and late.kind in (K.ASSET_KEPT, K.ASSET_LOST):
        assert step.task.artifacts == task.artifacts
        assert (step.task.message, step.task.error) == (task.message, task.error)
        assert step.task.follow_up is task.follow_up
    elif task.state in VERDICTS and late.kind is K.REREAD:
        corrected = {"version", "updated_at", "artifacts", "costs", "detail", "message", "error"}
        corrected |= {"follow_up"}
        assert {f for f in _fields if getattr(step.task, f) != getattr(task, f)} <= corrected
        assert step.task.follow_up in (None, task.follow_up)
        assert set(step.effects) <= {Effect.STOP}
    elif task.state in VERDICTS and task.follow_up is None:
        assert step.task is task
        assert (step.transition, step.effects) == (None, ())
        assert step.verdict is not Verdict.ADVANCED


@given(HISTORIES)
def test_history_folds_to_the_state_and_versions_have_no_gap(events: list[Event]) -> None:
    task, steps = run(events)
    recorded = history(steps)
    assert fold(recorded) is task.state
    assert [step.version for step in recorded] == list(range(1, task.version + 1))


@given(HISTORIES)
def test_what_changes_nothing_makes_no_transition_and_owes_nothing(events: list[Event]) -> None:
    before = a_task()
    for event in events:
        step = apply(before, event, now=NOW)
        is_advance = step.verdict is Verdict.ADVANCED
        assert is_advance == (step.transition is not None)
        assert is_advance == (step.task.version == before.version + 1)
        if not is_advance:
            assert step.task is before
            assert step.effects == ()
        before = step.task


@given(HISTORIES, st.integers(0, 11))
def test_saying_a_thing_twice_changes_nothing(events: list[Event], place: int) -> None:
    if place < len(events):
        doubled = [*events[: place + 1], events[place], *events[place + 1 :]]
        once, twice = run(events)[0], run(doubled)[0]
        assert replace(twice, version=0) == replace(once, version=0)


@given(st.sampled_from([S.SUCCEEDED, S.FAILED, S.CANCELLED]).flatmap(observations))
def test_any_order_of_one_providers_words_ends_the_same(said: list[Observation]) -> None:
    """Permutations with repeats: the end is the verdict, the result and the provider's id."""
    task, _ = run([one.convert_to_event(Source.CALLBACK) for one in said])
    verdict = next(one for one in said if one.state in VERDICTS)
    assert (task.state, task.artifacts, task.error) == (
        verdict.state,
        verdict.artifacts,
        verdict.error,
    )
    assert (task.provider_task_id, task.finished_at) == ("p1", NOW)


@given(
    st.sampled_from([S.SUCCEEDED, S.FAILED]).flatmap(observations),
    st.integers(0, 12),
    st.sampled_from([K.SUBMIT_ACCEPTED, K.SUBMIT_UNKNOWN]),
)
def test_the_submits_own_answer_may_come_at_any_place_among_them(
    said: list[Observation], place: int, answer: EventKind
) -> None:
    events = [one.convert_to_event(Source.CALLBACK) for one in said]
    events.insert(min(place, len(events)), an_event(answer, provider_task_id="p1"))
    assert run(events)[0].state in (S.SUCCEEDED, S.FAILED)


@given(HISTORIES)
def test_a_state_never_moves_backwards(events: list[Event]) -> None:
    """But for two ways back: a submit whose outcome was unknown and that is proved absent, and a
    call that was seen while it was open, whose end says that it made nothing, or nothing at all.
    """
    for step in history(run(events)[1]):
        before, after = step.from_state, step.to_state
        if before is None or step.kind in (K.ABSENT, K.RESOLVED_NEVER_MADE, *ENDS_OF_CALLS):
            continue
        if before in _ORDER and after in _ORDER:
            assert _ORDER.index(after) >= _ORDER.index(before)
        assert not (before in TERMINAL and after in OPEN)


@pytest.mark.parametrize("seen", [K.SUBMIT_SENT, K.ANSWER_BEGUN])
@pytest.mark.parametrize(
    ("end", "state"),
    [
        (K.SUBMIT_UNKNOWN, S.UNCERTAIN),
        (K.SUBMIT_REFUSED, S.FAILED),
        (K.SUBMIT_ABANDONED, S.FAILED),
        (K.SUBMIT_DEFERRED, S.QUEUED),
    ],
)
def test_the_end_of_a_call_that_was_seen_counts_unless_something_else_has_told_of_the_task(
    seen: EventKind, end: EventKind, state: TaskState
) -> None:
    task, _ = run([an_event(seen), an_event(end)])
    assert (task.state, task.awaits) == (state, None)
    assert task.never_created == (state is S.FAILED)
    told = [an_event(seen), an_event(K.SUBMIT_ACCEPTED, provider_task_id="p1")]
    before, after = run(told)[0], run([*told, an_event(end)])[0]
    assert (before.awaits, after) == (None, before)
    called_back = replace(run([an_event(seen)])[0], awaits=Awaits.PROOF)
    assert apply(called_back, an_event(end), now=NOW).task is called_back


@pytest.mark.parametrize("kind", [k for k in EventKind if k is not K.CREATED])
def test_only_a_proof_of_absence_leads_from_uncertain_back_to_sending(kind: EventKind) -> None:
    step = apply(a_task(S.UNCERTAIN, version=2), an_event(kind), now=NOW)
    assert (Effect.SUBMIT in step.effects) == (kind in (K.ABSENT, K.RESOLVED_NEVER_MADE))


@given(HISTORIES)
def test_each_effect_is_owed_at_most_once_per_version(events: list[Event]) -> None:
    for step in run(events)[1]:
        assert len(set(step.effects)) == len(step.effects)


@given(HISTORIES)
def test_a_task_is_handed_in_again_only_after_somebody_knew_that_it_was_never_made(
    events: list[Event],
) -> None:
    steps = run(events)[1]
    submits = [step for step in steps if Effect.SUBMIT in step.effects]
    for step in submits[1:]:
        assert step.transition is not None
        assert step.transition.kind in (K.ABSENT, K.RESOLVED_NEVER_MADE)


@given(HISTORIES)
def test_every_end_is_told_and_frees_the_slots(events: list[Event]) -> None:
    for before, after in pairwise(run(events)[1]):
        if after.task.state in TERMINAL and after.task.state is not before.task.state:
            assert {Effect.NOTIFY, Effect.FREE_SLOTS} <= set(after.effects)
            goes_on = after.task.follow_up is not None
            assert (Effect.FOLLOW_UP in after.effects) == goes_on
            assert (Effect.STOP in after.effects) != goes_on


@pytest.mark.parametrize("state", sorted(OPEN))
def test_an_unknown_word_never_finishes_a_task(state: TaskState) -> None:
    step = apply(a_task(state, version=3), an_event(K.SEEN_UNKNOWN_WORD), now=NOW)
    assert (step.verdict, step.task.state) == (Verdict.UNKNOWN_STATUS, state)


@pytest.mark.parametrize("state", sorted(OPEN))
def test_a_deadline_makes_no_verdict_and_flags_once(state: TaskState) -> None:
    late = an_event(K.DEADLINE_PASSED)
    first = apply(a_task(state, version=3), late, now=NOW)
    assert (first.task.state, first.task.overdue, first.task.version) == (state, True, 4)
    assert apply(first.task, late, now=NOW).transition is None


@pytest.mark.parametrize("said", [K.SEEN_SUCCEEDED, K.SEEN_FAILED, K.SEEN_CANCELLED])
def test_a_late_verdict_replaces_expired(said: EventKind) -> None:
    step = apply(a_task(S.EXPIRED, version=5), an_event(said), now=NOW)
    assert step.task.state in VERDICTS
    assert Effect.NOTIFY in step.effects


def test_a_second_verdict_is_a_duplicate_or_a_conflict() -> None:
    done = a_task(S.SUCCEEDED, version=4)
    same = apply(done, an_event(K.SEEN_SUCCEEDED), now=NOW)
    other = apply(done, an_event(K.SEEN_FAILED), now=NOW)
    assert (same.verdict, other.verdict) == (Verdict.DUPLICATE, Verdict.CONFLICT)


def test_what_was_true_earlier_is_stale() -> None:
    step = apply(a_task(S.SUCCEEDED, version=4), an_event(K.SEEN_RUNNING), now=NOW)
    assert step.verdict is Verdict.STALE


def test_grown_progress_is_told_to_a_callers_own_url_alone() -> None:
    for url, effects in (("https://caller.example/", (Effect.NOTIFY,)), (None, ())):
        task = a_task(S.RUNNING, version=3, progress=50.0, callback_url=url)
        grown = apply(task, an_event(K.SEEN_RUNNING, progress=60.0), now=NOW)
        assert grown.effects == effects
        assert grown.transition is not None
        assert is_progress(grown.transition)
        assert choose_event_type(grown.transition) is None


def test_progress_only_grows() -> None:
    task = a_task(S.RUNNING, version=3, progress=50.0)
    grown = apply(task, an_event(K.SEEN_RUNNING, progress=60.0), now=NOW)
    fallen = apply(task, an_event(K.SEEN_RUNNING, progress=40.0), now=NOW)
    assert (grown.task.progress, fallen.verdict) == (60.0, Verdict.DUPLICATE)


def test_the_submits_answer_names_the_id_that_queries_understand() -> None:
    """A gateway's callback may name its upstream's id; it does not replace the one given."""
    early = apply(a_task(), an_event(K.SEEN_RUNNING, provider_task_id="inner"), now=NOW).task
    assert early.provider_task_id == "inner"
    answered = apply(early, an_event(K.SUBMIT_ACCEPTED, provider_task_id="outer"), now=NOW).task
    assert (answered.provider_task_id, answered.state) == ("outer", S.RUNNING)
    later = apply(answered, an_event(K.SEEN_SUCCEEDED, provider_task_id="inner"), now=NOW).task
    assert later.provider_task_id == "outer"


def test_a_task_proved_absent_forgets_the_id_it_never_had() -> None:
    task = a_task(S.UNCERTAIN, version=2, provider_task_id="ghost")
    assert apply(task, an_event(K.ABSENT), now=NOW).task.provider_task_id is None


def test_an_adopted_task_begins_submitted() -> None:
    step = adopt_task(a_task(S.SUBMITTED))
    assert step.transition is not None
    assert (step.transition.to_state, step.transition.source) == (S.SUBMITTED, Source.CALLBACK)


@pytest.mark.parametrize("broken", [[], [2], [1, 3]])
def test_a_history_with_a_gap_is_our_own_bug(broken: list[int]) -> None:
    first = create_task(a_task()).transition
    assert first is not None
    steps = [
        replace(first, version=version, from_state=None if version == 1 else S.QUEUED)
        for version in broken
    ]
    with pytest.raises(Misuse):
        fold(steps)


def _succeeded(*artifacts: Artifact) -> Event:
    return an_event(K.SEEN_SUCCEEDED, artifacts=artifacts)


@pytest.mark.parametrize("first", [(), (Artifact("video", None, "9"),), (Artifact("image", ""),)])
def test_a_success_without_a_result_is_completed_by_a_later_statement(
    first: tuple[Artifact, ...],
) -> None:
    bare = apply(a_task(S.RUNNING, version=3), _succeeded(*first), now=NOW)
    assert (bare.task.state, bare.task.follow_up) == (S.SUCCEEDED, FollowUp.NO_RESULT)
    again = apply(bare.task, _succeeded(*first), now=NOW)
    assert again.verdict is Verdict.DUPLICATE
    later = NOW + timedelta(hours=1)
    whole = apply(bare.task, _succeeded(VIDEO), now=later)
    assert whole.transition is not None
    assert (whole.transition.kind, whole.transition.from_state) == (K.RESULT_COMPLETED, S.SUCCEEDED)
    assert (whole.task.artifacts, whole.task.follow_up) == ((VIDEO,), None)
    assert (whole.task.version, whole.task.finished_at) == (bare.task.version + 1, NOW)
    assert whole.effects == (Effect.STOP, Effect.NOTIFY)
    assert apply(whole.task, _succeeded(VIDEO, VIDEO), now=later).verdict is Verdict.DUPLICATE


def test_a_half_result_is_completed_too_and_followed_up_until_it_is_whole() -> None:
    half, none = (VIDEO, Artifact("video", None)), Artifact("video", None)
    task = apply(a_task(S.RUNNING, version=3), _succeeded(none, none), now=NOW).task
    step = apply(task, _succeeded(*half), now=NOW)
    assert (step.task.follow_up, step.effects) == (FollowUp.NO_RESULT, (Effect.NOTIFY,))
    assert apply(step.task, _succeeded(none), now=NOW).verdict is Verdict.DUPLICATE
    assert apply(step.task, _succeeded(VIDEO, VIDEO), now=NOW).task.follow_up is None


@pytest.mark.parametrize("piece", [Artifact("element", None, "e1"), Artifact("voice", None, "v")])
def test_what_is_used_by_its_id_is_a_result_without_a_url(piece: Artifact) -> None:
    assert apply(a_task(S.RUNNING), _succeeded(piece), now=NOW).task.follow_up is None


def test_a_piece_that_failed_is_not_waited_for() -> None:
    failed = replace(VIDEO, url=None, state=ArtifactState.FAILED)
    told = apply(a_task(S.RUNNING), _succeeded(VIDEO, failed), now=NOW).task
    assert (told.state, told.follow_up) == (S.SUCCEEDED, None)
    bare = apply(a_task(S.RUNNING), _succeeded(failed), now=NOW).task
    assert bare.follow_up is FollowUp.NO_RESULT


def test_a_success_without_a_result_stays_one_against_other_verdicts() -> None:
    bare = apply(a_task(S.RUNNING, version=3), _succeeded(), now=NOW).task
    assert apply(bare, an_event(K.SEEN_FAILED), now=NOW).verdict is Verdict.CONFLICT
    assert apply(bare, an_event(K.ABSENT), now=NOW).task is bare


def test_what_expired_by_denial_is_followed_up_and_what_was_given_up_is_not() -> None:
    denied = apply(a_task(S.SUBMITTED, version=2), an_event(K.ABSENT), now=NOW)
    given_up = apply(a_task(S.SUBMITTED, version=2), an_event(K.GIVEN_UP), now=NOW)
    assert (denied.task.follow_up, given_up.task.follow_up) == (FollowUp.DENIED, None)
    back = apply(denied.task, _succeeded(VIDEO), now=NOW)
    assert (back.task.state, back.task.follow_up) == (S.SUCCEEDED, None)


@pytest.mark.parametrize("kind", [K.SUBMIT_REFUSED, K.SUBMIT_ABANDONED, K.CANCEL_REQUESTED])
def test_what_never_was_at_the_provider_frees_its_name(kind: EventKind) -> None:
    step = apply(a_task(), an_event(kind), now=NOW)
    assert step.task.never_created
    assert Effect.FREE_NAME in step.effects
    assert step.task.submitted_at is None
    late = apply(a_task(), an_event(K.DEADLINE_PASSED), now=NOW).task
    assert apply(late, an_event(kind), now=NOW).task.never_created


@pytest.mark.parametrize("kind", [K.SUBMIT_REFUSED, K.SUBMIT_ABANDONED, K.CANCEL_REQUESTED])
def test_what_may_have_been_there_keeps_its_name(kind: EventKind) -> None:
    task, _ = run([an_event(K.SUBMIT_UNKNOWN), an_event(K.ABSENT), an_event(kind)])
    assert not task.never_created


@given(HISTORIES)
def test_the_message_is_the_latest_steps_that_tells_of_the_task(events: list[Event]) -> None:
    task, steps = run(events)
    silent = OF_ASSETS | {K.DEADLINE_PASSED}
    told = [step.message for step in history(steps) if step.kind not in silent]
    assert task.message == told[-1]
