"""Start beside a database that is still starting itself, as services of one machine do."""

import time

from tracker.cli.shared import say
from tracker.settings import Settings
from tracker.store.probe import why_away

PAUSE_S = 0.5
"""Between two tries."""


def wait_for_database(settings: Settings) -> None:
    """Return once the database server can be reached, or when it was waited for long enough.

    Whoever uses it next says what is wrong then.
    """
    url, started = settings.resolved_database_url(), time.monotonic()
    is_said = False
    while (reason := why_away(url)) is not None:
        if time.monotonic() - started >= settings.tracker_start_timeout_s:
            return
        if not is_said:
            limit_s = settings.tracker_start_timeout_s
            text = (
                f"waiting up to {limit_s:g} s for the database (TRACKER_START_TIMEOUT_S): {reason}"
            )
            say(settings.log_redactor().redact(text))
            is_said = True
        time.sleep(PAUSE_S)
