"""Record what happened to tasks: apply, save, append to history, carry out the effects.

One Recorder for each kind of write in a transaction. Everything is collected and then written set
by set, in one order for all writers, so that two of them never wait for each other in a circle:
task rows (locked before, by whoever loaded them), then jobs and deliveries, then the feed, which
waits until all kinds of write have locked their tasks.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

from tracker.domain import ledger
from tracker.domain.clock_steps import LONGEST_LOOK_S
from tracker.domain.custody import Asset, may_have_assets
from tracker.domain.effects import Effect
from tracker.domain.events import Event, EventKind, Source
from tracker.domain.expectation import NOTHING_KNOWN
from tracker.domain.ledger import CostEntry
from tracker.domain.lifecycle import Step, Transition, apply
from tracker.domain.polling import COST_LOOKS_LAST
from tracker.domain.records import build_copier, replace_fields
from tracker.domain.retry import RETRY_AFTER_CAP_S
from tracker.domain.task import (
    AT_PROVIDER,
    TERMINAL,
    UNKNOWN_OPERATION,
    Awaits,
    FollowUp,
    Task,
    TaskState,
)
from tracker.domain.task_moves import NEVER_LEFT
from tracker.domain.trace import trace_id
from tracker.domain.work import JobKind, build_lane
from tracker.services.context import Context
from tracker.services.outbox import Subscribers
from tracker.services.result_files import ResultFiles
from tracker.store import costs, jobs, made_objects, tasks, transitions
from tracker.store.driver.transaction import Tx
from tracker.store.jobs import NewJob, build_dedup_key
from tracker.store.made_objects import MadeObject
from tracker.telemetry.logs import task_log

_QUEUED = TaskState.QUEUED
_NOTIFY, _STOP, _FREE_SLOTS = Effect.NOTIFY, Effect.STOP, Effect.FREE_SLOTS
_SUCCEEDED = TaskState.SUCCEEDED
_WORK = (JobKind.SUBMIT, JobKind.RECONCILE)
_BEFORE_PROVIDER = frozenset({TaskState.QUEUED, TaskState.UNCERTAIN})
_FIRST_SENT = 2
"""The version of a task whose first request is on its way, at most, where nothing else happened."""
_ENDED = "task {task} of {provider}/{account} {verdict} after {seconds:g} s"
_with_bound = build_copier(Task, "give_up_at")
_LOOKED_ANYWAY = timedelta(seconds=1)
"""Workers look for due jobs this often without being woken: what is due later need wake nobody."""


class Recorder:
    """Collects the steps of one kind of write. Nothing is written before `flush`."""

    def __init__(self, context: Context, tx: Tx, loaded: Iterable[Task] = ()) -> None:
        """loaded: tasks as they are now, locked."""
        self._context = context
        self._tx = tx
        self._loaded = {task.key: task for task in loaded}
        self._tasks = dict(self._loaded)
        self._changed: dict[int, Task] = {}
        self._history: list[tuple[Task, Transition]] = []
        self._places: dict[tuple[int, int], int] = {}
        self._cited: dict[int, int] = {}
        self._stopped: dict[int, Task] = {}
        self._freed: dict[int, Task] = {}
        self._awaiting: dict[int, Awaits | None] = {}
        self._unnamed: list[int] = []
        self._told: list[int] = []
        self._jobs: dict[str, NewJob] = {}
        self._files = ResultFiles(context, tx.now)
        self._costs: list[tuple[Task, list[CostEntry]]] = []
        self._about: dict[tuple[int, int], UUID] = {}
        self._subscribers: Subscribers | None = None

    def get_task(self, key: int) -> Task:
        """Return a loaded task, with all that this transaction has recorded so far."""
        return self._tasks[key]

    def record(self, key: int, event: Event) -> Step:
        """Apply one event to one loaded task."""
        before = self._tasks[key]
        if event.kind in NEVER_LEFT and before.version > _FIRST_SENT:
            event = replace_fields(event, is_alone=_is_never_made(self._tx, before, event))
        step = apply(before, event, now=self._tx.now)
        transition = step.transition
        if transition is None:
            return step
        step = self._bound_give_up_time(before, step)
        task = self._tasks[key] = self._changed[key] = step.task
        self._take_in(step)
        if task.costs:
            self._costs.append((task, ledger.list_entries(before, task)))
        if task.artifacts and may_have_assets(task):
            for asset in self._files.take(before, task, transition.kind):
                self.record_kept(asset)
        return step

    def record_asset(self, asset: Asset, kind: EventKind, said: str) -> None:
        """Record in the history of an asset's task what became of the asset."""
        if asset.task_key is not None:
            step = self.record(asset.task_key, Event(kind, Source.SWEEP, message=said))
            self._about[asset.task_key, step.task.version] = asset.id

    def record_kept(self, asset: Asset) -> None:
        """Record that a file is in our custody, however it came."""
        said = f"{asset.id}: {asset.size} bytes of {asset.media_type}"
        self.record_asset(asset, EventKind.ASSET_KEPT, said)

    def _bound_give_up_time(self, before: Task, step: Step) -> Step:
        """Bound how long the provider is asked, from when the task left us.

        Not from its creation: what has waited here for days is asked about as long as any other.
        """
        task, bound = step.task, None
        if task.state in AT_PROVIDER:
            if before.state in AT_PROVIDER and task.give_up_at is not None:
                return step
            bound = self._tx.now + self._context.policy.give_up
        elif _is_follow_up_begun(before, task):
            give_up = self._context.policy.give_up
            lasts = COST_LOOKS_LAST if task.follow_up is FollowUp.COSTS else give_up
            bound = self._tx.now + lasts
        elif task.state is not _QUEUED or task.give_up_at is None:
            return step
        bounded = _with_bound(task, bound)
        return Step(bounded, step.verdict, step.transition, step.effects)

    def cite_evidence(self, step: Step, *, receipt: int) -> None:
        """Name the evidence of a recorded step, which got its row only afterwards."""
        self._cited[self._places[step.task.key, step.task.version]] = receipt

    def notify(self, step: Step) -> None:
        """Have subscribers told of a recorded step that nobody is told of by itself."""
        self._told.append(self._places[step.task.key, step.task.version])

    def request_poll(self, key: int, awaits: Awaits) -> None:
        """Have the provider asked at once about a verdict that a callback brought.

        Once for each task: more such callbacks hasten nothing, so that nobody can make us ask
        without end. A task that is not at the provider yet is asked about once it is; one whose
        own call is under way at once, as it is known to be there.
        """
        task = self._tasks[key]
        if task.awaits is not None and task.awaits is not Awaits.ANSWER:
            return
        self._tasks[key] = replace_fields(task, awaits=awaits)
        if key in self._changed:
            self._changed[key] = self._tasks[key]
        self._awaiting[key] = awaits
        if task.state in AT_PROVIDER or task.follow_up is not None:
            self._add(task, JobKind.RECONCILE, self._tx.now)

    def get_loaded(self, key: int) -> Task:
        """Return a task as it was loaded, before anything was recorded."""
        return self._loaded[key]

    def poll_soon(self, key: int) -> None:
        """Have the provider asked about a task at once, however it stands."""
        self._add(self._tasks[key], JobKind.RECONCILE, self._tx.now)

    def start(self, step: Step) -> None:
        """Take in the first step of a task that has just been inserted."""
        self._tasks[step.task.key] = step.task
        self._take_in(step)
        if step.task.costs:
            self._costs.append((step.task, ledger.list_entries(None, step.task)))

    def save(self) -> None:
        """Write all but what is owed to subscribers, and history. Nothing is recorded after it."""
        db, now = self._tx.db, self._tx.now
        self._subscribers = self._context.outbox.list_subscribers(
            self._tx, {self._history[place][0].tenant for place in self._told}
        )
        tasks.save(db, self._changed.values(), before=self._loaded, freeing=self._freed)
        tasks.set_awaits(
            db, {key: one for key, one in self._awaiting.items() if key not in self._changed}
        )
        made_objects.insert_many(db, self._list_made_objects(), now=now)
        tasks.free_names(db, self._unnamed)
        # Not the submits: whoever holds one still has an attempt to end, and who claims one of a
        # task that has gone on ends it.
        jobs.drop(db, self._stopped, [JobKind.RECONCILE])
        jobs.enqueue(db, list(self._jobs.values()), now=now)
        if self._files.save(self._tx):
            self._tx.woken.add(JobKind.FETCH)
        if self._costs:
            costs.append(db, self._costs, now=now)
        soon = now + _LOOKED_ANYWAY
        self._tx.woken.update(job.kind for job in self._jobs.values() if job.run_at < soon)
        if any(self._is_capped(task) for task in self._freed.values()):
            self._tx.woken.add(JobKind.SUBMIT)  # somebody may be waiting for a slot

    def _list_made_objects(self) -> list[MadeObject]:
        """Return objects that tasks have made at their provider, and that later calls may name."""
        return [
            MadeObject(task.provider, task.account, kind, id_, task.tenant, task.key)
            for task in self._changed.values()
            if task.state is _SUCCEEDED and (kind := self._context.get_made_kind(task)) is not None
            for id_ in _list_ids(task)
        ]

    def flush(self) -> None:
        """Write it all; history behind all else that the transaction writes."""
        if self._subscribers is None:
            self.save()
        assert self._subscribers is not None  # noqa: S101 - just asked for
        told = [self._history[place] for place in self._told]
        self._context.outbox.enqueue_changes(self._tx, told, self._subscribers, self._about)
        if self._history:
            self._tx.defer(partial(transitions.append, self._tx.db, self._history, self._cited))
            self._tx.moved = True
        ended = [
            (task, step)
            for task, step in told
            if step.to_state in TERMINAL and step.from_state is not step.to_state
        ]
        if ended:
            self._tx.after_commit.append(partial(_log_ends, ended))

    def _is_capped(self, task: Task) -> bool:
        account = self._context.accounts.get((task.provider, task.account))
        return account is not None and account.max_in_flight is not None

    def _take_in(self, step: Step) -> None:
        """Take in a step that has a transition, and what it causes."""
        task, place = step.task, len(self._history)
        assert step.transition is not None  # noqa: S101 - its callers have looked
        self._places[task.key, task.version] = place
        self._history.append((task, step.transition))
        for effect in step.effects:
            if effect is _NOTIFY:
                self._told.append(place)
            else:
                self._enqueue(effect, task)

    def _enqueue(self, effect: Effect, task: Task) -> None:
        if effect is _STOP:  # the usual ones first
            self._stopped[task.key] = task
            for kind in _WORK if self._jobs else ():
                self._jobs.pop(build_dedup_key(kind, task.key), None)
            return
        if effect is _FREE_SLOTS:
            self._freed[task.key] = task
            return
        match effect:
            case Effect.RECONCILE:
                # One that is to be cancelled, and is found only now, is cancelled at once.
                must_cancel = task.cancel_asked_at is not None and task.cancel_sent_at is None
                now = self._tx.now
                look_at = now if must_cancel else compute_next_look(self._context, task, now)
                self._add(task, JobKind.RECONCILE, look_at)
            case Effect.FOLLOW_UP:
                if task.operation != UNKNOWN_OPERATION:  # by what to ask for it is not known
                    self._add(
                        task,
                        JobKind.RECONCILE,
                        compute_next_look(self._context, task, self._tx.now),
                    )
            case Effect.FREE_NAME:
                self._unnamed.append(task.key)
            case Effect.SUBMIT:
                self._add(task, JobKind.SUBMIT, self._tx.now)
            case Effect.LOOK_UP:
                pause = self._context.policy.polls.first
                self._add(task, JobKind.RECONCILE, self._tx.now + pause)

    def _add(self, task: Task, kind: JobKind, run_at: datetime) -> None:
        job = NewJob(task.tenant, kind, task.key, build_lane(task.provider, task.account), run_at)
        self._jobs[job.dedup_key] = job


