"""Answers that break off once they have begun."""

import pytest
from starlette.types import Message, Receive, Scope, Send

from tracker.clock import SystemClock
from tracker.domain.errors import Unavailable
from tracker.web.edge.middleware import RequestScope

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("error", [Unavailable("the disk is gone"), ValueError("ours")])
async def test_an_answer_whose_rest_cannot_be_had_is_cut_and_is_no_fault_of_ours(
    error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    sent: list[str] = []

    async def app(_scope: Scope, _receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        raise error

    async def receive() -> Message:
        return {"type": "http.request", "body": b""}

    async def send(message: Message) -> None:
        sent.append(message["type"])

    scope = {"type": "http", "method": "GET", "path": "/x", "query_string": b"", "headers": []}
    is_ours = isinstance(error, ValueError)
    raised = None
    try:
        await RequestScope(app, SystemClock())(scope, receive, send)
    except ValueError as one:
        raised = one
    assert sent == ["http.response.start"]
    assert (raised is error) is is_ours
    assert ("an answer is cut: the disk is gone" in caplog.messages) is not is_ours
