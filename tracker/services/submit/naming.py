"""Choose the account that has what a task's input names."""

from tracker.domain.errors import FieldError, InvalidRequest
from tracker.domain.task import Task
from tracker.services.context import Context
from tracker.services.named_objects import NamedHere
from tracker.services.submit.choosing import refusal_at
from tracker.services.submit.request import Submission


def find_fixed_account(
    context: Context, submission: Submission, parent: Task | None, named: NamedHere
) -> str | None:
    """Return the account that a task must go to; None where it may be chosen.

    named: what its input names. Raises InvalidRequest where the account has not all of that, or
    cannot do the operation.
    """
    chosen = submission.account or (None if parent is None else parent.account)
    if named.accounts is None or chosen in named.accounts:
        return chosen
    able = sorted(named.accounts)
    path = f"{submission.input_path}.{named.path}" if submission.input_path else named.path
    if submission.account is not None:
        raise InvalidRequest(FieldError("account", f"what {path} names is at account {able[0]!r}"))
    if parent is not None:
        reason = f"is at account {able[0]!r}, and the task that it continues at {chosen!r}"
        raise InvalidRequest(FieldError(path, reason))
    provider = context.provider(submission.provider)
    refusals = {one: refusal_at(context, provider, one, submission.operation) for one in able}
    for name, refusal in refusals.items():
        if refusal is None:
            return name
    raise InvalidRequest(FieldError(path, f"is at account {able[0]!r} alone: {refusals[able[0]]}"))
