"""`tracker migrate`: bring the database to this version's schema."""

import click

from tracker.cli.shared import fail, load_settings, say
from tracker.store.driver.engine import shown_url
from tracker.store.migrate import DatabaseRefused, MigrationsMissing, upgrade


@click.command()
def migrate() -> None:
    """Run the migrations that are due. Safe to run at every start."""
    url = load_settings().resolved_database_url()
    try:
        upgrade(url)
    except (MigrationsMissing, DatabaseRefused) as error:
        fail(str(error), code=1)
    say(f"migrated {shown_url(url)}")