def _is_never_made(tx: Tx, task: Task, end: Event) -> bool:
    """Return whether a person has said so of each request that may have arrived.

    A provider's own denials are not enough: it may know a task later, and then two would have one
    external id. task: before its end.
    """
    if task.state is TaskState.UNCERTAIN and end.source is not Source.OPERATOR:
        return False
    tx.write_deferred()
    return all(_is_no_trace(step) for _, step in transitions.list_of_task(tx.db, task.key))


def _is_no_trace(step: Transition) -> bool:
    if step.from_state is TaskState.UNCERTAIN and step.to_state is _QUEUED:
        return step.kind is EventKind.RESOLVED_NEVER_MADE
    return step.to_state in _BEFORE_PROVIDER or step.kind is EventKind.SUBMIT_SENT


def _is_follow_up_begun(before: Task, after: Task) -> bool:
    """Tell whether it is to be said until when a task that has just ended is asked about.

    A success without its result is asked about as long as a new task, and what it costs for a time
    of its own. Any other has its bound already, unless a callback told of its end before we knew
    that it had left us.
    """
    if after.follow_up is None or before.follow_up is after.follow_up:
        return False
    return after.follow_up in (FollowUp.NO_RESULT, FollowUp.COSTS) or after.give_up_at is None


def _log_ends(ended: Iterable[tuple[Task, Transition]]) -> None:
    """Log each task that has ended, once that is kept."""
    for task, step in ended:
        since = task.submitted_at or task.created_at
        took_s = round((step.at - since).total_seconds(), 3)
        fields: dict[str, str | float | None] = {
            "task": str(task.id),
            "seconds": took_s,
            "code": None if task.error is None else task.error.code,
            "trace_id": None if task.traceparent is None else trace_id(task.traceparent),
        }
        kind = (
            ("tenant", task.tenant),
            ("provider", task.provider),
            ("account", task.account),
            ("operation", task.operation),
            ("verdict", task.state._value_),
            ("source", step.source._value_),
            ("kind", step.kind._value_),
        )
        task_log.write("task_ended", _ENDED, fields, at=step.at, kind=kind)


