"""Accept a task, once: check its input, choose its account, keep it; `attempting` sends it."""

import asyncio
from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import timedelta
from functools import partial

from tracker.clock import make_id
from tracker.domain import documents, lifecycle
from tracker.domain.accepting import make_resubmission, restore_accepted
from tracker.domain.budget import Budget
from tracker.domain.errors import (
    Conflict,
    FieldError,
    IdempotencyInFlight,
    InputGone,
    InvalidRequest,
)
from tracker.domain.long_texts import WrittenJson
from tracker.domain.prices import estimate
from tracker.domain.signals import CrashPoint
from tracker.domain.task import Task, TaskState
from tracker.providers.ports.adapter import Request
from tracker.providers.ports.provider import Provider
from tracker.services import recovery
from tracker.services.context import Context
from tracker.services.named_objects import check_named, find_continued
from tracker.services.recorder import Recorder
from tracker.services.submit.budgeting import BudgetGuard, estimate_again, list_refusals
from tracker.services.submit.choosing import (
    NO_ACCOUNT,
    AccountChooser,
    AccountQuery,
    explain_refusal_at,
    find_fixed_account,
)
from tracker.services.submit.kept_inputs import explain_input_refusal
from tracker.services.submit.replays import (
    answer_replayed,
    list_replays,
    list_untold,
    refuse_ended_sources,
)
from tracker.services.submit.request import (
    AcceptedTask,
    CheckedSubmission,
    Submission,
    build_resubmission_key,
    encode_large_submission,
    encode_submission,
)
from tracker.store import idempotency, labels, task_inputs, task_lookups, tasks
from tracker.store.driver.transaction import Tx, run_first
from tracker.store.idempotency import IdempotencyKey
from tracker.store.new_tasks import insert_new
from tracker.telemetry.tracing import TRACEPARENT

ENCODED_AT_ONCE = 256 * 1024
"""Characters of an input that the event loop encodes itself, in some 5 ms at worst."""


