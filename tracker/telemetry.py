"""How logs look: one line an event, with the request's or the task's id in it."""

import asyncio
import logging
import logging.config
import sys
from collections.abc import MutableMapping
from contextvars import ContextVar
from datetime import datetime
from json.encoder import encode_basestring_ascii as quoted
from typing import Any, Literal

from tracker.domain.redaction import Redactor
from tracker.lean import without

with without("rich"):
    import structlog

Format = Literal["json", "console"]

REQUEST_ID: ContextVar[str] = ContextVar("request_id", default="")
"""Of the request that is being answered; empty outside of one."""


class AccessLog:
    """One line a request. As JSON they are put together by hand and written in groups.

    A line through `logging` costs more than the rest of a callback's way through the web layer.
    """

    def __init__(self) -> None:
        """Goes through `logging`, until `configure_logging` has asked for JSON."""
        self.as_json = False
        self._log = logging.getLogger("tracker.access")
        self._lines: list[str] = []
        self._stamp = ""

    def write(self, what: str, *, at: datetime) -> None:
        """Log one answer. Called in an event loop; the line is out when the loop next turns.

        As JSON, the lines of one turn bear the time of its first.
        """
        if not self._log.isEnabledFor(logging.INFO):
            return
        if not self.as_json:
            self._log.info(what)
            return
        if not self._lines:
            asyncio.get_running_loop().call_soon(self._flush)
            self._stamp = at.isoformat(timespec="microseconds")[:26]
        self._lines.append(
            f'{{"event": {quoted(what)}, "request_id": {quoted(REQUEST_ID.get())}, '
            f'"level": "info", "logger": "tracker.access", '
            f'"timestamp": "{self._stamp}Z"}}\n'
        )

    def _flush(self) -> None:
        text = "".join(self._lines)
        self._lines.clear()
        sys.stderr.write(text)
        sys.stderr.flush()


access_log = AccessLog()
"""Of the process, as `logging` is."""


def configure_logging(level: str, format_: Format | None, redactor: Redactor) -> None:
    """Send all logging through one formatter, to stderr.

    format_:  None for JSON unless stderr is a terminal.
    redactor: every line and every traceback passes it, whoever wrote it.
    """

    def redact_values(
        _logger: Any, _method: str, event: MutableMapping[str, Any]
    ) -> MutableMapping[str, Any]:
        # Before JSON escapes what is not ASCII, so that secrets are found as they are.
        for name, value in event.items():
            if isinstance(value, str):
                event[name] = redactor.redact(value)
        return event

    def redact_line(_logger: Any, _method: str, line: Any) -> str:
        # Once more when it is written: values may be nested, a console writes tracebacks itself.
        return redactor.redact(str(line))

    as_console = format_ == "console" or (format_ is None and sys.stderr.isatty())
    renderer: Any = (
        structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
        if as_console
        else structlog.processors.JSONRenderer()
    )
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        _add_request_id,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    after: list[Any] = [structlog.stdlib.ProcessorFormatter.remove_processors_meta]
    if not as_console:
        after.append(structlog.processors.format_exc_info)
    after.append(redact_values)
    formatter = {
        "()": structlog.stdlib.ProcessorFormatter,
        "foreign_pre_chain": shared,
        "processors": [*after, renderer, redact_line],
    }
    access_log.as_json = not as_console
    logging.config.dictConfig(
        {
            "version": 1,
            "disable_existing_loggers": False,
            "formatters": {"one": formatter},
            "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "one"}},
            "root": {"handlers": ["stderr"], "level": level.upper()},
            "loggers": {
                "uvicorn": {"handlers": [], "propagate": True},
                # Its lines show whole paths, and the path of a callback holds its token.
                "uvicorn.access": {"handlers": [], "propagate": False, "level": "CRITICAL"},
                "httpx": {"level": "WARNING"},
                "httpcore": {"level": "WARNING"},
                "alembic": {"level": "WARNING"},
            },
        }
    )


def _add_request_id(
    _logger: Any, _method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    request_id = REQUEST_ID.get()
    if request_id:
        event.setdefault("request_id", request_id)
    return event
