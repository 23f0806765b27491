"""A request's lines in the log bear the trace that its `traceparent` names."""

import json
from collections.abc import MutableMapping
from typing import Any

import pytest
from starlette.types import Message, Receive, Scope, Send

from tracker.clock import SystemClock
from tracker.telemetry import _add_request_id, access_log
from tracker.web.edge.middleware import RequestScope, trace_id_of

TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"


@pytest.mark.parametrize(
    ("text", "trace"),
    [
        (f"00-{TRACE}-{SPAN}-01", TRACE),
        (f"01-{TRACE}-{SPAN}-01-more", TRACE),
        (f"00-{TRACE}-{SPAN}-01-more", None),
        (f"ff-{TRACE}-{SPAN}-01", None),
        (f"00-{'0' * 32}-{SPAN}-01", None),
        (f"00-{TRACE}-{'0' * 16}-01", None),
        (f"00-{TRACE.upper()}-{SPAN}-01", None),
        ("", None),
    ],
)
def test_only_a_valid_header_names_a_trace(text: str, trace: str | None) -> None:
    assert trace_id_of([(b"accept", b"*/*"), (b"traceparent", text.encode())]) == trace


@pytest.mark.anyio
async def test_each_line_of_the_request_bears_it(
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(access_log, "as_json", True)
    caplog.set_level("INFO", "tracker.access")
    other: MutableMapping[str, Any] = {}

    async def app(_scope: Scope, _receive: Receive, send: Send) -> None:
        _add_request_id(None, "info", other)
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    async def receive() -> Message:
        return {"type": "http.request", "body": b""}

    async def send(_message: Message) -> None:
        return

    header = (b"traceparent", f"00-{TRACE}-{SPAN}-01".encode())
    scope = {"type": "http", "method": "GET", "path": "/x", "headers": [header]}
    await RequestScope(app, SystemClock())(scope, receive, send)
    access_log._flush()
    line = json.loads(capsys.readouterr().err.splitlines()[0])
    assert line["trace_id"] == other["trace_id"] == TRACE
    assert line["request_id"] == other["request_id"]
