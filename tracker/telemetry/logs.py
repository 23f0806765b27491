"""How logs look: one line an event, with the request's or the task's id in it."""

import asyncio
import logging
import logging.config
import re
import sys
from collections.abc import Callable, Iterator, Mapping, MutableMapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime
from functools import lru_cache
from json.encoder import encode_basestring_ascii as quoted
from typing import Any, Literal

from tracker import __version__
from tracker.domain.redaction import Redactor
from tracker.lean import forbid_import
from tracker.telemetry.log_stream import guard_stderr
from tracker.telemetry.metrics import LOG_LINES_LOST

with forbid_import("rich"):
    import structlog

Format = Literal["json", "console"]

ProcessRole = Literal["web", "worker", "web+worker", "command"]
REQUEST_ID: ContextVar[str] = ContextVar("request_id", default="")
"""Of the request that is being answered; empty outside of one."""


_NOTED: ContextVar[dict[str, str] | None] = ContextVar("noted", default=None)
"""Facts about the request that is being answered, or the work that is being done, by name."""


def begin_request(request_id: str) -> None:
    """Begin to answer a request, in a context of its own."""
    REQUEST_ID.set(request_id)
    _NOTED.set({})


def note(**fields: str) -> None:
    """Add fields to the line of the request that is being answered; nothing outside of one.

    Names in use: trace_id, tenant, provider, task, verdict. The first value of a name stays.
    """
    noted = _NOTED.get()
    if noted is None:
        return
    if not noted:  # usually there is one note
        noted.update(fields)
        return
    for name, value in fields.items():
        noted.setdefault(name, value)


@contextmanager
def add_log_fields(**fields: str) -> Iterator[None]:
    """Have each line of a block bear these fields; of work that is no request."""
    token = _NOTED.set(fields)
    try:
        yield
    finally:
        _NOTED.reset(token)


def read_noted() -> Mapping[str, str]:
    """Return what is noted of the request or the work that is being done; empty outside of any."""
    return _NOTED.get() or {}


class EventLog:
    """Lines that are many: one a request, one an ended task.

    As JSON they are put together by hand and written in groups: a line through `logging` costs
    more than the rest of a callback's way through the web layer.
    """

    def __init__(self, name: str) -> None:
        """Goes through `logging`, until `configure_logging` has asked for JSON."""
        self.as_json = False
        self.process: Mapping[str, str] = {}
        self.redact: Callable[[str], str] = str
        self._name = name
        self._log = logging.getLogger(name)
        self._lines: list[str] = []
        self._end = ""

    def write(
        self,
        event: str,
        text: str,
        fields: Mapping[str, str | int | float | None],
        *,
        at: datetime,
        kind: tuple[tuple[str, str], ...] = (),
    ) -> None:
        """Log one event. Called in an event loop; the line is out when the loop next turns.

        event: a constant word. text: the same for people, where no JSON is asked for, with places
        for fields. kind: names and values that many events share.
        As JSON, the lines of one turn bear the time of its first.
        """
        if not self._log.isEnabledFor(logging.INFO):
            return
        if not self.as_json:
            self._log.info(text.format(**fields, **dict(kind)))
            return
        known = [
            f'"{name}": {quoted(value) if isinstance(value, str) else value}, '
            for name, value in fields.items()
            if value is not None
        ]
        self._append(f'"event": "{event}", {"".join(known)}{_format_members(kind)}', lambda: at)

    def log_answer(  # noqa: PLR0913 - what is logged of an answer
        self,
        method: str,
        route: str,
        path: str,
        status: int,
        ms: float,
        *,
        now: Callable[[], datetime],
        request_id: str,
        facts: Mapping[str, str],
    ) -> None:
        """Log the answer to a request.

        route, path: as they may be shown. now: asked once for all lines of a turn. facts: what is
        known of the request; see `note`.
        """
        if not self._log.isEnabledFor(logging.INFO):
            return
        if not self.as_json:
            self._log.info("%s %s %d %sms", method, path, status, ms)
            return
        known = "".join([f'"{k}": {quoted(v)}, ' for k, v in facts.items()])
        self._append(
            f'{_begin_line(method, route)}"path": {quoted(path)}, "status": {status}, "ms": {ms}, '
            f'{known}"request_id": {quoted(request_id)}, ',
            now,
        )

    def _append(self, members: str, at: Callable[[], datetime]) -> None:
        if not self._lines:
            asyncio.get_running_loop().call_soon(self._flush)
            stamp = at().isoformat(timespec="microseconds")[:26]
            process = "".join([f'"{k}": {quoted(v)}, ' for k, v in self.process.items()])
            self._end = (
                f'{process}"level": "info", "logger": "{self._name}", "timestamp": "{stamp}Z"}}\n'
            )
        self._lines.append(f"{{{members}{self._end}")

    def _flush(self) -> None:
        text, count = "".join(self._lines), len(self._lines)
        self._lines.clear()
        try:
            sys.stderr.write(text)
            sys.stderr.flush()
        except OSError:  # as on a full disk: what is answered does not depend on its line
            LOG_LINES_LOST.add(by=count)


