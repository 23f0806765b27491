"""Send spans to an OpenTelemetry collector. Loaded only where one is set.

Which traces are recorded, how they are sent and what else the SDK does is set by its own variables
(https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/, read
2026-11-29).
"""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from threading import Thread
from typing import Any

import requests
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import SERVICE_NAME, SERVICE_VERSION, Resource
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import (
    Link,
    NonRecordingSpan,
    SpanContext,
    Status,
    StatusCode,
    TraceFlags,
    set_span_in_context,
)
from opentelemetry.trace import Span as TheirSpan
from opentelemetry.trace import SpanKind as TheirKind
from opentelemetry.trace import Tracer as TheirTracer

from tracker import __version__, environment
from tracker.domain import trace
from tracker.telemetry import tracing
from tracker.telemetry.tracing import Attributes, InstalledTracer, RecordedSpan, SpanKind

ANSWER_BYTES = 64 * 1024
"""Most of a collector's answer that is read. Nothing of it is used but its status."""
END_S = 2.0
"""So long a process that ends waits until what is left was sent."""
_KINDS = {
    SpanKind.SERVER: TheirKind.SERVER,
    SpanKind.CLIENT: TheirKind.CLIENT,
    SpanKind.INTERNAL: TheirKind.INTERNAL,
}
_PATH = "/v1/traces"
"""Behind an endpoint of all signals (https://opentelemetry.io/docs/specs/otel/protocol/exporter/,
read 2026-11-29)."""


@contextmanager
def export_traces(endpoint: str, *, service: str, callback_share: float) -> Iterator[None]:
    """Trace until the block ends; what is left is sent at its end, within END_S.

    endpoint:       of a collector, for OTLP over HTTP.
    service:        the name under which spans stand there.
    callback_share: how much of all callbacks make a span, 0 to 1.
    """
    others = (name for name in environment.read() if name.startswith("OTEL_PYTHON_EXPORTER_OTLP"))
    session = None if any(name.endswith("CREDENTIAL_PROVIDER") for name in others) else _Session()
    exporter = OTLPSpanExporter(endpoint.rstrip("/") + _PATH, session=session)
    with trace_into(BatchSpanProcessor(exporter), service=service, callback_share=callback_share):
        yield


@contextmanager
def trace_into(processor: SpanProcessor, *, service: str, callback_share: float) -> Iterator[None]:
    """Trace until the block ends, and give each span that ends to a processor."""
    provider = TracerProvider(
        resource=Resource.create({SERVICE_NAME: service, SERVICE_VERSION: __version__}),
        shutdown_on_exit=False,  # the end of the block is that of the process
    )
    provider.add_span_processor(processor)
    tracer = _OtelTracer(provider.get_tracer("tracker", __version__))
    tracing.install(InstalledTracer(tracer, callback_share))
    try:
        yield
    finally:
        tracing.install(None)
        # Beside us: a collector that does not answer would hold up the end by 10 s.
        ending = Thread(target=provider.shutdown, daemon=True)
        ending.start()
        ending.join(END_S)


class _Session(requests.Session):
    """Leaves long answers unread: the SDK's own session takes each into memory, however long."""

    def request(self, *arguments: Any, **options: Any) -> Any:
        """Send a request, and read its answer where that is short."""
        answer = super().request(*arguments, **options | {"stream": True})
        length = answer.headers.get("content-length", "")
        if length.isdecimal() and int(length) <= ANSWER_BYTES:
            answer.raw.read(ANSWER_BYTES, decode_content=False)  # its connection can be used again
        else:
            answer.close()
        return answer


class _OtelTracer:
    """Begins spans of the SDK.

    Repeats the signature of tracing.Tracer, by which mypy compares them: that module is loaded
    where there is no SDK, and so cannot take the type from here.
    """

    def __init__(self, tracer: TheirTracer) -> None:
        self._tracer = tracer

    def begin(
        self,
        name: str,
        kind: SpanKind,
        parent: str | None,
        links: Sequence[str],
        *,
        ago_s: float,
    ) -> RecordedSpan:
        """Begin a span; see tracing.Tracer."""
        begun = self._tracer.start_span(
            name,
            # An empty one, so that spans of other libraries in this process are no parents of ours.
            Context()
            if parent is None
            else set_span_in_context(_make_remote_span(parent), Context()),
            _KINDS[kind],
            links=[Link(_find_place(one)) for one in links],
            start_time=time.time_ns() - round(ago_s * 1e9) if ago_s else None,
        )
        return _OtelSpan(begun)


class _OtelSpan:
    """A span of the SDK."""

    def __init__(self, span: TheirSpan) -> None:
        self._span = span
        place = span.get_span_context()
        self.traceparent = f"00-{place.trace_id:032x}-{place.span_id:016x}-{place.trace_flags:02x}"

    def rename(self, name: str) -> None:
        """Give it another name."""
        self._span.update_name(name)

    def add(self, attributes: Attributes) -> None:
        """Say more of it."""
        for name, value in attributes.items():
            if value is not None:
                self._span.set_attribute(name, value)

    def end(self, failed_with: str | None) -> None:
        """End it now; see tracing.RecordedSpan."""
        if failed_with is not None:
            self._span.set_attribute("error.type", failed_with)
            self._span.set_status(Status(StatusCode.ERROR))
        self._span.end()


def _find_place(traceparent: str) -> SpanContext:
    return SpanContext(
        int(trace.trace_id(traceparent), 16),
        int(trace.build_span_id(traceparent), 16),
        is_remote=True,
        trace_flags=TraceFlags(
            TraceFlags.SAMPLED if trace.is_sampled(traceparent) else TraceFlags.DEFAULT
        ),
    )


def _make_remote_span(traceparent: str) -> NonRecordingSpan:
    return NonRecordingSpan(_find_place(traceparent))
