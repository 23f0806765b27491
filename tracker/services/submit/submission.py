"""Accept a task, once; and carry out one try to hand it to its provider."""

import asyncio
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from hashlib import sha256

from tracker.clock import new_id
from tracker.domain import documents, lifecycle
from tracker.domain.accepting import as_accepted
from tracker.domain.errors import (
    Conflict,
    FieldError,
    IdempotencyInFlight,
    IdempotencyReuse,
    InvalidRequest,
)
from tracker.domain.signals import CrashPoint
from tracker.domain.task import Task, TaskState
from tracker.providers.ports.adapter import Request
from tracker.providers.ports.provider import Provider
from tracker.services.context import Context
from tracker.services.recorder import Recorder
from tracker.services.submit.choosing import Choice, Choosing, refusal_of
from tracker.services.submit.naming import check_named
from tracker.services.submit.request import (
    RESUBMITTABLE,
    Submission,
    encoded,
    not_resubmittable,
)
from tracker.store import idempotency, labels, lost_answers, tasks
from tracker.store.driver.transaction import Tx
from tracker.store.idempotency import IdempotencyKey
from tracker.store.lost_answers import CreateName, Span

AccountAndName = tuple[str, str, str]
"""Provider, account and external id."""
ENCODED_AT_ONCE = 256 * 1024
"""Characters of an input that the event loop encodes itself, in some 5 ms at worst."""


@dataclass(frozen=True, slots=True)
class AcceptedTask:
    """The answer to a submission.

    task:     as it was accepted: `queued`, version 1.
    replayed: an earlier request had made it: one with this idempotency key, or one repeated here.
    """

    task: Task
    replayed: bool


@dataclass(frozen=True, slots=True)
class _Checked:
    task: Task
    body: bytes
    key: IdempotencyKey | None
    repeats: Span | None = None
    create_name: CreateName | None = None


