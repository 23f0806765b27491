"""`tracker restore`: put a backup in place, and have the service find out what came after it."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tracker.cli.command import Command, format_examples
from tracker.cli.shared import (
    fail,
    fail_by_database,
    fail_by_file,
    load_settings,
    name_database,
    print_note,
)

if TYPE_CHECKING:
    from datetime import datetime

    from tracker.services.backup.readying import RestoreReadiness
    from tracker.settings import Settings


@click.command(
    cls=Command,
    epilog=format_examples(
        "tracker restore /backups/2026-11-29",
        "pg_restore --single-transaction --no-owner -d tracker /backups/2026-11-29/tracker.dump && "
        "tracker restore /backups/2026-11-29",
    ),
)
@click.argument("src", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option(
    "--without-secrets",
    is_flag=True,
    help="Go on although callback secrets of the backup are lost: URLs given out before end.",
)
def restore(src: Path, without_secrets: bool) -> None:  # noqa: FBT001 - click's
    """Put the backup in the folder SRC in place of an empty database. The service must be stopped.
    Of PostgreSQL, read the dump in before. Afterwards the service is recovering: reads and
    callbacks work, submits wait until `tracker recover --done`.
    """
    import asyncio  # noqa: PLC0415 - the help needs no database

    from tracker.domain.errors import Unavailable  # noqa: PLC0415
    from tracker.services.backup.folder import BackupRefused, check_backup  # noqa: PLC0415
    from tracker.services.backup.restoring import RestoreOrder  # noqa: PLC0415
    from tracker.services.backup.restoring import restore as run  # noqa: PLC0415
    from tracker.settings import SettingsError  # noqa: PLC0415
    from tracker.store.backup import BackupFailed  # noqa: PLC0415
    from tracker.store.migrate import DatabaseRefused, MigrationsMissing  # noqa: PLC0415

    settings = load_settings()

    async def check_readiness(url: str, taken_at: "datetime") -> "RestoreReadiness":
        return await _make_ready(settings, url, taken_at)

    try:
        manifest = check_backup(src)
        secrets, keep = _load_secrets(settings, src, is_needed=not without_secrets)
        url = settings.resolve_database_url()
        order = RestoreOrder(src, url, secrets, without_secrets, keep)
        done = asyncio.run(run(order, manifest, check_readiness))
    except (SettingsError, BackupRefused) as error:
        fail(name_database(settings, str(error)))
    except (BackupFailed, DatabaseRefused, MigrationsMissing, Unavailable) as error:
        fail_by_database(settings, str(error))
    except OSError as error:
        fail_by_file(error, settings.tracker_data_dir)
    print_note(f"restored what was there at {manifest.taken_at:%Y-%m-%d %H:%M:%S} UTC")
    print_note(
        f"{done.uncertain} tasks may have been sent since: they are looked for, not sent again"
    )
    print_note(
        "start the service, then see `tracker recover`; submits wait until `tracker recover --done`"
    )


async def _make_ready(settings: "Settings", url: str, taken_at: "datetime") -> "RestoreReadiness":
    from tracker.parts import open_context  # noqa: PLC0415
    from tracker.services.backup.readying import make_ready  # noqa: PLC0415

    async with open_context(settings.model_copy(update={"database_url": url})) as (context, _):
        return await make_ready(context, taken_at)


def _load_secrets(
    settings: "Settings", source: Path, *, is_needed: bool
) -> tuple[Sequence[bytes], Callable[[], None]]:
    """Return the secrets as the service will have them, and what gives them to it.

    They are those of the backup where the service has none.
    """
    from tracker.config.kept_secrets import SECRETS_FILE, keep, read_secrets  # noqa: PLC0415

    kept = source / SECRETS_FILE
    if settings.has_callback_secrets():
        return settings.list_callback_secrets(), lambda: None
    if kept.is_file():
        return read_secrets(kept), lambda: keep(settings.tracker_data_dir, kept.read_bytes())
    if is_needed:
        fail(
            "TRACKER_CALLBACK_SECRETS is not set, and the backup holds no secrets: set those that "
            "the service had, or give them up with --without-secrets"
        )
    return (), lambda: None  # the service makes new ones
