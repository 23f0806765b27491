"""Which callbacks end a task by themselves, and which only make us ask the provider.

A callback that proves nothing about its sender is a hint; one that leaves out what the caller
asked for is half an answer. Both are kept as receipts, and the query makes the verdict.
"""

from dataclasses import dataclass

from tracker.domain.observation import Observation
from tracker.domain.policy import Confirm
from tracker.domain.task import AT_PROVIDER, VERDICTS, Awaits, Task, TaskState, is_askable
from tracker.providers.ports.adapter import Asking
from tracker.services.context import Context
from tracker.services.receive.callback import ParsedCallback

_STILL_OPEN = AT_PROVIDER | {TaskState.QUEUED}
_BODY_UNPROVEN = "the signature does not cover the body: the provider is asked"


@dataclass(frozen=True, slots=True)
class AwaitedConfirmation:
    """Why a verdict waits. reason: for the receipt."""

    awaits: Awaits
    reason: str


def wait_of(
    context: Context, task: Task, item: ParsedCallback, observation: Observation
) -> AwaitedConfirmation | None:
    """Return why what a callback says of a task must wait for a query; None when it counts as it
    is.

    Where the provider cannot be asked about the task, the callback is all there is. Where only
    the account is not in the settings, nothing unproven counts: it may be there again tomorrow,
    and a verdict stays for ever. Details are not waited for then.
    """
    if observation.state not in VERDICTS:
        return None
    if task.state not in _STILL_OPEN and task.follow_up is None:
        return None
    wait = _find_reason(context, task, item, observation)
    if wait is None:
        return None
    if not context.has_account(task):
        return wait if wait.awaits is Awaits.PROOF else None
    return wait if can_poll(context, task) else None


def explain_hint(context: Context, task: Task, item: ParsedCallback) -> str | None:
    """Return why nothing that a callback says may be applied; None when it may.

    Where the provider cannot be asked about the task, the callback is all there is.
    """
    proof = item.proofs.get(task.account)
    if item.is_vouched or proof is None or proof.covers_body or task.state is TaskState.QUEUED:
        return None
    return _BODY_UNPROVEN if not is_askable(task) or can_poll(context, task) else None


def can_poll(context: Context, task: Task) -> bool:
    """Tell whether the provider can be asked how a task stands, by what is known of it."""
    polls = context.providers[task.provider].polls
    if polls is None:
        return False
    asking = Asking(context.get_account(task), (task,), context.clock.now())
    return polls.build_poll(asking) is not None


def _find_reason(
    context: Context, task: Task, item: ParsedCallback, observation: Observation
) -> AwaitedConfirmation | None:
    unproven = None if item.is_vouched else _find_unproven(context, task, item)
    if unproven is not None:
        return AwaitedConfirmation(Awaits.PROOF, unproven)
    # One that has ended is completed by whatever names its result; nothing more is waited for.
    if observation.state is TaskState.SUCCEEDED and task.follow_up is None:
        calls_back = context.providers[task.provider].calls_back
        missing = None if calls_back is None else calls_back.find_missing_result(task, observation)
        if missing is not None:
            return AwaitedConfirmation(
                Awaits.DETAIL, f"it leaves out {missing}: the provider is asked for it"
            )
    return None


def _find_unproven(context: Context, task: Task, item: ParsedCallback) -> str | None:
    """Return why what it says needs to be proved first; None where it does not."""
    is_shared, rule = item.task_id is None, context.policy.confirm
    proof = item.proofs.get(task.account)
    if proof is not None and not proof.covers_body:
        return _BODY_UNPROVEN
    needs_proof = rule is Confirm.ALWAYS or (rule is Confirm.SHARED and is_shared)
    if needs_proof and task.account not in item.list_signers():
        return "unsigned: the provider is asked before it counts"
    return None
