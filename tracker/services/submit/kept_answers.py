"""Answers to creates that settle something, kept as receipts: the evidence of their steps.

A refusal, an answer that nobody could read, and one that is the result itself are told by nothing
else. Of one that came as a stream its size and digest are kept: its text is the task's already.
Where a create is only accepted, a callback or a query tells of its end, and is the receipt.
"""

from collections.abc import Sequence

from tracker.domain import inline_files
from tracker.domain.events import Source
from tracker.domain.lifecycle import Step, Verdict
from tracker.services.context import Context
from tracker.services.recorder import Recorder
from tracker.services.submit.attempt_results import EndedAttempt
from tracker.store import receipts
from tracker.store.driver.transaction import Tx
from tracker.store.receipts import Receipt

MOST_BYTES = 256 * 1024
"""Kept of one answer, whose files are not among them: a broken gateway may refuse thousands, each
with a page."""


def cite_answers(
    context: Context,
    tx: Tx,
    recorder: Recorder,
    proven: Sequence[tuple[EndedAttempt, Step | None]],
) -> None:
    """Keep the answers that steps rest on, and name them as the steps' evidence."""
    kept = [
        (step, _build_receipt(context, tx, item, item.evidence, step.verdict))
        for item, step in proven
        if step is not None and item.evidence
    ]
    if not kept:
        return
    keys = receipts.insert_first(tx.db, [receipt for _, receipt in kept])()
    for (step, _), key in zip(kept, keys, strict=True):
        if key is not None and step.transition is not None:
            recorder.cite_evidence(step, receipt=key)


def _build_receipt(
    context: Context, tx: Tx, item: EndedAttempt, answer: bytes, verdict: Verdict
) -> Receipt:
    task, attempt = item.begun.task, item.begun.attempt
    # Cut before it is read: this is the writer's time, and an answer may be of many megabytes.
    body = inline_files.describe_files(answer[:MOST_BYTES], context.secrets, task.tenant)
    said = receipts.digest(task.provider, f"{task.id}/attempt {attempt.key}", body)
    return Receipt(
        tenant=task.tenant,
        provider=task.provider,
        task_key=task.key,
        source=Source.SUBMIT,
        verdict=verdict,
        received_at=tx.now,
        fingerprint=receipts.compute_fingerprint(task.key, said),
        size_bytes=len(body) + len(answer[MOST_BYTES:]),
        body=body,
    )
