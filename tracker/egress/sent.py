"""Tracking of the bytes of a request that left us: the meaning of a failure depends on it."""

from collections.abc import Mapping
from typing import Any

import httpcore

from tracker.domain.exchange import Certainty, HttpFailure, MaySend, allow_always
from tracker.precedence import Precedence


class NotNow(Exception):
    """The sender may not send any more."""


class FirstByte:
    """Watches a request; given to httpx and httpcore as its `trace`."""

    def __init__(
        self, may_send: MaySend = allow_always, precedence: Precedence | None = None
    ) -> None:
        """may_send: asked when the first byte is about to leave; if not, NotNow is raised.

        precedence: given way to before each step.
        """
        self._may_send = may_send
        self._precedence = precedence
        self._place = None if precedence is None else precedence.take_place()
        self._has_left = False

    async def __call__(self, event: str, info: Mapping[str, Any]) -> None:
        """Hear of a step. Asking a proxy for a tunnel (CONNECT) sends nothing of the request."""
        if self._precedence is not None and event.endswith(".started"):
            await self._precedence.give_way(self._place)
        request = info.get("request")
        if isinstance(request, httpcore.Request) and request.method == b"CONNECT":
            return
        if event.endswith("send_request_headers.failed"):
            # The library refused to write them, so that no byte was handed to the connection.
            refused = isinstance(info.get("exception"), httpcore.LocalProtocolError)
            self._has_left = self._has_left and not refused
        if event.endswith("send_request_headers.started"):
            if not self._may_send():
                raise NotNow
            self._has_left = True

    def describe_failure(self, reason: str) -> HttpFailure:
        """Return the failure of an exchange. reason: for people, without header or body."""
        certainty = Certainty.UNKNOWN if self._has_left else Certainty.NOT_SENT
        return HttpFailure(certainty, reason[:500])
