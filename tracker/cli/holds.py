"""`tracker holds`: keep what retention would drop, in the database or on a running service."""

from typing import TYPE_CHECKING, Any
from uuid import UUID

import click

from tracker.cli.command import Group, format_examples
from tracker.cli.database import begin_action, run_with_store
from tracker.cli.exits import FAILED
from tracker.cli.remote import ONE_TENANT, ConnectionOptions, allow_remote
from tracker.cli.shared import OUTPUT, emit, fail, print_note
from tracker.cli.table import Column, leave_out_tenant, print_table
from tracker.domain.access import DEFAULT_TENANT

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
    epilog=format_examples(
        'tracker holds add --task ID --reason "claim 17"',
        "tracker holds list",
        "tracker holds remove 1",
    ),
)
def holds() -> None:
    """Keep what retention would drop. Works on the database; with --remote, on a service.

    There a key of the scope `admin` asks, and the holds are those of its tenant.
    """


@holds.command(epilog=format_examples('tracker holds add --tenant acme --reason "audit of 2026"'))
@allow_remote
@click.option("--task", "task_id", help="A task, by its id; without it all of the tenant.")
@click.option("--tenant", show_default=DEFAULT_TENANT, help="Whose tasks.")
@click.option("--reason", required=True, help="Why, for those who read the list.")
def add(
    *, connection: ConnectionOptions | None, task_id: str | None, tenant: str | None, reason: str
) -> None:
    """Keep a task, or all tasks of a tenant, until the hold is removed."""
    try:
        id_ = None if task_id is None else UUID(task_id)
    except ValueError:
        fail(f"{task_id!r} is not the id of a task")
    if connection is not None:
        if tenant is not None:
            fail(ONE_TENANT)
        body = {"reason": reason} if id_ is None else {"reason": reason, "task_id": str(id_)}
        with connection.open() as server:
            made = server.post("/v1/holds", json=body)["id"]
    else:
        made = _add_here(tenant or DEFAULT_TENANT, id_, reason)
    print_note(f"hold {made} stands")


def _add_here(tenant: str, id_: UUID | None, reason: str) -> str:
    async def act(store: "Store", _settings: "Settings") -> "Hold":
        from tracker.domain.errors import NotFound  # noqa: PLC0415 - the help needs no database
        from tracker.services.upkeep import holding  # noqa: PLC0415

        begin_action(tenant, "holds.add")
        try:
            return await store.write(holding.add, holding.NewHold(tenant, id_, reason))
        except NotFound:
            fail(f"tenant {tenant!r} has no task {id_}", code=FAILED)

    return run_with_store(act).id


@holds.command("list", epilog=format_examples("tracker holds list"))
@allow_remote
@OUTPUT
def list_(*, connection: ConnectionOptions | None, output: str) -> None:
    """List every hold."""
    found = _list_here() if connection is None else _list_there(connection)
    columns = leave_out_tenant(_COLUMNS) if connection is not None else _COLUMNS
    emit(output, {"holds": found}, lambda: print_table("holds", columns, found))


def _list_here() -> list[dict[str, Any]]:
    async def act(store: "Store", _settings: "Settings") -> "list[Hold]":
        from tracker.store import holds as rows  # noqa: PLC0415 - as above

        return await store.read(rows.list_all)

    return [_describe(one) for one in run_with_store(act)]


def _list_there(connection: ConnectionOptions) -> list[dict[str, Any]]:
    """Return the holds of the tenant that asks, oldest first, as those of the database."""
    with connection.open() as server:
        found = server.get_all("/v1/holds", "holds")
    return [
        {
            "hold": int(one["id"]),
            "task": one["task_id"],
            "reason": one["reason"],
            "created": one["created_at"],
        }
        for one in reversed(found)
    ]


@holds.command(epilog=format_examples("tracker holds remove 1"))
@allow_remote
@click.argument("number", type=int)
def remove(*, connection: ConnectionOptions | None, number: int) -> None:
    """Remove a hold: what it kept is dropped within a day."""
    if connection is not None:
        with connection.open() as server:
            server.send("DELETE", f"/v1/holds/{number}")
    elif not _remove_here(number):
        fail("there is no such hold; see `tracker holds list`", code=FAILED)
    print_note("removed")


def _remove_here(number: int) -> bool:
    async def act(store: "Store", _settings: "Settings") -> bool:
        from tracker.services.upkeep import holding  # noqa: PLC0415 - as above
        from tracker.store import holds as rows  # noqa: PLC0415

        found = await store.read(lambda db: rows.get(db, None, number))
        if found is None:
            return False
        begin_action(found.tenant, "holds.remove", found.id)
        return await store.write(holding.remove, (found.tenant, number))

    return run_with_store(act)


def _describe(one: "Hold") -> dict[str, Any]:
    return {
        "hold": one.key,
        "tenant": one.tenant,
        "task": None if one.task_id is None else str(one.task_id),
        "reason": one.reason,
        "created": one.created_at.isoformat(),
    }
