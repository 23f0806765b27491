"""`tracker worker`: the background work alone."""

import click

from tracker.cli.command import Command, format_examples


@click.command(
    cls=Command, epilog=format_examples("tracker worker   # beside `tracker serve --no-worker`")
)
def worker() -> None:
    """Submit, reconcile, deliver and sweep; any number of these may run."""
    from tracker.cli.working import run  # noqa: PLC0415 - the help needs none of the service

    run()
