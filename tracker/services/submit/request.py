"""A caller's request to create a task: as it is asked, checked, kept and answered."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from hashlib import sha256
from typing import Any, TypeVar

from tracker.domain import documents, long_texts
from tracker.domain.errors import FieldError, InvalidRequest
from tracker.domain.long_texts import WrittenJson
from tracker.domain.records import record
from tracker.domain.task import Task
from tracker.domain.validation import is_blank
from tracker.providers.ports.adapter import Request
from tracker.store.idempotency import IdempotencyKey
from tracker.store.lost_answers import CreateName, TimeSpan

T = TypeVar("T")
HELD_AS_TEXTS = 2 * 1024 * 1024
"""Characters of an input from which on it is written only while it is stored."""


@record
class Submission:
    """A caller's request to create a task.

    input:           the provider's own request body.
    account:         None: whichever the rules, the weights, health and room make it.
    idempotency_key: the caller's; the same key with the same request is the same task.
    webhook_url:     where each change of the task is to be told; None for nowhere.
    deadline:        after this the task is flagged overdue; None for the service's own.
    repeats:         the call repeats one of this time: an equal task made within it is the answer,
                     if there is one; None for a call of its own.
    create_name:     what equal creates of the caller share: a task whose client was not told of it
                     is the answer to the next of them; None where none is to be given twice.
    submitter:       the row of the API key that asks; None where none was used.
    input_path:      where the input stands in the caller's body, for naming its wrong fields.
    """

    tenant: str
    provider: str
    operation: str
    input: Mapping[str, Any]
    account: str | None = None
    external_task_id: str | None = None
    metadata: Mapping[str, Any] | None = None
    webhook_url: str | None = None
    deadline: timedelta | None = None
    idempotency_key: str | None = None
    repeats: TimeSpan | None = None
    create_name: CreateName | None = None
    submitter: int | None = None
    input_path: str = "input"


@record
class AcceptedTask:
    """The answer to a submission.

    task:     as it was accepted: `queued`, version 1.
    replayed: an earlier request had made it: one with this idempotency key, or one repeated here.
    body:     the input as it is kept; None where an earlier request gave it.
    """

    task: Task
    replayed: bool
    body: bytes | WrittenJson | None = None


@record
class CheckedSubmission:
    """A request that may be taken in: its task without a row, and its input."""

    task: Task
    body: bytes | WrittenJson
    key: IdempotencyKey | None
    repeats: TimeSpan | None = None
    create_name: CreateName | None = None


def encode_submission(
    request: Request, submission: Submission
) -> tuple[bytes, IdempotencyKey | None]:
    """Encode what is kept of a submission."""
    body = _write(long_texts.encode_bytes, request, submission)
    return body, _make_idempotency_key(submission)


def encode_large_submission(
    request: Request, submission: Submission
) -> tuple[bytes | WrittenJson, IdempotencyKey | None]:
    """Encode what is kept of a submission; run in a thread, as it takes long."""
    if not documents.is_large(request.body, HELD_AS_TEXTS):
        return encode_submission(request, submission)
    return _write(WrittenJson, request, submission), _make_idempotency_key(submission)


def _write(write: Callable[[Any], T], request: Request, submission: Submission) -> T:
    try:
        return write(request.body)
    except ValueError:  # 1e400 is JSON, and infinity in every parser
        field = FieldError(submission.input_path, "holds a number out of range")
        raise InvalidRequest(field) from None


def _make_idempotency_key(submission: Submission) -> IdempotencyKey | None:
    if submission.idempotency_key is None:
        return None
    asked = [
        submission.provider,
        submission.account,
        submission.operation,
        submission.external_task_id,
        submission.metadata,
        submission.webhook_url,
        None if submission.deadline is None else submission.deadline.total_seconds(),
        _remove_unset(submission.input),
    ]
    digest = sha256()
    for piece in long_texts.iterate_json_pieces(asked, sort_keys=True):
        digest.update(piece.encode())
    return IdempotencyKey(submission.tenant, submission.idempotency_key, digest.digest())


def _remove_unset(value: Any) -> Any:
    """Return a value whose objects have no member that is null or blank; itself where none is.

    A client that writes a field without a value in its second try asks for the same as before.
    """
    if isinstance(value, list):
        other = {n: new for n, one in enumerate(value) if (new := _remove_unset(one)) is not one}
        return [other.get(n, one) for n, one in enumerate(value)] if other else value
    if not isinstance(value, Mapping):
        return value
    new = {name: kept for name, one in value.items() if (kept := _remove_unset(one)) is not one}
    gone = {name for name, one in value.items() if one is None or is_blank(new.get(name, one))}
    if not new and not gone:
        return value
    return {name: new.get(name, one) for name, one in value.items() if name not in gone}


def build_resubmission_key(before: Task, key: str) -> IdempotencyKey:
    """Return the idempotency key of a request to submit a task's input again."""
    asked = sha256(f"resubmit {before.id}".encode()).digest()
    return IdempotencyKey(before.tenant, key, asked)
