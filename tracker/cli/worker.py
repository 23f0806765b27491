"""`tracker worker`: the background work alone."""

import asyncio
import signal

import click

from tracker.app import make_supervisor, open_parts
from tracker.cli.shared import fail, load_settings, say
from tracker.settings import Settings
from tracker.store.probe import schema_problem
from tracker.telemetry import configure_logging


@click.command()
def worker() -> None:
    """Submit, reconcile, deliver and sweep; any number of these may run."""
    settings = load_settings()
    problem = schema_problem(settings.resolved_database_url())
    redactor = settings.log_redactor()
    if problem:
        fail(redactor.redact(problem), code=1)
    configure_logging(settings.tracker_log_level, settings.tracker_log_format, redactor)
    say("tracker worker started")
    asyncio.run(_work(settings))


async def _work(settings: Settings) -> None:
    async with open_parts(settings) as parts:
        supervisor = make_supervisor(parts)
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, supervisor.stop)
        await supervisor.run()
