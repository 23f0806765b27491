"""Holds, which retention steps over: the methods of both clients, and their steps."""

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar
from urllib.parse import quote

from tracker.client.calls import Call
from tracker.client.flows import Flow, ItemFlow, iterate_pages, send
from tracker.client.models import AnswerRecord

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class RetentionHold(AnswerRecord):
    """A hold: nothing of what it names is dropped.

    task_id: None where all tasks of the tenant are held.
    """

    id: str
    task_id: str | None
    reason: str
    created_at: datetime


def add(reason: str, *, task_id: str | None, tries: int) -> Flow[RetentionHold]:
    """`POST /v1/holds`."""
    body = {"reason": reason} if task_id is None else {"reason": reason, "task_id": task_id}
    answer = yield from send(Call("POST", "/v1/holds", body=body, is_repeatable=False), tries=tries)
    return RetentionHold.parse(answer.read_json())


def list_all(*, page_size: int, tries: int) -> ItemFlow[RetentionHold]:
    """Return every hold of the tenant, newest first, page by page."""
    return iterate_pages(
        "/v1/holds", [], "holds", RetentionHold.parse, page_size=page_size, tries=tries
    )


def remove(hold_id: str, *, tries: int) -> Flow[None]:
    """`DELETE /v1/holds/{id}`."""
    path = f"/v1/holds/{quote(hold_id, safe='')}"
    yield from send(Call("DELETE", path, is_repeatable=False), tries=tries)


class HoldMethods(ABC):
    """Methods of the client for ordinary code."""

    _tries: int

    @abstractmethod
    def _run(self, flow: Flow[T]) -> T: ...

    @abstractmethod
    def _iterate(self, flow: ItemFlow[T]) -> Iterator[T]: ...

    def hold(self, reason: str, *, task_id: str | None = None) -> RetentionHold:
        """Keep retention from dropping a task; without task_id, all tasks of the tenant."""
        return self._run(add(reason, task_id=task_id, tries=self._tries))

    def holds(self, *, page_size: int = 50) -> Iterator[RetentionHold]:
        """Yield every hold, newest first; pages are fetched as they are needed."""
        return self._iterate(list_all(page_size=page_size, tries=self._tries))

    def remove_hold(self, hold_id: str) -> None:
        """Remove a hold: what it kept is dropped within a day, where its time is over."""
        self._run(remove(hold_id, tries=self._tries))


class AsyncHoldMethods(ABC):
    """Methods of the client for asyncio."""

    _tries: int

    @abstractmethod
    async def _run(self, flow: Flow[T]) -> T: ...

    @abstractmethod
    def _iterate(self, flow: ItemFlow[T]) -> AsyncIterator[T]: ...

    async def hold(self, reason: str, *, task_id: str | None = None) -> RetentionHold:
        """Keep retention from dropping a task; without task_id, all tasks of the tenant."""
        return await self._run(add(reason, task_id=task_id, tries=self._tries))

    def holds(self, *, page_size: int = 50) -> AsyncIterator[RetentionHold]:
        """Yield every hold, newest first; pages are fetched as they are needed."""
        return self._iterate(list_all(page_size=page_size, tries=self._tries))

    async def remove_hold(self, hold_id: str) -> None:
        """Remove a hold: what it kept is dropped within a day, where its time is over."""
        await self._run(remove(hold_id, tries=self._tries))
