"""`tracker holds`: keep what retention would drop. Needs no server."""

from typing import TYPE_CHECKING, Any
from uuid import UUID

import click

from tracker.cli.command import Group, examples
from tracker.cli.database import begin_action, with_store
from tracker.cli.exits import FAILED
from tracker.cli.shared import OUTPUT, emit, fail, say
from tracker.cli.table import Column, print_table

if TYPE_CHECKING:
    from tracker.settings import Settings
    from tracker.store.holds import Hold
    from tracker.store.store import Store

_COLUMNS = (
    *(Column("hold"), Column("tenant", "id"), Column("task", "id", empty="all")),
    *(Column("reason", "text"), Column("created", "time")),
)


@click.group(
    cls=Group,
    epilog=examples(
        'tracker holds add --task ID --reason "claim 17"',
        "tracker holds list",
        "tracker holds remove 1",
    ),
)
def holds() -> None:
    """Keep what retention would drop. Works on the database; needs no server."""


@holds.command(epilog=examples('tracker holds add --tenant acme --reason "audit of 2026"'))
@click.option("--task", "task_id", help="A task, by its id; without it all of the tenant.")
@click.option("--tenant", default="default", show_default=True, help="Whose tasks.")
@click.option("--reason", required=True, help="Why, for those who read the list.")
def add(*, task_id: str | None, tenant: str, reason: str) -> None:
    """Keep a task, or all tasks of a tenant, until the hold is removed."""
    try:
        id_ = None if task_id is None else UUID(task_id)
    except ValueError:
        fail(f"{task_id!r} is not the id of a task")

    async def act(store: "Store", _settings: "Settings") -> "Hold":
        from tracker.domain.errors import NotFound  # noqa: PLC0415 - the help needs no database
        from tracker.services.upkeep import holding  # noqa: PLC0415

        begin_action(tenant, "holds.add")
        try:
            return await store.write(holding.add, holding.NewHold(tenant, id_, reason))
        except NotFound:
            fail(f"tenant {tenant!r} has no task {task_id}", code=FAILED)

    say(f"hold {with_store(act).key} stands")


@holds.command("list", epilog=examples("tracker holds list"))
@OUTPUT
def list_(*, output: str) -> None:
    """List every hold."""

    async def act(store: "Store", _settings: "Settings") -> "list[Hold]":
        from tracker.store import holds as rows  # noqa: PLC0415 - as above

        return await store.read(rows.list_all)

    found = [_described(one) for one in with_store(act)]
    emit(output, {"holds": found}, lambda: print_table("holds", _COLUMNS, found))


@holds.command(epilog=examples("tracker holds remove 1"))
@click.argument("number", type=int)
def remove(*, number: int) -> None:
    """Remove a hold: what it kept is dropped within a day."""

    async def act(store: "Store", _settings: "Settings") -> bool:
        from tracker.services.upkeep import holding  # noqa: PLC0415 - as above
        from tracker.store import holds as rows  # noqa: PLC0415

        found = await store.read(lambda db: rows.get(db, None, number))
        if found is None:
            return False
        begin_action(found.tenant, "holds.remove", found.id)
        return await store.write(holding.remove, (found.tenant, number))

    if not with_store(act):
        fail("there is no such hold; see `tracker holds list`", code=FAILED)
    say("removed")


def _described(one: "Hold") -> dict[str, Any]:
    return {
        "hold": one.key,
        "tenant": one.tenant,
        "task": None if one.task_id is None else str(one.task_id),
        "reason": one.reason,
        "created": one.created_at.isoformat(),
    }
