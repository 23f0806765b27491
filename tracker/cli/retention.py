"""`tracker retention`: what is dropped of old tasks. Needs no server."""

from typing import TYPE_CHECKING

import click

from tracker.cli.command import Group, format_examples
from tracker.cli.database import begin_action, run_with_store
from tracker.cli.shared import OUTPUT, emit, print_note
from tracker.cli.table import Column, print_table

if TYPE_CHECKING:
    from tracker.services.upkeep.retention_plan import PlannedDrop
    from tracker.settings import Settings
    from tracker.store.store import Store

_COLUMNS = (Column("class"), Column("keep_days"), Column("rows"), Column("bytes"))
_DAY_S = 86400


@click.group(
    cls=Group, epilog=format_examples("tracker retention plan", "tracker retention approve")
)
def retention() -> None:
    """Show what is dropped of old tasks. Works on the database; needs no server."""


@retention.command(
    epilog=format_examples("tracker retention plan", "tracker retention plan --output json")
)
@OUTPUT
def plan(*, output: str) -> None:
    """Count the rows and bytes that are due to be dropped now. Changes nothing."""

    async def act(store: "Store", settings: "Settings") -> "list[PlannedDrop]":
        from tracker.clock import SystemClock  # noqa: PLC0415 - the help needs no database
        from tracker.services.upkeep import retention_plan  # noqa: PLC0415

        policy, now = settings.build_retention(), SystemClock().now()
        return await store.read(lambda db: retention_plan.plan(db, policy, now=now))

    found = [
        {
            "class": one.kept_class.value,
            "keep_days": None if one.keep is None else round(one.keep.total_seconds() / _DAY_S, 2),
            "rows": one.rows,
            "bytes": one.bytes,
        }
        for one in run_with_store(act)
    ]
    emit(output, {"plan": found}, lambda: print_table("plan", _COLUMNS, found))


@retention.command(epilog=format_examples("tracker retention approve"))
def approve() -> None:
    """Let all that is due now be dropped, also more than a fifth of all tasks."""

    async def act(store: "Store", settings: "Settings") -> int:
        from tracker.services.upkeep import retention_plan  # noqa: PLC0415 - as above

        begin_action("default", "retention.approve")
        return await store.write(retention_plan.approve, settings.build_retention())

    run_with_store(act)
    print_note("approved: workers drop it within minutes")
