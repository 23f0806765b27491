"""One look at tasks: which call is due (a poll, a scan, a cancellation), made and read."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace

from tracker.domain.exchange import Certainty, HttpCall, HttpFailure, HttpResult
from tracker.domain.outcome import (
    MAX_FOLLOWS,
    Alike,
    CancelOutcome,
    CancelUnknown,
    Follow,
    More,
    NotSeen,
    Observed,
    PollOutcome,
    TooLate,
    Unanswered,
)
from tracker.domain.retry import RETRY_AFTER_CAP_S
from tracker.domain.task import VERDICTS, Task, TaskState
from tracker.providers.kit.denials import drop_denial
from tracker.providers.kit.reading import read_json
from tracker.providers.ports.adapter import Answer, Asking, Cancels, Finds, Looks, Polls
from tracker.services.call_turns import CallPurpose
from tracker.services.context import Context
from tracker.store import attempts, task_inputs
from tracker.telemetry.tracing import work_on

log = logging.getLogger(__name__)

MAX_PAGES = 10
"""How many pages of a provider's list one scan for a lost submit reads."""
CANNOT_ASK = HttpFailure(Certainty.NOT_SENT, "there is nothing to ask by")
NOT_ASKED = Unanswered(
    "the provider knows the task by its own id only, and has not told us that", RETRY_AFTER_CAP_S
)
"""Only a callback can tell now; nobody is called, and the next look is far away."""
NEVER_FOUND = Unanswered(
    "nothing finds a submit of unknown outcome at this provider", RETRY_AFTER_CAP_S
)
_UNREADABLE = "the answer could not be read; see the log"
LookOutcome = PollOutcome | NotSeen | Alike | CancelOutcome
"""The result of one poll, for one task."""
_CANCELLABLE = frozenset({TaskState.SUBMITTED, TaskState.RUNNING})


@dataclass(frozen=True, slots=True)
class PollResult:
    """The answer to one poll. outcomes: of each task, in their order."""

    answer: Answer
    outcomes: Sequence[LookOutcome]


def is_asked_alone(context: Context, task: Task) -> bool:
    """Tell whether a task needs another call than a poll, so that it shares none."""
    return is_cancel_due(context, task) or _is_searched_for(context, task)


def is_cancel_due(context: Context, task: Task) -> bool:
    """Tell whether the provider is still to be told that a caller wants a task cancelled."""
    return (
        task.cancel_asked_at is not None
        and task.cancel_sent_at is None
        and task.state in _CANCELLABLE
        and context.providers[task.provider].cancels is not None
    )


def _is_searched_for(context: Context, task: Task) -> bool:
    """Tell whether a poll by our own id would prove nothing about a lost submit."""
    if task.state is not TaskState.UNCERTAIN:
        return False
    return (
        context.providers[task.provider].submits.get_lookup_kind(context.get_account(task))
        is not Finds.BY_ID
    )


async def ask(context: Context, group: Sequence[Task]) -> PollResult:
    """Make the call that is due for tasks of one account, and read its answer.

    Raises nothing that an answer can cause.
    """
    task, provider = group[0], context.providers[group[0].provider]
    asking = Asking(context.get_account(task), group, context.clock.now())
    if len(group) == 1 and _is_searched_for(context, task):
        with work_on("look up", group):
            return await _search(context, provider.looks, asking)
    if len(group) == 1 and provider.cancels is not None and is_cancel_due(context, task):
        with work_on("cancel", group):
            return await _cancel(context, provider.cancels, provider.polls, asking)
    with work_on("poll", group):
        return await _poll(context, provider.polls, asking)


async def _poll(context: Context, polls: Polls | None, asking: Asking) -> PollResult:
    call = None if polls is None else polls.build_poll(asking)
    if polls is None or call is None:
        return PollResult(CANNOT_ASK, [NOT_ASKED] * len(asking.tasks))
    answer = await _call(context, call, asking)
    outcomes = read_poll(polls, asking, answer)
    if len(asking.tasks) > 1:
        # Where it leads on for one of several tasks, that one is asked for by itself.
        alone = Unanswered("the answer leads on for this task alone", alone=True)
        return PollResult(answer, [alone if isinstance(one, Follow) else one for one in outcomes])
    for _ in range(MAX_FOLLOWS):
        follow = outcomes[0]
        if not isinstance(follow, Follow):
            break
        answer = await _call(context, follow.call, asking)
        outcomes = read_poll(polls, replace(asking, page=follow.page), answer)
    if isinstance(outcomes[0], Follow):
        outcomes = [Unanswered(f"more than {MAX_FOLLOWS} calls lead on from one answer")]
    return PollResult(answer, outcomes)


