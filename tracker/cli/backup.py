"""`tracker backup`: copy what the database holds, checked, while the service runs."""

from pathlib import Path

import click

from tracker.cli.command import Command, format_examples
from tracker.cli.exits import FAILED
from tracker.cli.shared import (
    OUTPUT,
    emit,
    fail,
    fail_by_file,
    load_settings,
    name_database,
    print_fields,
    print_note,
)


@click.command(
    cls=Command,
    epilog=format_examples(
        "tracker backup /backups/2026-11-29",
        "tracker backup --with-secrets /backups/2026-11-29",
        "tracker backup --dump tracker.dump /backups/2026-11-29   # a dump of pg_dump -Fc",
    ),
)
@click.argument("dest", type=click.Path(path_type=Path))
@click.option(
    "--with-secrets",
    is_flag=True,
    help="Put the callback secrets into the backup: whoever has it can then forge callbacks.",
)
@click.option(
    "--dump",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="The dump of a PostgreSQL database that this backup is to hold.",
)
@OUTPUT
def backup(dest: Path, with_secrets: bool, dump: Path | None, output: str) -> None:  # noqa: FBT001 - click's
    """Back the database up into the folder DEST, which must not exist, and check the copy. The
    service may go on. Of PostgreSQL, the server's own tools copy the data; this writes the manifest
    that a restore needs.
    """
    from tracker.clock import SystemClock  # noqa: PLC0415 - the help needs no database
    from tracker.precedence import step_back  # noqa: PLC0415
    from tracker.services.backup.folder import BackupRefused  # noqa: PLC0415
    from tracker.services.backup.making import BackupOrder, make  # noqa: PLC0415
    from tracker.settings import SettingsError  # noqa: PLC0415
    from tracker.store.backup import BackupFailed  # noqa: PLC0415

    step_back()  # the service's callers wait, and nobody waits for this
    settings = load_settings()
    try:
        if not settings.has_callback_secrets():
            fail("there are no callback secrets yet: no service has run with these settings")
        order = BackupOrder(
            settings.resolve_database_url(), settings.list_callback_secrets(), with_secrets, dump
        )
        made = make(order, dest, SystemClock())
    except (SettingsError, BackupRefused) as error:
        fail(name_database(settings, str(error)))
    except BackupFailed as error:
        fail(settings.log_redactor().redact(str(error)), code=FAILED)
    except OSError as error:
        fail_by_file(error, dest)
    shown = {
        "backup": str(dest),
        "taken_at": made.taken_at.isoformat(),
        "schema": made.schema_revision,
        "feed": made.feed_seq,
        "histories": made.histories,
        "bytes": sum(file.size_bytes for file in made.files.values()),
    }
    emit(output, shown, lambda: print_fields(shown))
    if not made.files:
        print_note(
            "this backup holds no data: keep a base backup of the server with it, or dump first "
            "(`pg_dump --format=custom`) and name the dump by --dump"
        )
