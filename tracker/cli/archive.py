"""`tracker archive`: read what was written of rows before they were dropped. Needs no server."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any, TypeVar
from uuid import UUID

import click

from tracker.cli.command import Group, add_options, format_examples
from tracker.cli.database import run_with_store
from tracker.cli.exits import FAILED
from tracker.cli.shared import OUTPUT, emit, emit_json, fail, print_note
from tracker.cli.table import Column, print_table

if TYPE_CHECKING:
    from tracker.services.storage import ObjectStore
    from tracker.settings import Settings
    from tracker.store.archives import ArchiveFilter
    from tracker.store.store import Store

Result = TypeVar("Result")
_COLUMNS = (Column("class"), Column("tenant", "id"), Column("day"), Column("rows"), Column("bytes"))
_CLASSES = ("inputs", "evidence", "deliveries", "tasks")


@click.group(
    cls=Group,
    epilog=format_examples(
        "tracker archive list",
        "tracker archive read --class tasks --day 2026-11-29 | jq .id",
        "tracker archive check",
    ),
)
def archive() -> None:
    """Read what was dropped. Works on the database and the archive; needs no server."""


_add_filters = add_options(
    [
        click.option("--class", "kept_class", type=click.Choice(_CLASSES), help="Only this class."),
        click.option("--tenant", help="Whose tasks."),
        click.option("--day", type=click.DateTime(["%Y-%m-%d"]), help="When its tasks ended, UTC."),
    ]
)
"""Which files are meant."""


@archive.command("list", epilog=format_examples("tracker archive list --tenant acme --output json"))
@_add_filters
@OUTPUT
def list_(*, output: str, **which: Any) -> None:
    """List the files, oldest first."""

    async def act(store: "Store", _objects: "ObjectStore") -> list[dict[str, Any]]:
        from tracker.services.upkeep import archive_reading  # noqa: PLC0415 - the help needs none

        return [
            {
                "class": one.kept_class.value,
                "tenant": one.tenant,
                "day": one.day.isoformat(),
                "rows": one.rows,
                "bytes": one.size,
                "sha256": one.sha256.hex(),
                "path": one.path,
            }
            async for one in archive_reading.iterate_files(store, _filter(which))
        ]

    found = _run_with_archive(act)
    emit(output, {"files": found}, lambda: print_table("files", _COLUMNS, found))


@archive.command(
    epilog=format_examples(
        "tracker archive read --task ID", "tracker archive read --class evidence > evidence.jsonl"
    )
)
@_add_filters
@click.option("--task", help="Only of this task, by its id.")
def read(*, task: str | None, **which: Any) -> None:
    """Print rows, a JSON object a line, each file checked against its digest before it."""
    try:
        id_ = None if task is None else UUID(task)
    except ValueError:
        fail(f"{task!r} is not the id of a task")

    async def act(store: "Store", objects: "ObjectStore") -> None:
        from tracker.domain.archive import render_row  # noqa: PLC0415 - as above
        from tracker.services.upkeep import archive_reading  # noqa: PLC0415

        async for kept_class, row in archive_reading.iterate_rows(
            store, objects, _filter(which), task=id_
        ):
            emit_json({"class": kept_class.value, **render_row(kept_class, row)})

    _run_with_archive(act)


@archive.command(epilog=format_examples("tracker archive check"))
def check() -> None:
    """Read every file, and find those that are gone, damaged or unknown; exit 1 for any."""

    async def act(store: "Store", objects: "ObjectStore") -> int:
        from tracker.services.upkeep import archive_reading  # noqa: PLC0415 - as above

        number = 0
        async for flaw in archive_reading.iterate_flaws(store, objects):
            click.echo(flaw)
            number += 1
        return number

    if number := _run_with_archive(act):
        fail(f"{number} flaws", code=FAILED)
    print_note("every file is there and whole")


def _filter(which: Mapping[str, Any]) -> "ArchiveFilter":
    from tracker.domain.retention import KeptClass  # noqa: PLC0415 - as above
    from tracker.store.archives import ArchiveFilter  # noqa: PLC0415

    kept_class, day = which["kept_class"], which["day"]
    return ArchiveFilter(
        None if kept_class is None else KeptClass(kept_class),
        which["tenant"],
        None if day is None else _find_day(day),
    )


def _find_day(at: datetime) -> date:
    return at.replace(tzinfo=UTC).date()


def _run_with_archive(action: "Callable[[Store, ObjectStore], Awaitable[Result]]") -> Result:
    """Run an action on the database and the archive of the settings; ends where there is none."""

    async def act(store: "Store", settings: "Settings") -> Result:
        from tracker.domain.errors import StorageError  # noqa: PLC0415 - as above
        from tracker.parts import open_archive  # noqa: PLC0415

        with open_archive(settings) as objects:
            if objects is None:
                fail("there is no archive: TRACKER_ARCHIVE is not set")
            try:
                return await action(store, objects)
            except StorageError as error:
                fail(settings.log_redactor().redact(str(error)), code=FAILED)

    return run_with_store(act)
