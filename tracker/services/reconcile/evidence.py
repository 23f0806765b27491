"""The receipt of an answer to a look."""

from datetime import datetime

from tracker.domain.events import Source
from tracker.domain.exchange import HttpResult
from tracker.domain.lifecycle import Verdict
from tracker.domain.outcome import Observed
from tracker.domain.task import Task
from tracker.providers.ports.adapter import Answer
from tracker.services.asking import LookOutcome
from tracker.store import receipts
from tracker.store.receipts import Receipt


def build_receipt(
    task: Task,
    looked: tuple[Answer, LookOutcome],
    verdict: Verdict,
    reason: str | None,
    now: datetime,
) -> Receipt:
    """Return the receipt of an answer and what it was read as. reason: why it changed nothing."""
    answer, outcome = looked
    body = answer.body if isinstance(answer, HttpResult) else b""
    # What is said twice at one version is one piece of evidence; request ids in the answer differ,
    # so that for what moved nothing the words are the mark and not the bytes.
    said = outcome.observation if isinstance(outcome, Observed) else None
    mark = body if verdict is Verdict.ADVANCED else f"{said and said.word}\n{reason}".encode()
    return Receipt(
        tenant=task.tenant,
        provider=task.provider,
        task_key=task.key,
        source=Source.POLL,
        verdict=verdict,
        reason=reason,
        received_at=now,
        fingerprint=receipts.compute_fingerprint(
            task.key, receipts.digest(task.provider, f"{task.id}/{task.version}", mark)
        ),
        size_bytes=len(body),
        body=body,
    )
