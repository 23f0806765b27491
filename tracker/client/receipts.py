"""Callbacks that may need a human: the methods of both clients, and their steps."""

from abc import ABC, abstractmethod
from base64 import b64decode
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Self, TypeVar
from urllib.parse import quote

from tracker.client.calls import Call, Params
from tracker.client.flows import Flow, ItemFlow, iterate_pages, send
from tracker.client.models import read_fields

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Receipt:
    """Something that came in and may need a human.

    verdict:      what was made of it, such as `malformed`, `conflict` or `forged`.
    task_id:      None where it belongs to no task.
    dismissed_by: the name of the key that put it aside; None as long as it asks for somebody.
    headers, body: only of one that was asked for by its id.
    """

    id: str
    provider: str
    task_id: str | None
    verdict: str
    reason: str | None
    received_at: datetime
    size_bytes: int
    dismissed_by: str | None
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = field(repr=False, default=None)
    raw: Mapping[str, Any] = field(repr=False, compare=False, default_factory=dict)

    @classmethod
    def parse(cls, data: Mapping[str, Any]) -> Self:
        """Read the fields of an answer."""
        body = data.get("body")
        if body is not None:
            body = b64decode(body) if data["encoding"] == "base64" else body.encode()
        own = {"body": body, "dismissed_by": (data.get("dismissal") or {}).get("actor")}
        return cls(**read_fields(cls, data, own))


@dataclass(frozen=True, slots=True)
class ReadAgain:
    """The result of reading a kept callback again, or its preview.

    was, verdict: what was made of it until now, and by today's rules.
    reason:       why, where it does not move its task.
    task_id:      None where it belongs to no task.
    steps:        what moves: mappings of task_id, version, from_state, to_state, kind.
    is_dry_run:   nothing was changed.
    """

    receipt_id: str
    was: str
    verdict: str
    reason: str | None
    task_id: str | None
    steps: Sequence[Mapping[str, Any]]
    is_dry_run: bool

    @classmethod
    def parse(cls, data: Mapping[str, Any]) -> Self:
        """Read the fields of an answer."""
        return cls(**read_fields(cls, data, {"is_dry_run": data["dry_run"]}))


def list_all(filters: Params, *, page_size: int, tries: int) -> ItemFlow[Receipt]:
    """Return every odd receipt, newest first, page by page."""
    return iterate_pages(
        "/v1/receipts", filters, "receipts", Receipt.parse, page_size=page_size, tries=tries
    )


def get(receipt_id: str, *, tries: int) -> Flow[Receipt]:
    """`GET /v1/receipts/{id}`."""
    path = f"/v1/receipts/{quote(receipt_id, safe='')}"
    return Receipt.parse((yield from send(Call("GET", path), tries=tries)).read_json())


def dismiss(receipt_id: str, *, tries: int) -> Flow[None]:
    """`POST /v1/receipts/{id}/dismiss`; twice is as good as once."""
    path = f"/v1/receipts/{quote(receipt_id, safe='')}/dismiss"
    yield from send(Call("POST", path), tries=tries)


def read_again(
    receipt_id: str, how: str, body: Mapping[str, Any], *, tries: int
) -> Flow[ReadAgain]:
    """`POST /v1/receipts/{id}/attach` or `…/replay`; twice is as good as once."""
    call = Call("POST", f"/v1/receipts/{quote(receipt_id, safe='')}/{how}", body=body)
    return ReadAgain.parse((yield from send(call, tries=tries)).read_json())


def build_receipt_filters(
    *,
    verdict: str | Iterable[str] | None = None,
    provider: str | None = None,
    dismissed: bool | None = None,
) -> Params:
    """Return filters as query parameters."""
    verdicts = [verdict] if isinstance(verdict, str) else list(verdict or ())
    found = [("verdict", one) for one in verdicts]
    if provider is not None:
        found.append(("provider", provider))
    if dismissed is not None:
        found.append(("dismissed", str(dismissed).lower()))
    return found


