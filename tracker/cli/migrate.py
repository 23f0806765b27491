"""`tracker migrate`: bring the database to this version's schema."""

import click

from tracker.cli.command import Command, format_examples
from tracker.cli.exits import FAILED
from tracker.cli.shared import fail, load_settings, print_note


@click.command(
    cls=Command,
    epilog=format_examples(
        "tracker migrate",
        "DATABASE_URL=postgresql://user:password@host/tracker tracker migrate",
    ),
)
def migrate() -> None:
    """Create or update the database schema. Safe to run at every start."""
    # Here: the help of this command needs neither the database library nor the migrations.
    from tracker.cli.starting import DatabaseWait  # noqa: PLC0415
    from tracker.store.driver.engine import mask_passwords  # noqa: PLC0415
    from tracker.store.migrate import DatabaseRefused, MigrationsMissing, upgrade  # noqa: PLC0415

    settings = load_settings()
    waiting = DatabaseWait(settings)
    waiting.wait()
    url = settings.resolve_database_url()

    def explain_not_migrated(url: str) -> str | None:
        try:
            upgrade(url)  # a migration that was broken off is run again
        except DatabaseRefused as error:
            return str(error)
        return None

    try:
        if problem := waiting.find_problem(explain_not_migrated):
            waiting.refuse(problem)
    except MigrationsMissing as error:
        fail(str(error), code=FAILED)
    print_note(f"migrated {mask_passwords(url)}")
