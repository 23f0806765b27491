"""`tracker recover`: complete a restored database, and end that."""

from typing import TYPE_CHECKING, Any

import click

from tracker.cli.command import Command, format_examples
from tracker.cli.exits import FAILED
from tracker.cli.shared import OUTPUT, emit, fail, fail_by_database, load_settings, print_note
from tracker.cli.table import Column, print_table

if TYPE_CHECKING:
    from datetime import datetime

    from tracker.services.backup.walking import WalkedList
    from tracker.settings import Settings


@click.command(
    cls=Command,
    epilog=format_examples("tracker recover", "tracker recover --done"),
)
@click.option("--done", is_flag=True, help="End it: submits are taken and sent again.")
@OUTPUT
def recover(done: bool, output: str) -> None:  # noqa: FBT001 - click's
    """Look for what a restored database lacks in the lists of the providers that have some, and
    show what was found; callbacks bring the rest. With --done, end the recovery: submits are taken
    again.
    """
    import asyncio  # noqa: PLC0415 - the help needs no database

    from tracker.domain.errors import Conflict, Unavailable  # noqa: PLC0415
    from tracker.settings import SettingsError  # noqa: PLC0415
    from tracker.store.probe import find_schema_problem  # noqa: PLC0415

    settings = load_settings()
    problem = find_schema_problem(settings.resolve_database_url())
    if problem:
        fail_by_database(settings, problem)
    try:
        since, walked = asyncio.run(_recover(settings, is_done=done))
    except SettingsError as error:
        fail(str(error))
    except (Conflict, Unavailable) as error:
        fail(settings.log_redactor().redact(str(error)), code=FAILED)
    rows: list[dict[str, Any]] = [
        {
            "provider": one.provider,
            "account": one.account,
            "seen": one.seen,
            "adopted": one.adopted,
            "error": one.reason,
        }
        for one in walked
    ]
    shown = {"since": None if since is None else since.isoformat(), "done": done, "lists": rows}
    emit(output, shown, lambda: _print(rows, since))
    if since is None:
        print_note("nothing is being recovered")
    elif done:
        print_note("the recovery is over: submits are taken again")
    else:
        print_note(
            "submits wait; when nothing is missing any more, `tracker recover --done` ends it"
        )


def _print(rows: "list[dict[str, Any]]", since: "datetime | None") -> None:
    if since is not None:
        click.echo(f"since {since:%Y-%m-%d %H:%M:%S} UTC")
    columns = [Column(name) for name in ("provider", "account", "seen", "adopted", "error")]
    if rows:
        print_table("lists", columns, rows)


async def _recover(
    settings: "Settings", *, is_done: bool
) -> "tuple[datetime | None, list[WalkedList]]":
    from tracker.parts import open_context  # noqa: PLC0415
    from tracker.services.backup.recovering import end  # noqa: PLC0415
    from tracker.services.backup.walking import ListWalk  # noqa: PLC0415

    async with open_context(settings) as (context, _):
        since = context.recovery.since
        walked = await ListWalk(context).walk()
        if is_done and since is not None:
            await end(context)
        return since, walked