class ReceiptMethods(ABC):
    """Methods of the client for ordinary code."""

    _tries: int

    @abstractmethod
    def _run(self, flow: Flow[T]) -> T: ...

    @abstractmethod
    def _iterate(self, flow: ItemFlow[T]) -> Iterator[T]: ...

    def receipts(self, *, page_size: int = 100, **filters: Any) -> Iterator[Receipt]:
        """Yield every callback that may need a human, newest first, without headers and bodies.

        filters: `verdict` (one or several, such as `malformed` or `conflict`), `provider`, and
                 `dismissed` (True or False; both where it is not given).
        """
        params = build_receipt_filters(**filters)
        return self._iterate(list_all(params, page_size=page_size, tries=self._tries))

    def receipt(self, receipt_id: str) -> Receipt:
        """Return one receipt with its headers and its body. Raises NotFound."""
        return self._run(get(receipt_id, tries=self._tries))

    def dismiss_receipt(self, receipt_id: str) -> None:
        """Put a receipt aside: it asks for nobody any more. Raises NotFound."""
        self._run(dismiss(receipt_id, tries=self._tries))

    def replay_receipt(self, receipt_id: str, *, dry_run: bool = True) -> ReadAgain:
        """Have a callback judged again by today's rules. Raises NotFound, Conflict.

        dry_run: only say what would come of it, which is the default.
        """
        body = {"dry_run": dry_run}
        return self._run(read_again(receipt_id, "replay", body, tries=self._tries))

    def attach_receipt(self, receipt_id: str, task_id: str, *, dry_run: bool = True) -> ReadAgain:
        """Give a quarantined callback to the task that it belongs to. Raises NotFound, Conflict.

        dry_run: only say what would come of it, which is the default.
        """
        body = {"task_id": task_id, "dry_run": dry_run}
        return self._run(read_again(receipt_id, "attach", body, tries=self._tries))


class AsyncReceiptMethods(ABC):
    """Methods of the client for asyncio."""

    _tries: int

    @abstractmethod
    async def _run(self, flow: Flow[T]) -> T: ...

    @abstractmethod
    def _iterate(self, flow: ItemFlow[T]) -> AsyncIterator[T]: ...

    def receipts(self, *, page_size: int = 100, **filters: Any) -> AsyncIterator[Receipt]:
        """Yield every callback that may need a human, newest first, without headers and bodies.

        filters: `verdict` (one or several, such as `malformed` or `conflict`), `provider`, and
                 `dismissed` (True or False; both where it is not given).
        """
        params = build_receipt_filters(**filters)
        return self._iterate(list_all(params, page_size=page_size, tries=self._tries))

    async def receipt(self, receipt_id: str) -> Receipt:
        """Return one receipt with its headers and its body. Raises NotFound."""
        return await self._run(get(receipt_id, tries=self._tries))

    async def dismiss_receipt(self, receipt_id: str) -> None:
        """Put a receipt aside: it asks for nobody any more. Raises NotFound."""
        await self._run(dismiss(receipt_id, tries=self._tries))

    async def replay_receipt(self, receipt_id: str, *, dry_run: bool = True) -> ReadAgain:
        """Have a callback judged again by today's rules. Raises NotFound, Conflict.

        dry_run: only say what would come of it, which is the default.
        """
        body = {"dry_run": dry_run}
        return await self._run(read_again(receipt_id, "replay", body, tries=self._tries))

    async def attach_receipt(
        self, receipt_id: str, task_id: str, *, dry_run: bool = True
    ) -> ReadAgain:
        """Give a quarantined callback to the task that it belongs to. Raises NotFound, Conflict.

        dry_run: only say what would come of it, which is the default.
        """
        body = {"task_id": task_id, "dry_run": dry_run}
        return await self._run(read_again(receipt_id, "attach", body, tries=self._tries))
