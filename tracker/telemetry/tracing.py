"""Spans of requests, of work and of calls; docs/howto/operate.md says how to collect them.

Nothing is traced until `install` is called, which `tracker.telemetry.otel` does where an exporter
is set: before that a span costs one comparison, and no tracing library is loaded.

Attributes hold names, ids, states and numbers: no URL, header, body or message, as each of those
may hold a secret.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar, Token
from dataclasses import dataclass, replace
from enum import StrEnum
from types import TracebackType
from typing import Protocol, Self

from tracker.domain import trace
from tracker.domain.exchange import HttpCall, HttpFailure, HttpResult
from tracker.domain.task import Task
from tracker.telemetry.logs import add_log_fields

Attributes = Mapping[str, str | int | None]
"""By name; what is None is left out."""

TRACEPARENT: ContextVar[str | None] = ContextVar("traceparent", default=None)
"""The place in a trace that is being worked at; None outside of one."""


class SpanKind(StrEnum):
    """Where a span lies between programs, in OpenTelemetry's words."""

    SERVER = "server"
    CLIENT = "client"
    INTERNAL = "internal"


class RecordedSpan(Protocol):
    """A span that an exporter will get.

    traceparent: its place, for whoever goes on from it.
    """

    traceparent: str

    def rename(self, name: str) -> None:
        """Give it another name."""
        ...

    def add(self, attributes: Attributes) -> None:
        """Say more of it."""
        ...

    def end(self, failed_with: str | None) -> None:
        """End it now. failed_with: a constant word for what went wrong; None where nothing did."""
        ...


class Tracer(Protocol):
    """Begins spans."""

    def begin(
        self,
        name: str,
        kind: SpanKind,
        parent: str | None,
        links: Sequence[str],
        *,
        ago_s: float,
    ) -> RecordedSpan:
        """Begin a span; of a trace of its own where it has no parent.

        ago_s: how long ago it began; 0 for now.
        """
        ...


@dataclass(frozen=True, slots=True)
class InstalledTracer:
    """The tracer of this process.

    callback_share: how much of all callbacks make a span, 0 to 1.
    """

    tracer: Tracer
    callback_share: float


_installed: InstalledTracer | None = None


def install(installed: InstalledTracer | None) -> None:
    """Trace from now on; None: no longer."""
    global _installed  # noqa: PLW0603 - of the process, as logging is
    _installed = installed


def is_on() -> bool:
    """Return whether spans go anywhere."""
    return _installed is not None