def _list_ids(task: Task) -> set[str]:
    """Return every id that a provider gave the pieces of a result."""
    ids = {piece.id for piece in task.artifacts}
    ids |= {
        value
        for piece in task.artifacts
        for name, value in piece.extra.items()
        if name.endswith("_id")
    }
    return {id_ for id_ in ids if isinstance(id_, str) and id_}


def compute_next_look(
    context: Context, task: Task, now: datetime, *, asked_s: float = 0.0
) -> datetime:
    """Return when to ask the provider about a task that is open or followed up.

    asked_s: seconds the provider asked us to stay away.
    """
    if task.follow_up is not None:
        plan, ended_at = context.policy.polls, task.finished_at or now
        if task.follow_up is FollowUp.COSTS:
            return plan.compute_cost_look(now=now, ended_at=ended_at, jitter=context.jitter())
        # The sooner it is asked, the less a caller waits for what was made all the same.
        pauses = {FollowUp.NO_RESULT: plan.first, FollowUp.DOUBTFUL: plan.quiet}
        look_at = plan.follow_up(
            now=now,
            ended_at=ended_at,
            shortest=pauses.get(task.follow_up, plan.ceiling),
            jitter=context.jitter(),
        )
        return max(look_at, now + timedelta(seconds=min(asked_s, RETRY_AFTER_CAP_S)))
    if task.awaits is Awaits.DETAIL:  # we know that it has ended
        return now + context.policy.polls.first
    usual = context.expectations.find_expectation(task)
    own_s = context.get_poll_spacing_s(task.provider, task.account)
    must_ask = task.state is TaskState.UNCERTAIN or task.awaits is not None
    least_s = max(asked_s, own_s)
    look_at = context.policy.polls.compute_next_look(
        now=now,
        since=task.submitted_at or task.updated_at,
        # Whether a task exists at all is not a question of how long tasks take.
        usual=NOTHING_KNOWN if must_ask else usual,
        callbacks=not must_ask
        and context.is_called_back(task.provider, task.account, task.operation),
        jitter=context.jitter(),
        asked_s=least_s,
    )
    if context.clock_steps.has_recent(context.clock.monotonic()):
        return min(look_at, now + timedelta(seconds=max(LONGEST_LOOK_S, least_s)))
    return look_at