async def _search(context: Context, looks: Looks | None, asking: Asking) -> PollResult:
    """Scan the provider's list for a task whose submit was lost."""
    submits = context.providers[asking.task.provider].submits
    if looks is None or submits.get_lookup_kind(asking.account) is Finds.NEVER:
        return PollResult(CANNOT_ASK, [NEVER_FOUND])
    key = asking.task.key
    last, bodies = await context.store.read(
        lambda db: (attempts.find_last(db, key), task_inputs.get_by_keys(db, [key]))
    )
    asking = replace(
        asking,
        callback_url=context.build_callback_url(asking.task),
        since=None if last is None else last.started_at,
        body=read_json(bodies[key]) if key in bodies else None,
    )
    answer: Answer = CANNOT_ASK
    for _ in range(MAX_PAGES):
        call = looks.build_lookup(asking)
        if call is None:
            return PollResult(answer, [NEVER_FOUND])
        answer = await _call(context, call, asking)
        try:
            outcome = looks.parse_lookup(asking, answer)
        except Exception:
            # A list that breaks an adapter does not tell that the task is missing.
            log.exception("the answer to a lookup broke the adapter")
            return PollResult(answer, [Unanswered(_UNREADABLE)])
        if not isinstance(outcome, More):
            return PollResult(answer, [outcome])
        asking = replace(asking, page=outcome.page)
    return PollResult(
        answer, [NotSeen(f"not on the first {MAX_PAGES} pages of the provider's list")]
    )


async def _cancel(
    context: Context, cancels: Cancels, polls: Polls | None, asking: Asking
) -> PollResult:
    """Ask the provider to cancel. Where that would erase an ended task, look at it first."""
    looked = None
    if cancels.erases_ended:
        looked = await _poll(context, polls, asking)
        found = looked.outcomes[0]
        if not isinstance(found, Observed) or _is_end(found):
            return looked
        asking = _update_asking(asking, found)
    if (reason := cancels.explain_too_late(asking)) is not None:
        return PollResult(CANNOT_ASK if looked is None else looked.answer, [TooLate(reason)])
    call = cancels.build_cancel(asking)
    if call is None:  # found under an account that offers no way: its end is all there is to learn
        return looked or await _poll(context, polls, asking)
    answer = await _call(context, call, asking)
    try:
        outcome = cancels.parse_cancel(asking, answer)
    except Exception:
        # It may have been cancelled all the same: the task is looked at instead.
        log.exception("the answer to a cancellation broke the adapter")
        outcome = CancelUnknown(_UNREADABLE)
    if isinstance(outcome, CancelUnknown) and not cancels.erases_ended:
        # However long its cancel does not work, that a task has ended must not go unnoticed.
        looked = await _poll(context, polls, asking)
        if _is_end(looked.outcomes[0]):
            return looked
    return PollResult(answer, [outcome])


def _update_asking(asking: Asking, found: Observed) -> Asking:
    """Return the question about a task in the state that a look has just shown."""
    state = found.observation.state or asking.task.state
    return replace(asking, tasks=(replace(asking.task, state=state),))


def _is_end(outcome: LookOutcome) -> bool:
    return isinstance(outcome, Observed) and outcome.observation.state in VERDICTS


async def _call(context: Context, call: HttpCall, asking: Asking) -> HttpResult | HttpFailure:
    return await context.calls.call(
        asking.task.provider,
        asking.account,
        replace(
            call,
            timeout_s=max(context.policy.poll_timeout_s, call.lasts_s),
            secrets=(*call.secrets, *context.iterate_callback_tokens(asking.tasks)),
        ),
        files=context.make_sinks(asking.task) if len(asking.tasks) == 1 else None,
        purpose=CallPurpose.LOOK,
    )


def read_poll(polls: Polls, asking: Asking, answer: Answer) -> Sequence[PollOutcome]:
    """Return what an answer to a poll tells of each task, whatever the adapter makes of it."""
    count = len(asking.tasks)
    try:
        outcomes = polls.parse_poll(asking, answer)
    except Exception:
        # An answer that breaks an adapter tells nothing; it is asked for again, ever more seldom.
        log.exception("the answer to a poll broke the adapter")
        return [Unanswered(_UNREADABLE)] * count
    if len(outcomes) != count:
        log.error(
            "the adapter made %(outcomes)d outcomes of a poll for %(tasks)d tasks",
            {"outcomes": len(outcomes), "tasks": count},
        )
        return [Unanswered(_UNREADABLE)] * count
    return [drop_denial(one) for one in outcomes]
