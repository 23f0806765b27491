"""Whether anything of a request may have left us: what a failure proves depends on it."""

from tracker.domain.exchange import Certainty, HttpFailure


class FirstByte:
    """Watches a request; given to httpx and httpcore as its `trace`."""

    def __init__(self) -> None:
        """Nothing has left."""
        self._has_left = False

    async def __call__(self, event: str, _info: object) -> None:
        """Hear of a step."""
        if event.endswith("send_request_headers.started"):
            self._has_left = True

    def failure(self, reason: str) -> HttpFailure:
        """The exchange failed. reason: for people, without header or body."""
        certainty = Certainty.UNKNOWN if self._has_left else Certainty.NOT_SENT
        return HttpFailure(certainty, reason[:500])