class LogHandler(logging.StreamHandler[Any]):
    """Writes to stderr, and counts what cannot be written instead of telling it there too."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - logging's
        """Count the line; what is wrong with the call that made it is shown as ever."""
        if isinstance(sys.exc_info()[1], OSError):
            LOG_LINES_LOST.add()
        else:
            super().handleError(record)


@lru_cache(maxsize=512)
def _format_members(fields: tuple[tuple[str, str], ...]) -> str:
    """Return fields as members of a JSON object."""
    return "".join(f'"{name}": {quoted(value)}, ' for name, value in fields)


@lru_cache(maxsize=512)
def _begin_line(method: str, route: str) -> str:
    """Return how the lines of all requests of a kind begin."""
    return f'"event": "request", "method": {quoted(method)}, "route": {quoted(route)}, '


access_log, task_log = EventLog("tracker.access"), EventLog("tracker.tasks")
"""Of the process, as `logging` is."""


def configure_logging(
    level: str, format_: Format | None, redactor: Redactor, *, role: ProcessRole = "command"
) -> None:
    """Send all logging through one formatter, to stderr, which is guarded.

    format_:  None for JSON unless stderr is a terminal.
    redactor: every line and every traceback passes it, whoever wrote it.
    role:     what this process does; each line of JSON bears it, and our version.
    """
    guard_stderr()
    as_console = format_ == "console" or (format_ is None and sys.stderr.isatty())
    ours = {"role": role, "version": __version__}
    for log in (access_log, task_log):
        log.as_json, log.process, log.redact = not as_console, ours, redactor.redact
    formatter = _build_formatter(redactor, ours, as_console=as_console)
    logging.config.dictConfig(
        {
            "version": 1,
            "disable_existing_loggers": False,
            "formatters": {"one": formatter},
            "handlers": {"stderr": {"()": LogHandler, "formatter": "one"}},
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


def _build_formatter(
    redactor: Redactor, ours: dict[str, str], *, as_console: bool
) -> dict[str, Any]:
    """Return the formatter of all lines, as `dictConfig` takes it."""

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

    renderer: Any = (
        structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
        if as_console
        else structlog.processors.JSONRenderer()
    )
    shared: list[Any] = [
        _drop_values if as_console else _add_values,
        _add_request,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    after: list[Any] = [structlog.stdlib.ProcessorFormatter.remove_processors_meta]
    if not as_console:
        shared += [structlog.stdlib.ExtraAdder(), lambda _logger, _method, event: event | ours]
        shared.append(_drop_colours)
        after = [_name_event, *after, structlog.processors.format_exc_info]
    after.append(redact_values)
    return {
        "()": structlog.stdlib.ProcessorFormatter,
        "foreign_pre_chain": shared,
        "pass_foreign_args": True,
        "processors": [*after, renderer, redact_line],
    }


def _drop_colours(
    _logger: Any, _method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """Take out uvicorn's sentence for terminals, with codes of colours in it."""
    event.pop("color_message", None)
    return event


def _add_request(
    _logger: Any, _method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """Add what is known of the request or the work that the line is about."""
    request_id = REQUEST_ID.get()
    if request_id:
        event["request_id"] = request_id
    for name, value in read_noted().items():
        event.setdefault(name, value)
    return event


def _add_values(
    _logger: Any, _method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """Make fields of the values of a line's sentence, where these have names."""
    values = event.pop("positional_args")
    if isinstance(values, Mapping):
        for name, value in values.items():
            if value != "" and name not in event:
                event[name] = value if isinstance(value, int | float) else str(value)
    return event


def _drop_values(
    _logger: Any, _method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """Leave them in the sentence, which people read."""
    del event["positional_args"]
    return event


def _name_event(
    _logger: Any, _method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """Give a line of JSON a constant word as its event, and keep the sentence as its message."""
    record = event.get("_record")
    if record is not None:
        event["message"] = event["event"]
        event["event"] = build_event_word(str(record.msg))
    return event


@lru_cache(maxsize=1024)
def build_event_word(template: str) -> str:
    """Return a log call's template as one word, without the places of its values."""
    plain = re.sub(r"%(\(\w+\))?[-+ #0]*[0-9.*]*[a-zA-Z]|%%", " ", template)
    return "_".join(re.findall(r"[a-z0-9]+", plain.lower())[:8]) or "message"
