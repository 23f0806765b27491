"""Where spans go: to a collector that is set, and nowhere without one."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread

import pytest
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from tests.support.waiting import wait_until
from tracker.app import _begin_tracing
from tracker.domain.exchange import HttpCall
from tracker.settings import Settings, SettingsError
from tracker.telemetry import otel, tracing
from tracker.telemetry.tracing import NO_SPAN, SpanKind


def test_a_collector_that_is_set_is_traced_to_until_the_end() -> None:
    env = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9", "TRACKER_TRACE_CALLBACKS": "0"}
    with _begin_tracing(Settings.read_environment(env)):
        assert tracing.is_on()
        assert not tracing.is_any_callback_traced()
    assert not tracing.is_on()


def test_a_collector_that_does_not_answer_holds_up_no_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(otel, "END_S", 0.0)
    answered, processor = Event(), SimpleSpanProcessor(InMemorySpanExporter())
    monkeypatch.setattr(processor, "shutdown", answered.wait)
    with otel.trace_into(processor, service="tracker", callback_share=0):
        pass
    assert not answered.is_set()
    answered.set()


def test_the_samplers_of_the_sdk_are_chosen_by_its_own_variables(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OTEL_TRACES_SAMPLER", "always_off")
    exporter = InMemorySpanExporter()
    with (
        otel.trace_into(SimpleSpanProcessor(exporter), service="tracker", callback_share=1),
        tracing.begin_span("a", SpanKind.SERVER, parent=None),
    ):
        pass
    assert exporter.get_finished_spans() == ()


def test_nothing_is_made_without_one() -> None:
    with _begin_tracing(Settings.read_environment({})):
        assert tracing.begin_span("a", SpanKind.SERVER, parent=None) is NO_SPAN
        call = HttpCall("GET", "http://a.example/")
        assert tracing.begin_call_span("GET a", call, {}) is NO_SPAN
        assert tracing.add_traceparent(call, NO_SPAN) is call
        assert not tracing.is_any_callback_traced()


def test_a_service_without_the_extra_says_so_and_serves(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setitem(sys.modules, "tracker.telemetry.otel", None)
    settings = Settings.read_environment({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9"})
    with caplog.at_level("WARNING", "tracker.app"), _begin_tracing(settings):
        assert not tracing.is_on()
    assert "callback-tracker[otel]" in caplog.text


@pytest.mark.parametrize(
    "env", [{"OTEL_EXPORTER_OTLP_ENDPOINT": "collector:4317"}, {"TRACKER_TRACE_CALLBACKS": "2"}]
)
def test_what_cannot_be_meant_stops_the_start_by_its_name(env: dict[str, str]) -> None:
    with pytest.raises(SettingsError, match=next(iter(env))):
        Settings.read_environment(env)


@contextmanager
def _collector(status: int, *, length: int | None) -> Iterator[tuple[str, list[int]]]:
    """Yield the address of a collector, and how many bytes of each of its answers were taken.

    length: of its answers; None for answers without an end.
    """

    class Answers(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["content-length"]))
            self.send_response(status)
            self.send_header("retry-after", "3600")
            if length is None:
                self.send_header("connection", "close")
            else:
                self.send_header("content-length", str(length))
            self.end_headers()
            sent = 0
            with suppress(OSError):
                while length is None or sent < length:
                    sent += self.wfile.write(b" " * min(65536, (length or 2**40) - sent))
            taken.append(sent)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    taken: list[int] = []
    with ThreadingHTTPServer(("127.0.0.1", 0), Answers) as server:
        server.daemon_threads = True
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}", taken
        server.shutdown()


@pytest.mark.parametrize(("status", "length"), [(200, None), (503, None), (503, 2), (200, 2**31)])
def test_a_broken_collector_costs_no_memory_and_ends_by_itself(
    status: int, length: int | None
) -> None:
    with _collector(status, length=length) as (endpoint, taken):
        with (
            otel.export_traces(endpoint, service="tracker", callback_share=1),
            tracing.begin_span("a", SpanKind.SERVER, parent=None),
        ):
            pass
        wait_until(lambda: len(taken) == 1)
    assert taken[0] < 50_000_000  # what lies in the buffers of the system
