"""Start beside a database that is still starting itself, as services of one machine do."""

import threading
import time
from collections.abc import Callable
from typing import NoReturn

from tracker.cli.shared import fail_by_database, print_note
from tracker.settings import Settings
from tracker.store.probe import explain_outage, start_problem

PAUSE_S = 0.5
"""Between two tries."""
SILENT_S = 10.0
"""A pooler takes connections while its server is away, and leaves their statements unanswered for
two minutes: https://www.pgbouncer.org/config.html#query_wait_timeout, read 2026-11-30."""
SILENT = "it takes connections and does not answer"


class DatabaseWait:
    """Waits for a database server for TRACKER_START_TIMEOUT_S in all, and says so once."""

    def __init__(self, settings: Settings, *, silent_s: float = SILENT_S) -> None:
        """The time runs from here on. silent_s: see SILENT_S."""
        self._settings = settings
        self._url = settings.resolve_database_url()
        self._over_s = time.monotonic() + settings.tracker_start_timeout_s
        self._silent_s = silent_s
        self._is_said = False

    def wait(self) -> None:
        """Return once the server can be reached or refuses us for good; end the command else."""
        while (reason := self._explain_absence()) is not None:
            if time.monotonic() >= self._over_s:
                self.refuse(f"DATABASE_URL: {reason}")
            if not self._is_said:
                limit_s = self._settings.tracker_start_timeout_s
                self._print_wait(
                    f"waiting up to {limit_s:g} s for the database (TRACKER_START_TIMEOUT_S): "
                    f"{reason}"
                )
                self._is_said = True
            time.sleep(PAUSE_S)

    def find_problem(self, find: Callable[[str], str | None] = start_problem) -> str | None:
        """Return why the database cannot be used as one line; None where it can.

        find: asks for that by the database's URL. It is asked again when the server has gone away
            meanwhile: some start twice before they stay.
        """
        while (problem := find(self._url)) is not None:
            if time.monotonic() >= self._over_s or self._explain_absence() is None:
                break
            self.wait()
        return problem

    def refuse(self, text: str) -> NoReturn:
        """End the command with a line that shows no password."""
        fail_by_database(self._settings, text)

    def _print_wait(self, text: str) -> None:
        print_note(self._settings.log_redactor().redact(text))

    def _explain_absence(self) -> str | None:
        """Return what `explain_outage` does, or that nobody has answered for too long."""
        found: list[str | None] = []
        # The thread of a connection that nobody answers is left behind: nothing else ends it.
        asking = threading.Thread(
            target=lambda: found.append(explain_outage(self._url)), daemon=True
        )
        asking.start()
        asking.join(self._silent_s)
        return found[0] if found else SILENT
