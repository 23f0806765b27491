"""Lay what a kept callback says beside what its task has, for people who wonder about a verdict.

Reads only, and decides nothing: what comes of a callback, `ReceiptRejudger` says.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from tracker.domain.errors import Conflict
from tracker.domain.events import Source
from tracker.domain.observation import Observation
from tracker.domain.task import Task
from tracker.services.context import Context
from tracker.services.receive.callback import ParsedCallback
from tracker.services.receive.reading import CallbackReader
from tracker.store import tasks
from tracker.store.odd_receipts import JudgedReceipt


@dataclass(frozen=True, slots=True)
class ComparedField:
    """One fact, as the callback says it and as the task has it.

    name:  `provider_task_id`, `external_task_id`, `word` or `state`.
    said:  None where the callback does not say it, or its word means nothing.
    known: None where the task has none, or there is no task.
    """

    name: str
    said: str | None
    known: str | None

    @property
    def differs(self) -> bool:
        """Return true if both sides say something, and not the same."""
        return self.said is not None and self.known is not None and self.said != self.known


@dataclass(frozen=True, slots=True)
class Comparison:
    """A callback beside its task.

    statements: the fields of each task that it tells of.
    proofs:     by account, of a known task by its own: why its signature proves nothing; None
                where it is genuine.
    unread:     why nothing in it can be read; None where something can.
    """

    statements: Sequence[Sequence[ComparedField]] = ()
    proofs: Mapping[str, str | None] = field(default_factory=dict)
    unread: str | None = None


class RereadComparer:
    """Reads kept callbacks by the adapters of today."""

    def __init__(self, context: Context) -> None:
        """Holds no state of its own; no published keys are fetched for a look."""
        self._context = context
        self._reader = CallbackReader(context)

    async def compare(self, found: JudgedReceipt) -> Comparison | None:
        """Compare a receipt with its task; None for one that is no callback, or has no bytes.

        Raises Unavailable.
        """
        kept = found.receipt
        if kept.source is not Source.CALLBACK or not kept.body:
            return None
        try:
            read = self._reader.read_again(kept, found.task_id)
        except Conflict as error:
            return Comparison(unread=str(error))
        task = None
        if found.task_id is not None:
            task = await self._context.store.find(tasks.load_by_id, found.task_id)
        parts = [part for part in (read, *read.more) if part.names is not None]
        return Comparison(
            [_compare_fields(part, task) for part in parts],
            {
                account: proof.flaw
                for account, proof in sorted(read.proofs.items())
                if task is None or account == task.account
            },
            None if parts else read.reason or "it names no task",
        )


def _compare_fields(part: ParsedCallback, task: Task | None) -> list[ComparedField]:
    said = part.names
    assert said is not None  # noqa: S101 - the caller leaves the others out
    fields = [
        ComparedField(
            "provider_task_id", said.provider_task_id, task.provider_task_id if task else None
        ),
        ComparedField(
            "external_task_id", said.external_task_id, task.external_task_id if task else None
        ),
    ]
    if isinstance(said, Observation):
        fields += [
            ComparedField("word", said.word, task.provider_status if task else None),
            ComparedField("state", said.state, task.state if task else None),
        ]
    return fields
