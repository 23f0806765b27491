"""A kept connection for thousands of small requests: httpx spends more on each than the service."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPResponse, RemoteDisconnected
from select import POLLIN, poll
from typing import Any
from urllib.parse import quote, urlsplit

# What an address may hold as it is; the rest is written in percent signs.
_SAFE = "/%?#&=:@!$'()*+,;~-._[]"


@dataclass(frozen=True, slots=True)
class Answer:
    """Status, headers by lower-case names, and body."""

    status_code: int
    headers: Mapping[str, str]
    content: bytes

    @property
    def text(self) -> str:
        """The body as text."""
        return self.content.decode(errors="replace")

    def parse_json(self) -> Any:
        """The body's JSON."""
        return json.loads(self.content)


class KeptConnection:
    """Speaks HTTP with a service, by one connection for as long as that lasts.

    headers: of every request.
    """

    def __init__(self, url: str, headers: Mapping[str, str]) -> None:
        parts = urlsplit(url)
        self._http = HTTPConnection(f"{parts.hostname}", parts.port, timeout=60)
        self._headers = {name.lower(): value for name, value in headers.items()}

    def send(
        self,
        method: str,
        path: str,
        *,
        content: bytes | None = None,
        headers: Mapping[str, str | bytes] | None = None,
    ) -> Answer:
        """Return the answer; of an event stream, its head alone.

        Raises OSError where the connection ends before the answer, but for one that had been ended
        behind the answer before: the request is then sent once more.
        """
        said = self._headers | {name.lower(): value for name, value in (headers or {}).items()}
        target = quote(path, safe=_SAFE)
        is_new = self._is_new()
        try:
            return self._exchange(method, target, content, said)
        except RemoteDisconnected:
            self.close()
            if is_new:
                raise
            return self._exchange(method, target, content, said)
        except OSError:
            self.close()
            raise

    def close(self) -> None:
        """End the connection."""
        self._http.close()

    def _is_new(self) -> bool:
        """Return whether the next request opens a connection; one that was ended is left."""
        if self._http.sock is not None:
            ready = poll()
            ready.register(self._http.sock, POLLIN)
            if ready.poll(0):
                self.close()
        return self._http.sock is None

    def _exchange(
        self, method: str, target: str, content: bytes | None, headers: Mapping[str, str | bytes]
    ) -> Answer:
        self._http.request(method, target, content, headers)
        answer: HTTPResponse = self._http.getresponse()
        told = {name.lower(): value for name, value in answer.getheaders()}
        if "event-stream" in told.get("content-type", ""):
            self.close()
            return Answer(answer.status, told, b"")
        return Answer(answer.status, told, answer.read())