class OpenSpan:
    """A span that lasts as long as its block, which works at its place in the trace."""

    def __init__(self, recorded: RecordedSpan) -> None:
        """Begun already."""
        self._recorded = recorded
        self._failed_with: str | None = None
        self._before: Token[str | None] | None = None

    @property
    def traceparent(self) -> str | None:
        """Its place in its trace."""
        return self._recorded.traceparent

    def rename(self, name: str) -> None:
        """Give it another name."""
        self._recorded.rename(name)

    def add(self, attributes: Attributes) -> None:
        """Say more of it."""
        self._recorded.add(attributes)

    def fail(self, word: str) -> None:
        """Say that it went wrong. word: a constant one."""
        self._failed_with = word

    def __enter__(self) -> Self:
        self._before = TRACEPARENT.set(self._recorded.traceparent)
        return self

    def __exit__(
        self,
        type_: type[BaseException] | None,
        _error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        # The type alone: a message may quote what somebody sent.
        self._recorded.end(self._failed_with if type_ is None else type_.__name__)
        if self._before is not None:
            TRACEPARENT.reset(self._before)


class NoSpan:
    """In the place of a span that nobody gets."""

    traceparent: str | None = None

    def rename(self, name: str) -> None:
        """Do nothing."""

    def add(self, attributes: Attributes) -> None:
        """Do nothing."""

    def fail(self, word: str) -> None:
        """Do nothing."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_raised: object) -> None:
        pass


NO_SPAN = NoSpan()


def begin_span(
    name: str,
    kind: SpanKind,
    *,
    parent: str | None,
    links: Sequence[str] = (),
    attributes: Attributes | None = None,
) -> OpenSpan | NoSpan:
    """Begin a span that lasts as long as a `with` block; of a trace of its own without a parent.

    links: places in other traces that it is about, too.
    """
    if _installed is None:
        return NO_SPAN
    recorded = _installed.tracer.begin(name, kind, parent, links, ago_s=0.0)
    if attributes:
        recorded.add(attributes)
    return OpenSpan(recorded)


def begin_work_span(name: str, tasks: Sequence[Task]) -> OpenSpan | NoSpan:
    """Begin a span of what is done for some tasks; none where no task of them has a trace.

    Of several with traces the first is the parent, and the others are linked.
    """
    if _installed is None:
        return NO_SPAN
    places = [task.traceparent for task in tasks if task.traceparent is not None]
    if not places:
        return NO_SPAN
    about: dict[str, str | int | None] = {
        "tracker.provider": tasks[0].provider,
        "tracker.account": tasks[0].account,
    }
    if len(tasks) == 1:
        about |= {"tracker.task": str(tasks[0].id), "tracker.operation": tasks[0].operation}
    else:
        about["tracker.tasks"] = len(tasks)
    return begin_span(name, SpanKind.INTERNAL, parent=places[0], links=places[1:], attributes=about)


@contextmanager
def work_on(name: str, tasks: Sequence[Task]) -> Iterator[OpenSpan | NoSpan]:
    """Do something for some tasks: each line in the log names what it is about, and so does a span.

    See span_of_work.
    """
    task = tasks[0]
    about = {"provider": task.provider, "account": task.account}
    if len(tasks) == 1:
        about |= {"tenant": task.tenant, "task": str(task.id)}
        if task.traceparent is not None:
            about["trace_id"] = trace.trace_id(task.traceparent)
    with add_log_fields(**about), begin_work_span(name, tasks) as made:
        yield made


def begin_call_span(name: str, call: HttpCall, attributes: Attributes) -> OpenSpan | NoSpan:
    """Begin a span of a call that goes out, within a trace; none outside of one."""
    parent = TRACEPARENT.get() if _installed is not None else None
    if parent is None:
        return NO_SPAN
    about = {"http.request.method": call.method} | dict(attributes)
    return begin_span(name, SpanKind.CLIENT, parent=parent, attributes=about)


def add_traceparent(call: HttpCall, made: OpenSpan | NoSpan) -> HttpCall:
    """Return a call that names its span to whoever is called."""
    place = made.traceparent
    if place is None:
        return call
    return replace(call, headers={**call.headers, "traceparent": place})


def describe_answer(made: OpenSpan | NoSpan, answer: HttpResult | HttpFailure) -> None:
    """Say of a call's span how the call went."""
    if isinstance(answer, HttpResult):
        made.add({"http.response.status_code": answer.status})
        if answer.status >= 400:
            made.fail(str(answer.status))
    else:
        made.fail(answer.certainty.value)


def is_any_callback_traced() -> bool:
    """Return whether any callback makes a span."""
    return _installed is not None and _installed.callback_share > 0


def is_callback_traced(parent: str | None, digest: bytes) -> bool:
    """Return whether a callback is one of the share that makes a span.

    The share is one of traces, so that of a task all callbacks are there or none is.

    parent: its task's place in a trace.
    digest: of the callback, by which one is chosen whose task has no trace.
    """
    if _installed is None:
        return False
    digits = digest.hex() if parent is None else trace.trace_id(parent)
    return trace.is_within(_installed.callback_share, digits)


def record_callback(took_s: float, *, parent: str | None, attributes: Attributes) -> None:
    """Make the span of a callback that was answered now."""
    if _installed is None:
        return
    made = _installed.tracer.begin("callback", SpanKind.SERVER, parent, (), ago_s=took_s)
    made.add(attributes)
    made.end(None)
