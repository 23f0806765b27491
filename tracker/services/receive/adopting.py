"""Adopt tasks that callbacks tell of and this database does not know."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from tracker.clock import make_id
from tracker.domain import lifecycle
from tracker.domain.lifecycle import Verdict
from tracker.services.adoption import UpstreamTask, insert_adopted
from tracker.services.context import DEFAULT_ACCOUNT, Context
from tracker.services.receive.callback import Match, ParsedCallback
from tracker.services.receive.correlation import (
    load_named,
    mark_gone,
    match_by_name,
    match_known,
    reject_unsigned,
)
from tracker.store.driver.transaction import Tx


def match_or_adopt(context: Context, tx: Tx, items: Sequence[ParsedCallback]) -> list[Match]:
    """Return one match per item; the tasks come locked.

    Tasks of others are adopted where that is set, and our own that a restored database has lost.
    """
    matches = match_known(context, tx, items)
    mark_gone(context, tx, items, matches)
    if context.recovery.is_holding(tx.db):
        _match_adopted(context, tx, items, matches)
        _adopt(context, tx, items, matches, _find_lost_task)
    if context.adopt:
        _adopt(context, tx, items, matches, _find_of_others)
    return matches


def _match_adopted(
    context: Context, tx: Tx, items: Sequence[ParsedCallback], matches: list[Match]
) -> None:
    """Find lost tasks that a list has brought back, under an id that the list did not tell."""
    indexes = [index for index, item in enumerate(items) if _is_lost(item, matches[index])]
    # Without the id of the URL, which is proved to be ours and belongs to no task.
    asked = [replace(items[index], task_id=None) for index in indexes]
    named = load_named(context, tx, asked) if asked else []
    for index, item in zip(indexes, asked, strict=True):
        if item.names is not None:
            found = match_by_name(item, item.names, named)
            if found.verdict is not Verdict.UNKNOWN_TASK:
                matches[index] = reject_unsigned(context, item, found)


def _adopt(
    context: Context,
    tx: Tx,
    items: Sequence[ParsedCallback],
    matches: list[Match],
    find: Callable[[Context, ParsedCallback, Match], tuple[str, UpstreamTask] | None],
) -> None:
    """Make tracked tasks of what is unknown; later callbacks of a batch find it.

    find: returns the task that a callback tells of, and the name that its other callbacks share.
    """
    indexes: dict[str, list[int]] = {}
    new: list[UpstreamTask] = []
    for index, (item, match) in enumerate(zip(items, matches, strict=True)):
        found = find(context, item, match)
        if found is None:
            continue
        if found[0] not in indexes:
            new.append(found[1])
        indexes.setdefault(found[0], []).append(index)
    inserted = insert_adopted(context, tx, new)
    for (first, *others), task in zip(indexes.values(), inserted, strict=True):
        if task is None:
            continue  # another process was faster; the provider's next callback finds it
        matches[first] = Match(task, Verdict.ADVANCED, adopted=lifecycle.adopt_task(task))
        for index in others:
            matches[index] = Match(task, Verdict.ADVANCED)


def _is_lost(item: ParsedCallback, match: Match) -> bool:
    """Tell whether a callback is genuine and to the URL of a task that nobody knows."""
    return _is_unknown(match) and item.task_id is not None


def _is_unknown(match: Match) -> bool:
    """Tell whether nobody knows the task, nor that it was dropped."""
    return match.verdict is Verdict.UNKNOWN_TASK and match.gone is None


def _find_lost_task(
    context: Context, item: ParsedCallback, match: Match
) -> tuple[str, UpstreamTask] | None:
    """Return a task of ours that the restored database has lost: the token proves it."""
    said = item.names
    if not _is_lost(item, match) or item.task_id is None or said is None:
        return None
    if not (said.external_task_id or said.provider_task_id):
        return None  # by what to ask for it is not known
    found = UpstreamTask(
        item.task_id,
        item.raw.provider,
        _find_adopter(context, item),
        said.external_task_id,
        said.provider_task_id,
    )
    return str(item.task_id), found


def _find_of_others(
    context: Context, item: ParsedCallback, match: Match
) -> tuple[str, UpstreamTask] | None:
    """Return a task that others created upstream, told of at the shared URL."""
    said = item.observation
    if not _is_unknown(match) or item.task_id is not None or said is None:
        return None
    name = said.external_task_id or said.provider_task_id
    if not name:
        return None
    provider = item.raw.provider
    ids = said.external_task_id, said.provider_task_id
    return f"{provider}\n{name}", UpstreamTask(
        make_id(), provider, _find_adopter(context, item), *ids
    )


def _find_adopter(context: Context, item: ParsedCallback) -> str:
    """Return whose task an adopted one becomes: the account's whose secret signed, else one that
    has none.

    An unsigned callback cannot be of an account that signs; which of the others sent it nobody
    can tell.
    """
    signed_by = item.list_signers()
    accounts = context.list_accounts(item.raw.provider)
    candidates = signed_by or sorted(accounts - item.proofs.keys())
    return (
        DEFAULT_ACCOUNT if DEFAULT_ACCOUNT in (candidates or [DEFAULT_ACCOUNT]) else candidates[0]
    )