class SubmissionIntake:
    """Takes submissions in."""

    def __init__(self, context: Context) -> None:
        """One per process: it knows which idempotency keys are being accepted."""
        self._context = context
        self._choosing = AccountChooser(context)
        self.budget_guard = BudgetGuard(context.clock)
        self._in_flight: dict[tuple[str, str], asyncio.Event] = {}

    async def accept(self, submission: Submission) -> AcceptedTask:
        """Check it and make it durable. Nothing has been sent when this returns.

        Raises InvalidRequest, Conflict (the external id is taken), IdempotencyReuse,
        IdempotencyInFlight, BudgetExceeded, Unavailable.
        """
        checked = await self.check(submission)
        del submission  # from here on a large input is held once, as it is kept
        return await self.accept_checked(checked)

    async def accept_again(
        self, before: Task, *, idempotency_key: str | None, submitter: int | None
    ) -> AcceptedTask:
        """Make a new task of an earlier one's input, which was checked when it came.

        submitter: the row of the API key that asks for it.
        Raises Conflict where it names objects that are not the tenant's, InputGone,
        IdempotencyReuse, IdempotencyInFlight, BudgetExceeded, Unavailable.
        """
        bodies, holder = await self._context.store.read(
            lambda db: (
                task_inputs.get_by_keys(db, [before.key]),
                task_lookups.find_account(
                    db, before.provider, [before.account], before.external_task_id
                ),
            )
        )
        key = None if idempotency_key is None else build_resubmission_key(before, idempotency_key)
        body = bodies.get(before.key)
        if body is None:
            return await self._find_known(before, key, InputGone())
        refusal = await explain_input_refusal(self._context, before, body)
        if refusal is not None:
            return await self._find_known(before, key, refusal)
        build = partial(self.build_again, before, body, is_name_held=holder is not None)
        again = await asyncio.to_thread(build) if len(body) > ENCODED_AT_ONCE else build()
        task = replace(again, submitter=submitter, traceparent=TRACEPARENT.get())
        return await self.accept_checked(CheckedSubmission(task, body, key))

    async def _find_known(
        self, before: Task, key: IdempotencyKey | None, refusal: Conflict
    ) -> AcceptedTask:
        """Return what a key was given for when it was possible; else raise the refusal."""
        checked = CheckedSubmission(before, b"", key)
        known: AcceptedTask | None = await self._context.store.write(answer_replayed, checked)
        if known is None:
            raise refusal
        return known

    def insert_again(
        self, tx: Tx, items: Sequence[CheckedSubmission], capped: Sequence[Budget]
    ) -> list[AcceptedTask | Exception]:
        """Insert in the caller's transaction what earlier tasks' inputs make.

        capped: the budgets of their tenants, locked.
        """
        known = list_replays(tx, items)
        fresh = [index for index in range(len(items)) if index not in known]
        made = self._insert_fresh(tx, [items[index] for index in fresh], capped)
        results = known | dict(zip(fresh, made, strict=True))
        return [results[index] for index in range(len(items))]

    def build_again(self, before: Task, body: bytes, *, is_name_held: bool) -> Task:
        """Return the new task of an earlier one's input; see `make_resubmission`."""
        return make_resubmission(
            before,
            id_=make_id(),
            now=self._context.clock.now(),
            patience=self._context.policy.deadline,
            costs=estimate_again(self._context.prices, before, body),
            is_name_held=is_name_held,
        )

    async def accept_checked(self, checked: CheckedSubmission) -> AcceptedTask:
        """Make durable what `check` returned. Raises what `accept` does besides InvalidRequest."""
        if checked.key is None:
            return await self._commit(checked)
        name = (checked.key.tenant, checked.key.key)
        if name in self._in_flight:
            raise IdempotencyInFlight("a request with this Idempotency-Key is being accepted now")
        self._in_flight[name] = asyncio.Event()
        try:
            return await self._commit(checked)
        finally:
            self._in_flight.pop(name).set()

    async def wait_for_key(self, tenant: str, key: str) -> None:
        """Wait until no request with this key is being accepted here."""
        under_way = self._in_flight.get((tenant, key))
        if under_way is not None:
            await under_way.wait()

    async def _commit(self, checked: CheckedSubmission) -> AcceptedTask:
        accepted: AcceptedTask = await self._context.store.write(self._insert, checked)
        self._context.at(CrashPoint.ACCEPT_COMMITTED)
        return accepted

    async def check(self, submission: Submission) -> CheckedSubmission:
        """Check a request and keep nothing of it. Raises InvalidRequest, Unavailable."""
        provider = self._context.get_provider(submission.provider)
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
            named = await check_named(
                self._context, submission.provider, submission.tenant, submission.input
            )
        except InvalidRequest as error:
            raise error.add_prefix(submission.input_path) from None
        self._check_url("webhook_url", submission.webhook_url)
        self._check_ids(submission, request)
        parent = None if request.parent is None else await self._find_parent(submission, request)
        fixed = find_fixed_account(self._context, submission, parent, named)
        parent = parent or await find_continued(self._context, submission.tenant, named, fixed)
        try:
            takers = self._choosing.find_takers(
                submission.provider, submission.operation, request.body, fixed
            )
        except InvalidRequest as error:
            raise error.add_prefix(submission.input_path) from None
        if is_large:
            written = await asyncio.to_thread(encode_large_submission, request, submission)
        else:
            written = encode_submission(request, submission)
        body, key = written
        return CheckedSubmission(
            task=await self._make_task(submission, request, parent, fixed, takers),
            body=body,
            key=key,
            repeats=submission.repeats,
            create_name=submission.create_name,
        )

    def _check_account(self, provider: Provider, submission: Submission) -> None:
        name = submission.account or ""
        if (provider.name, name) not in self._context.accounts:
            raise InvalidRequest(FieldError("account", NO_ACCOUNT))
        refusal = explain_refusal_at(self._context, provider, name, submission.operation)
        if refusal is not None:
            raise InvalidRequest(FieldError("operation", refusal))

    def _check_url(self, path: str, url: str | None) -> None:
        refusal = None if url is None else self._context.egress.explain_refusal(url)
        if refusal is not None:
            raise InvalidRequest(FieldError(path, refusal))

    def _check_ids(self, submission: Submission, request: Request) -> None:
        given = {submission.external_task_id, request.external_task_id} - {None}
        if len(given) > 1:
            reason = "differs from the one in the input; give it once"
            raise InvalidRequest(FieldError("external_task_id", reason))

    async def _find_parent(self, submission: Submission, request: Request) -> Task:
        """Find the task that a new one continues: it fixes the account.

        Raises InvalidRequest where the tenant has no such task, or names another account.
        """
        name, field = request.parent or "", request.parent_field
        found = await self._context.store.read(
            lambda db: tasks.get_by_name(db, submission.tenant, submission.provider, name)
        )
        path = f"{submission.input_path}.{field}" if submission.input_path else field
        if found is None:
            raise InvalidRequest(FieldError(path, f"there is no task {name[:128]!r} to continue"))
        if found.provider_task_id is None:
            reason = f"task {name[:128]!r} has no id at its provider yet; wait until it has"
            raise InvalidRequest(FieldError(path, reason))
        if submission.account not in (None, found.account):
            reason = f"the task that it continues is one of account {found.account!r}"
            raise InvalidRequest(FieldError("account", reason))
        provider = self._context.get_provider(submission.provider)
        refusal = explain_refusal_at(self._context, provider, found.account, submission.operation)
        if refusal not in (None, NO_ACCOUNT):  # one that is gone may come back: the task waits
            reason = f"is a task of account {found.account!r}: {refusal}"
            raise InvalidRequest(FieldError(path, reason))
        return found

    async def _make_task(
        self,
        submission: Submission,
        request: Request,
        parent: Task | None,
        fixed: str | None,
        takers: Collection[str] | None,
    ) -> Task:
        now, id_ = self._context.clock.now(), make_id()
        policy = self._context.policy
        own = None if request.patience_s is None else timedelta(seconds=request.patience_s)
        external = submission.external_task_id or request.external_task_id or str(id_)
        account = fixed or self._choosing.find_sole(submission.provider, submission.operation)
        if account is None:
            account = await self._choosing.choose(
                AccountQuery(
                    submission.provider,
                    submission.operation,
                    submission.metadata or {},
                    external,
                    takers,
                )
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
            costs=estimate(
                self._context.prices, submission.provider, submission.operation, request.body
            ),
            submitter=submission.submitter,
            traceparent=TRACEPARENT.get(),
            metadata=submission.metadata or {},
            slots=request.slots,
            wants=request.wants,
            deadline_at=now + (submission.deadline or own or policy.deadline),
            callback_url=request.callback_url,
            webhook_url=submission.webhook_url,
            parent_id=None if parent is None else parent.id,
        )

    @run_first
    def _insert(self, tx: Tx, items: Sequence[CheckedSubmission]) -> list[AcceptedTask | Exception]:
        """Set-based: any number of submissions, one transaction.

        No idempotency key stands twice in a batch: `accept` holds the second one back, and the
        batches of other processes meet the unique constraint.
        """
        capped = self.budget_guard.lock(tx, {item.task.tenant for item in items})
        results = list_replays(tx, items) | list_untold(
            tx, items, keep=self._context.policy.keep_lost_answers
        )
        results |= refuse_ended_sources(tx, items, but=results)
        left = [index for index in range(len(items)) if index not in results]
        fresh = [index for index in left if items[index].repeats is None]
        if fresh:
            made = self._insert_fresh(tx, [items[index] for index in fresh], capped)
            results |= dict(zip(fresh, made, strict=True))
            # Where the external id is taken, another process may have accepted this very request
            # meanwhile: the insert waited for its commit, and now its key is there to be seen.
            taken = [index for index in fresh if isinstance(results[index], Conflict)]
            known = list_replays(tx, [items[index] for index in taken])
            results |= {taken[index]: replay for index, replay in known.items()}
        # Last: a repeated call may have come in the same batch as the first.
        for index in left:
            if index not in results:
                results[index] = self._join_repeat(tx, items[index], capped)
        return [results[index] for index in range(len(items))]

    def _join_repeat(
        self, tx: Tx, item: CheckedSubmission, capped: Sequence[Budget]
    ) -> AcceptedTask | Exception:
        """Return the task that the repeated call made, or make it where that call made none."""
        assert item.repeats is not None  # noqa: S101 - asked only for such
        body = bytes(item.body)
        first = task_inputs.find_newest_like(tx.db, item.task, body, within=item.repeats)
        if first is not None:
            return AcceptedTask(restore_accepted(first), replayed=True)
        return self._insert_fresh(tx, [item], capped)[0]

    def _insert_fresh(
        self, tx: Tx, items: Sequence[CheckedSubmission], capped: Sequence[Budget]
    ) -> list[AcceptedTask | Exception]:
        if self._context.recovery.is_holding(tx.db):
            return [recovery.build_refusal()] * len(items)
        refused = list_refusals(tx, [item.task for item in items], capped)
        taken = [item for item, why in zip(items, refused, strict=True) if why is None]
        made = iter(self._insert_taken(tx, taken))
        return [next(made) if why is None else why for why in refused]

    def _insert_taken(
        self, tx: Tx, items: Sequence[CheckedSubmission]
    ) -> list[AcceptedTask | Exception]:
        inserted = insert_new(tx.db, [item.task for item in items])
        results: list[AcceptedTask | Exception] = []
        inputs: list[tuple[Task, bytes | WrittenJson]] = []
        keys: list[IdempotencyKey] = []
        recorder = Recorder(self._context, tx)
        for item, task in zip(items, inserted, strict=True):
            if task is None:
                results.append(_refuse_taken(item.task))
                continue
            inputs.append((task, item.body))
            recorder.start(lifecycle.create_task(task))
            if item.key is not None:
                keys.append(replace(item.key, task_key=task.key))
            results.append(AcceptedTask(task, replayed=False, body=item.body))
        if inputs:
            task_inputs.insert_many(tx.db, inputs)
            labels.insert_many(tx.db, [task for task, _ in inputs])
            idempotency.insert_many(tx.db, keys, now=tx.now)
            recorder.flush()
        return results


def _refuse_taken(task: Task) -> Conflict:
    return Conflict(
        f"external_task_id {task.external_task_id!r} already exists for account "
        f"{task.account!r} at {task.provider}"
    )
