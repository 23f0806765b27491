"""Make tracked tasks of those that a provider has and this database does not know."""

from collections.abc import Sequence
from uuid import UUID

from tracker.domain.access import DEFAULT_TENANT
from tracker.domain.records import record
from tracker.domain.task import UNKNOWN_OPERATION, Task, TaskState
from tracker.services.context import Context
from tracker.store import task_inputs, tasks
from tracker.store.driver.transaction import Tx


@record
class UpstreamTask:
    """A task at a provider. id: the one that it is to have here."""

    id: UUID
    provider: str
    account: str
    external_task_id: str | None = None
    provider_task_id: str | None = None
    operation: str = UNKNOWN_OPERATION


def insert_adopted(context: Context, tx: Tx, found: Sequence[UpstreamTask]) -> list[Task | None]:
    """Insert tasks as `submitted`; None in the place of each whose external id is taken.

    They belong to the default tenant: nothing at the provider tells whose they are.
    """
    inserted = tasks.insert_many(tx.db, [_make_adopted_task(context, tx, one) for one in found])
    task_inputs.insert_many(tx.db, [(task, b"{}") for task in inserted if task is not None])
    return inserted


def _make_adopted_task(context: Context, tx: Tx, found: UpstreamTask) -> Task:
    return Task(
        key=0,
        id=found.id,
        tenant=DEFAULT_TENANT,
        provider=found.provider,
        account=found.account,
        operation=found.operation,
        external_task_id=found.external_task_id or str(found.id),
        provider_task_id=found.provider_task_id,
        state=TaskState.SUBMITTED,
        version=1,
        created_at=tx.now,
        updated_at=tx.now,
        submitted_at=tx.now,
        deadline_at=tx.now + context.policy.deadline,
        give_up_at=tx.now + context.policy.give_up,
    )
