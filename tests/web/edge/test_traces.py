"""A request belongs to the trace that its `traceparent` names, in its log lines and its span."""

import json
from collections.abc import MutableMapping
from typing import Any

import pytest
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from starlette.routing import Route
from starlette.types import Message, Receive, Scope, Send

from tracker.clock import SystemClock
from tracker.telemetry.logs import _add_request, access_log, note
from tracker.telemetry.otel import trace_into
from tracker.telemetry.tracing import TRACEPARENT
from tracker.web.edge.middleware import RequestScope

TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
FROM_CALLER = (b"traceparent", f"00-{TRACE}-{SPAN}-01".encode())

pytestmark = pytest.mark.anyio


class App:
    """Answers with a status, or raises. seen: where in a trace it was called."""

    def __init__(self, status: int = 200) -> None:
        self.status = status
        self.seen: list[str | None] = []
        self.line: MutableMapping[str, Any] = {}

    async def __call__(self, scope: Scope, _receive: Receive, send: Send) -> None:
        self.seen.append(TRACEPARENT.get())
        _add_request(None, "info", self.line)
        note(tenant="t", task="an id", trace_id="ignored: the first stays")
        scope["endpoint"] = self
        scope["route"] = Route("/v1/tasks/{id}", self)
        scope["path_params"] = {"id": "s3cret"}
        await send({"type": "http.response.start", "status": self.status, "headers": []})
        await send({"type": "http.response.body", "body": b""})


async def ask(app: App, path: str = "/v1/tasks/s3cret", *headers: tuple[bytes, bytes]) -> None:
    async def receive() -> Message:
        return {"type": "http.request", "body": b""}

    async def send(_message: Message) -> None:
        return

    scope = {
        "type": "http",
        "method": "GET",
        "path": path,
        "query_string": b"key=s3cret",
        "headers": [(b"authorization", b"Bearer s3cret"), *headers],
    }
    await RequestScope(app, SystemClock())(scope, receive, send)


async def test_each_line_of_the_request_bears_it(
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(access_log, "as_json", True)
    caplog.set_level("INFO", "tracker.access")
    app = App()
    await ask(app, "/x", FROM_CALLER)
    access_log._flush()
    line = json.loads(capsys.readouterr().err.splitlines()[0])
    assert line["trace_id"] == app.line["trace_id"] == TRACE
    assert line["request_id"] == app.line["request_id"]
    assert app.seen == [FROM_CALLER[1].decode()]


async def test_a_request_is_a_span_below_its_callers_and_names_no_secret() -> None:
    exporter, app, broken = InMemorySpanExporter(), App(), App(503)
    with trace_into(SimpleSpanProcessor(exporter), service="ours", callback_share=1):
        await ask(app, "/v1/tasks/s3cret", FROM_CALLER)
        await ask(broken)
        await ask(App(), "/healthz")
        await ask(App(), "/callbacks/kling/s3cret/s3cret", FROM_CALLER)
    first, second = exporter.get_finished_spans()
    assert first.resource.attributes["service.name"] == "ours"
    assert first.context is not None
    assert first.parent is not None
    assert f"{first.context.trace_id:032x}" == TRACE
    assert f"{first.parent.span_id:016x}" == SPAN
    assert app.seen == [f"00-{TRACE}-{first.context.span_id:016x}-01"]
    assert (first.name, first.kind.name) == ("GET /v1/tasks/{id}", "SERVER")
    assert dict(first.attributes or {}) == {
        "http.request.method": "GET",
        "http.route": "/v1/tasks/{id}",
        "http.response.status_code": 200,
        "tracker.request_id": app.line["request_id"],
        "tracker.tenant": "t",
        "tracker.task": "an id",
    }
    assert second.parent is None
    assert second.context is not None
    assert broken.line["trace_id"] == f"{second.context.trace_id:032x}"
    assert (second.status.status_code.name, second.status.description) == ("ERROR", None)
    assert "s3cret" not in first.to_json() + second.to_json()


async def test_a_trace_that_its_caller_does_not_record_is_not_recorded_here_either() -> None:
    exporter, app = InMemorySpanExporter(), App()
    with trace_into(SimpleSpanProcessor(exporter), service="tracker", callback_share=1):
        await ask(app, "/x", (b"traceparent", f"00-{TRACE}-{SPAN}-00".encode()))
    assert exporter.get_finished_spans() == ()
    assert app.seen[0] is not None
    assert app.seen[0].startswith(f"00-{TRACE}-")
    assert app.seen[0].endswith("-00")