class Acceptance:
    """Takes submissions in."""

    def __init__(self, context: Context) -> None:
        """One per process: it knows which idempotency keys are being accepted."""
        self._context = context
        self._choosing = Choosing(context)
        self._in_flight: set[tuple[str, str]] = set()

    async def accept(self, submission: Submission) -> AcceptedTask:
        """Check it and make it durable. Nothing has been sent when this returns.

        Raises InvalidRequest, Conflict (the external id is taken), IdempotencyReuse,
        IdempotencyInFlight, Unavailable.
        """
        return await self._once(await self._check(submission))

    async def accept_again(self, before: Task, *, idempotency_key: str | None) -> AcceptedTask:
        """Make a new task of an earlier one's input, which was checked when it came.

        Raises IdempotencyReuse, IdempotencyInFlight, Unavailable.
        """
        bodies, holder = await self._context.store.read(
            lambda db: (
                tasks.input_of(db, [before.key]),
                tasks.account_of_name(
                    db, before.provider, [before.account], before.external_task_id
                ),
            )
        )
        task = self._again(before, is_name_held=holder is not None)
        key = None
        if idempotency_key is not None:
            asked = sha256(f"resubmit {before.id}".encode()).digest()
            key = IdempotencyKey(before.tenant, idempotency_key, asked)
        return await self._once(_Checked(task, bodies[before.key], key))

    def insert_again(
        self, tx: Tx, sources: Sequence[Task], held: Collection[AccountAndName]
    ) -> list[Task]:
        """Make a new task of the input of each of some tasks, in the caller's transaction.

        held: the external ids that tasks have by now which exist at their providers, or may.
        Returns those that were made: another process may take a name at this moment.
        """
        taken = set(held)
        bodies = tasks.input_of(tx.db, [task.key for task in sources])
        items = []
        for source in sources:
            name = (source.provider, source.account, source.external_task_id)
            made = self._again(source, is_name_held=name in taken)
            taken.add((made.provider, made.account, made.external_task_id))
            items.append(_Checked(made, bodies[source.key], None))
        results = self._insert_fresh(tx, items)
        return [one.task for one in results if isinstance(one, AcceptedTask)]

    def _again(self, before: Task, *, is_name_held: bool) -> Task:
        """Return a new task of an earlier one's request.

        is_name_held: whether a task that exists at the provider, or may, has its external id.
        """
        now, id_ = self._context.clock.now(), new_id()
        # A name of the caller's goes to the new task where the provider never heard it.
        is_callers = before.external_task_id != str(before.id)
        has_free_name = before.never_created and is_callers and not is_name_held
        patience = self._context.policy.deadline
        if before.deadline_at is not None:
            patience = before.deadline_at - before.created_at
        return replace(
            as_accepted(before),
            key=0,
            id=id_,
            external_task_id=before.external_task_id if has_free_name else str(id_),
            created_at=now,
            updated_at=now,
            deadline_at=now + patience,
            resubmit_of=before.id,
        )

    async def _once(self, checked: _Checked) -> AcceptedTask:
        if checked.key is None:
            return await self._commit(checked)
        name = (checked.key.tenant, checked.key.key)
        if name in self._in_flight:
            raise IdempotencyInFlight("a request with this Idempotency-Key is being accepted now")
        self._in_flight.add(name)
        try:
            return await self._commit(checked)
        finally:
            self._in_flight.discard(name)

    async def _commit(self, checked: _Checked) -> AcceptedTask:
        accepted: AcceptedTask = await self._context.store.write(self._insert, checked)
        self._context.at(CrashPoint.ACCEPT_COMMITTED)
        return accepted

    async def _check(self, submission: Submission) -> _Checked:
        provider = self._context.provider(submission.provider)
        # Before the input is read: which fields it may have depends on the operation.
        if submission.account is not None:
            self._check_account(provider, submission)
        else:
            self._choosing.check(submission.provider, submission.operation)
        is_large = documents.is_large(submission.input, ENCODED_AT_ONCE)
        check = provider.submits.check
        try:
            if is_large:
                request = await asyncio.to_thread(check, submission.operation, submission.input)
            else:
                request = check(submission.operation, submission.input)
            self._check_url("callback_url", request.callback_url)
            await check_named(
                self._context, submission.provider, submission.tenant, submission.input
            )
        except InvalidRequest as error:
            raise error.under(submission.input_path) from None
        self._check_url("webhook_url", submission.webhook_url)
        self._check_ids(submission, request)
        parent = await self._parent(submission, request)
        if is_large:
            body, key = await asyncio.to_thread(encoded, request, submission)
        else:
            body, key = encoded(request, submission)
        return _Checked(
            task=await self._new_task(submission, request, parent),
            body=body,
            key=key,
            repeats=submission.repeats,
            create_name=submission.create_name,
        )

    def _check_account(self, provider: Provider, submission: Submission) -> None:
        name = (submission.provider, submission.account or "")
        account = self._context.accounts.get(name)
        if account is None:
            raise InvalidRequest(FieldError("account", "no such account at this provider"))
        has_custody = self._context.storage is not None
        refusal = refusal_of(provider, account, submission.operation, has_custody=has_custody)
        if refusal is not None:
            raise InvalidRequest(FieldError("operation", refusal))

    def _check_url(self, path: str, url: str | None) -> None:
        refusal = None if url is None else self._context.egress.refusal(url)
        if refusal is not None:
            raise InvalidRequest(FieldError(path, refusal))

    def _check_ids(self, submission: Submission, request: Request) -> None:
        given = {submission.external_task_id, request.external_task_id} - {None}
        if len(given) > 1:
            reason = "differs from the one in the input; give it once"
            raise InvalidRequest(FieldError("external_task_id", reason))

    async def _parent(self, submission: Submission, request: Request) -> Task | None:
        """Find the task that a new one continues: it fixes the account.

        Raises InvalidRequest where the tenant has no such task, or names another account.
        """
        name = request.parent
        if name is None:
            return None
        found = await self._context.store.read(
            lambda db: tasks.get_by_name(db, submission.tenant, submission.provider, name)
        )
        field = request.parent_field
        path = f"{submission.input_path}.{field}" if submission.input_path else field
        if found is None:
            raise InvalidRequest(FieldError(path, f"there is no task {name[:128]!r} to continue"))
        if found.provider_task_id is None:
            reason = f"task {name[:128]!r} has no id at its provider yet; wait until it has"
            raise InvalidRequest(FieldError(path, reason))
        if submission.account not in (None, found.account):
            reason = f"the task that it continues is one of account {found.account!r}"
            raise InvalidRequest(FieldError("account", reason))
        return found

    async def _new_task(
        self, submission: Submission, request: Request, parent: Task | None
    ) -> Task:
        now, id_ = self._context.clock.now(), new_id()
        policy = self._context.policy
        own = None if request.patience_s is None else timedelta(seconds=request.patience_s)
        external = submission.external_task_id or request.external_task_id or str(id_)
        chosen = submission.account or (None if parent is None else parent.account)
        account = chosen or await self._choosing.choose(
            Choice(submission.provider, submission.operation, submission.metadata or {}, external)
        )
        return Task(
            key=0,
            id=id_,
            tenant=submission.tenant,
            provider=submission.provider,
            account=account,
            operation=submission.operation,
            external_task_id=external,
            state=TaskState.QUEUED,
            version=1,
            created_at=now,
            updated_at=now,
            metadata=submission.metadata or {},
            slots=request.slots,
            wants=request.wants,
            deadline_at=now + (submission.deadline or own or policy.deadline),
            callback_url=request.callback_url,
            webhook_url=submission.webhook_url,
            parent_id=None if parent is None else parent.id,
        )

    def _insert(self, tx: Tx, items: Sequence[_Checked]) -> list[AcceptedTask | Exception]:
        """Set-based: any number of submissions, one transaction.

        No idempotency key stands twice in a batch: `accept` holds the second one back, and the
        batches of other processes meet the unique constraint.
        """
        results = self._replays(tx, items) | self._untold(tx, items)
        results |= _refused_sources(tx, items, but=results)
        left = [place for place in range(len(items)) if place not in results]
        fresh = [place for place in left if items[place].repeats is None]
        if fresh:
            made = self._insert_fresh(tx, [items[place] for place in fresh])
            results |= dict(zip(fresh, made, strict=True))
            # Where the external id is taken, another process may have accepted this very request
            # meanwhile: the insert waited for its commit, and now its key is there to be seen.
            taken = [place for place in fresh if isinstance(results[place], Conflict)]
            replays = self._replays(tx, [items[place] for place in taken])
            results |= {taken[place]: replay for place, replay in replays.items()}
        # Last: a repeated call may have come in the same batch as the first.
        for place in left:
            if place not in results:
                results[place] = self._joined(tx, items[place])
        return [results[place] for place in range(len(items))]

    def _joined(self, tx: Tx, item: _Checked) -> AcceptedTask | Exception:
        """Return the task that the repeated call made, or make it where that call made none."""
        assert item.repeats is not None  # noqa: S101 - asked only for such
        first = tasks.newest_like(tx.db, item.task, item.body, within=item.repeats)
        if first is not None:
            return AcceptedTask(as_accepted(first), replayed=True)
        return self._insert_fresh(tx, [item])[0]

    def _untold(self, tx: Tx, items: Sequence[_Checked]) -> dict[int, AcceptedTask | Exception]:
        """The tasks whose clients were not told of them and ask again, by place in the batch."""
        asked = {
            place: item.create_name
            for place, item in enumerate(items)
            if item.create_name is not None
        }
        if not asked:
            return {}
        since = tx.now - self._context.policy.keep_lost_answers
        taken = lost_answers.take(tx.db, list(asked.values()), since=since)
        if not taken:
            return {}
        keys = {place: taken[name].pop(0) for place, name in asked.items() if taken.get(name)}
        found = tasks.get_by_keys(tx.db, set(keys.values()))
        return {
            place: AcceptedTask(as_accepted(found[key]), replayed=True)
            for place, key in keys.items()
            if key in found
        }

    def _replays(self, tx: Tx, items: Sequence[_Checked]) -> dict[int, AcceptedTask | Exception]:
        """The answers to what was accepted before, by place in the batch."""
        keyed = [item.key for item in items if item.key is not None]
        if not keyed:
            return {}
        known = idempotency.find(tx.db, keyed)
        first = tasks.lock_by_key(tx.db, [key.task_key for key in known.values()])
        return {
            place: _replay(before, item.key, first[before.task_key])
            for place, item in enumerate(items)
            if item.key is not None
            and (before := known.get((item.key.tenant, item.key.key))) is not None
        }

    def _insert_fresh(self, tx: Tx, items: Sequence[_Checked]) -> list[AcceptedTask | Exception]:
        inserted = tasks.insert_many(tx.db, [item.task for item in items])
        results: list[AcceptedTask | Exception] = []
        inputs: list[tuple[Task, bytes]] = []
        keys: list[IdempotencyKey] = []
        recorder = Recorder(self._context, tx)
        for item, task in zip(items, inserted, strict=True):
            if task is None:
                results.append(_taken(item.task))
                continue
            inputs.append((task, item.body))
            recorder.start(lifecycle.created(task))
            if item.key is not None:
                keys.append(replace(item.key, task_key=task.key))
            results.append(AcceptedTask(task, replayed=False))
        if inputs:
            tasks.insert_inputs(tx.db, inputs)
            labels.insert_many(tx.db, [task for task, _ in inputs])
            idempotency.insert_many(tx.db, keys, now=tx.now)
            recorder.flush()
        return results


def _refused_sources(
    tx: Tx, items: Sequence[_Checked], *, but: Collection[int]
) -> dict[int, AcceptedTask | Exception]:
    """Refuse to submit again what has succeeded meanwhile, by place in the batch.

    The locks on the sources make a call for many tasks wait, which then sees what is made here.
    """
    again = {
        place: item.task.resubmit_of
        for place, item in enumerate(items)
        if item.task.resubmit_of is not None and place not in but
    }
    if not again:
        return {}
    locked = tasks.lock_by_id(tx.db, set(again.values()))
    return {
        place: not_resubmittable(locked[id_])
        for place, id_ in again.items()
        if id_ in locked and locked[id_].state not in RESUBMITTABLE
    }


def _replay(before: IdempotencyKey, now: IdempotencyKey, task: Task) -> AcceptedTask | Exception:
    if before.fingerprint != now.fingerprint:
        return IdempotencyReuse("this Idempotency-Key came before with another request")
    return AcceptedTask(as_accepted(task), replayed=True)


def _taken(task: Task) -> Conflict:
    return Conflict(
        f"external_task_id {task.external_task_id!r} already exists for account "
        f"{task.account!r} at {task.provider}"
    )
