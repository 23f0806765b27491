"""The methods of both clients for runs: what the service's workers do to many tasks."""

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Iterable, Iterator
from datetime import datetime
from typing import TypeVar

from tracker.client import rereads, runs
from tracker.client.flows import Flow, ItemFlow
from tracker.client.rereads import ReceiptReread
from tracker.client.runs import Run, TaskOfRun

T = TypeVar("T")


class RunMethods(ABC):
    """Methods of the client for ordinary code."""

    _tries: int

    @abstractmethod
    def _run(self, flow: Flow[T]) -> T: ...

    @abstractmethod
    def _iterate(self, flow: ItemFlow[T]) -> Iterator[T]: ...

    def start_run(self, token: str) -> Run:
        """Have workers do what a dry run told: `act_on_many(…).token`, ten minutes at most.

        To no more tasks than it told of, and to none made after it. Confirmed twice, it is one run.
        """
        return self._run(runs.start_run(token, tries=self._tries))

    def run(self, run_id: str) -> Run:
        """Return a run as it is now."""
        return self._run(runs.run(run_id, tries=self._tries))

    def runs(self, *, page_size: int = 50) -> Iterator[Run]:
        """Yield every run, newest first; pages are fetched as they are needed."""
        return self._iterate(runs.iterate_runs(page_size=page_size, tries=self._tries))

    def tasks_of_run(
        self, run_id: str, *, outcome: str | None = None, page_size: int = 100
    ) -> Iterator[TaskOfRun]:
        """Yield tasks of a run, oldest first. outcome: only `done`, `refused` or `failed` ones."""
        return self._iterate(
            runs.iterate_run_tasks(run_id, outcome=outcome, page_size=page_size, tries=self._tries)
        )

    def stop_run(self, run_id: str) -> Run:
        """Have no further task of a run acted on. Raises Conflict when it is over."""
        return self._run(runs.stop_run(run_id, tries=self._tries))

    def reread_receipts(  # noqa: PLR0913 - one parameter per field of the body
        self,
        provider: str,
        *,
        since: datetime | None = None,
        verdict: Iterable[str] = (),
        task_id: str | None = None,
        dry_run: bool = True,
        notify: bool = False,
    ) -> ReceiptReread:
        """Have workers read a provider's receipts again; see `reread` for how far they are.

        since:   only tasks of which a receipt came from then on.
        dry_run: only count what would change.
        notify:  tell subscribers of what is corrected.
        """
        body = rereads.build_reread_body(
            provider,
            since=since,
            verdict=verdict,
            task_id=task_id,
            dry_run=dry_run,
            notify=notify,
        )
        return self._run(rereads.start(body, tries=self._tries))

    def reread(self, reread_id: str) -> ReceiptReread:
        """Return a run that reads receipts again, as it is now."""
        return self._run(rereads.get(reread_id, tries=self._tries))

    def stop_reread(self, reread_id: str) -> ReceiptReread:
        """Have no further receipt read. Raises Conflict when it is over."""
        return self._run(rereads.stop(reread_id, tries=self._tries))


class AsyncRunMethods(ABC):
    """Methods of the client for asyncio."""

    _tries: int

    @abstractmethod
    async def _run(self, flow: Flow[T]) -> T: ...

    @abstractmethod
    def _iterate(self, flow: ItemFlow[T]) -> AsyncIterator[T]: ...

    async def start_run(self, token: str) -> Run:
        """Have workers do what a dry run told: `act_on_many(…).token`, ten minutes at most.

        To no more tasks than it told of, and to none made after it. Confirmed twice, it is one run.
        """
        return await self._run(runs.start_run(token, tries=self._tries))

    async def run(self, run_id: str) -> Run:
        """Return a run as it is now."""
        return await self._run(runs.run(run_id, tries=self._tries))

    def runs(self, *, page_size: int = 50) -> AsyncIterator[Run]:
        """Yield every run, newest first; pages are fetched as they are needed."""
        return self._iterate(runs.iterate_runs(page_size=page_size, tries=self._tries))

    def tasks_of_run(
        self, run_id: str, *, outcome: str | None = None, page_size: int = 100
    ) -> AsyncIterator[TaskOfRun]:
        """Yield tasks of a run, oldest first. outcome: only `done`, `refused` or `failed` ones."""
        return self._iterate(
            runs.iterate_run_tasks(run_id, outcome=outcome, page_size=page_size, tries=self._tries)
        )

    async def stop_run(self, run_id: str) -> Run:
        """Have no further task of a run acted on. Raises Conflict when it is over."""
        return await self._run(runs.stop_run(run_id, tries=self._tries))

    async def reread_receipts(  # noqa: PLR0913 - one parameter per field of the body
        self,
        provider: str,
        *,
        since: datetime | None = None,
        verdict: Iterable[str] = (),
        task_id: str | None = None,
        dry_run: bool = True,
        notify: bool = False,
    ) -> ReceiptReread:
        """Have workers read a provider's receipts again; see `reread` for how far they are.

        since:   only tasks of which a receipt came from then on.
        dry_run: only count what would change.
        notify:  tell subscribers of what is corrected.
        """
        body = rereads.build_reread_body(
            provider,
            since=since,
            verdict=verdict,
            task_id=task_id,
            dry_run=dry_run,
            notify=notify,
        )
        return await self._run(rereads.start(body, tries=self._tries))

    async def reread(self, reread_id: str) -> ReceiptReread:
        """Return a run that reads receipts again, as it is now."""
        return await self._run(rereads.get(reread_id, tries=self._tries))

    async def stop_reread(self, reread_id: str) -> ReceiptReread:
        """Have no further receipt read. Raises Conflict when it is over."""
        return await self._run(rereads.stop(reread_id, tries=self._tries))
