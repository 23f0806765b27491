"""Do the background work until a signal ends it."""

import asyncio
import signal

from tracker.app import make_supervisor, observe
from tracker.cli.containers import refuse_forgetting
from tracker.cli.shared import fail, load_settings, print_note
from tracker.cli.starting import DatabaseWait
from tracker.large_blocks import give_large_blocks_back
from tracker.parts import open_parts
from tracker.settings import Settings
from tracker.telemetry.log_stream import guard_stderr, stop_waiting_for_stderr
from tracker.telemetry.logs import configure_logging


def run() -> None:
    """Work; ends the command at once where the settings or the schema are wrong."""
    guard_stderr()
    settings = load_settings()
    if settings.tracker_read_only:
        fail("TRACKER_READ_ONLY: a worker writes; leave it out, or run `tracker serve`")
    refuse_forgetting(settings)
    waiting = DatabaseWait(settings)
    waiting.wait()
    if problem := waiting.find_problem():
        waiting.refuse(problem)
    redactor = settings.log_redactor()
    configure_logging(
        settings.tracker_log_level, settings.tracker_log_format, redactor, role="worker"
    )
    give_large_blocks_back()
    with stop_waiting_for_stderr():
        asyncio.run(_run_actions(settings))


async def _run_actions(settings: Settings) -> None:
    async with open_parts(settings) as parts:
        supervisor = make_supervisor(parts)
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, supervisor.stop)
        with observe(parts):  # from here on others see this worker, and may end it
            print_note("tracker worker started")
            await supervisor.run()
