"""`tracker compact`: write a SQLite file anew, so that freed pages can be given back."""

import click

from tracker.cli.command import format_examples
from tracker.cli.exits import FAILED
from tracker.cli.shared import fail, fail_by_database, load_settings, print_note


@click.command(epilog=format_examples("tracker compact"))
def compact() -> None:
    """Write the SQLite file anew without what is free in it. Stop the service first.

    Once is enough: from then on retention gives back what it frees. New files need no such run.
    """
    from tracker.domain.errors import Unavailable  # noqa: PLC0415 - the help needs no database
    from tracker.store.driver import freed_pages  # noqa: PLC0415
    from tracker.store.driver.engine import find_sqlite_file, open_engine  # noqa: PLC0415
    from tracker.store.probe import find_schema_problem  # noqa: PLC0415

    settings = load_settings()
    url = settings.resolve_database_url()
    file = find_sqlite_file(url)
    if file is None:
        fail("PostgreSQL gives back pages by itself: only a SQLite file is compacted")
    if problem := find_schema_problem(url):
        fail_by_database(settings, problem)
    before = file.stat().st_size
    engine = open_engine(url)
    try:
        freed_pages.compact(engine)
    except Unavailable as error:
        fail(
            f"{error}. Stop the service first, and see that there is room, also in the folder for "
            "temporary files (SQLITE_TMPDIR)",
            code=FAILED,
        )
    finally:
        engine.dispose()
    print_note(f"compacted: {before} bytes before, {file.stat().st_size} now")
