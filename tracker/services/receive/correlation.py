"""Correlation: find the task that a callback is about.

Order of trust: the token in the URL, then the external id, then the provider's id. Where they
name different tasks, nothing is guessed: the receipt is quarantined.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from tracker.domain.lifecycle import Verdict
from tracker.domain.observation import Observation
from tracker.domain.task import OPEN, Task, select_by_name
from tracker.providers.ports.callbacks import Hint
from tracker.services.context import Context
from tracker.services.receive.callback import Match, ParsedCallback
from tracker.store import task_lookups, tasks, tombstones
from tracker.store.driver.transaction import Tx
from tracker.store.tombstones import TaskName


def mark_gone(
    context: Context, tx: Tx, items: Sequence[ParsedCallback], matches: list[Match]
) -> None:
    """Name the dropped tasks that callbacks about no task of ours are about."""
    lost = {
        index: item
        for index, (item, match) in enumerate(zip(items, matches, strict=True))
        if match.verdict is Verdict.UNKNOWN_TASK
    }
    if not lost:
        return
    ids = {item.task_id for item in lost.values() if item.task_id is not None}
    known = tombstones.find_known(tx.db, ids)
    names: dict[TaskName, list[int]] = {}
    for index, item in lost.items():
        if item.task_id is None and item.names is not None and item.names.external_task_id:
            for account in item.list_signers() or context.list_accounts(item.raw.provider):
                name = TaskName(item.raw.provider, account, item.names.external_task_id)
                names.setdefault(name, []).append(index)
    found = tombstones.find_named(tx.db, names)
    gone = {index: id_ for name, id_ in found.items() for index in names[name]}
    gone |= {index: item.task_id for index, item in lost.items() if item.task_id in known}
    for index, id_ in gone.items():
        matches[index] = replace(matches[index], reason="its task is not kept any more", gone=id_)


def match_known(context: Context, tx: Tx, items: Sequence[ParsedCallback]) -> list[Match]:
    """Return a match per item, of tasks that are there; they come locked. Writes nothing."""
    by_id = tasks.lock_by_id(tx.db, {item.task_id for item in items if item.task_id is not None})
    own = [None if item.task_id is None else by_id.get(item.task_id) for item in items]
    named = load_named(context, tx, items)
    owners = _load_owners(tx, items, own)
    matches = [_match(item, task, named, owners) for item, task in zip(items, own, strict=True)]
    return [
        reject_unsigned(context, item, match) if item.proofs else match
        for item, match in zip(items, matches, strict=True)
    ]


def _match(
    item: ParsedCallback,
    task: Task | None,
    named: Sequence[Task],
    owners: Mapping[str, list[Task]],
) -> Match:
    """task: the one that its URL names, if that is a task's own and there is one."""
    if item.verdict is Verdict.FORGED:
        return Match(None, item.verdict, item.reason)
    said = item.names
    if item.task_id is not None:
        if task is None:
            return Match(None, Verdict.UNKNOWN_TASK, "no task has this id any more")
        if said is None:
            return Match(task, item.verdict, item.reason)
        return _match_named_task(task, said, owners)
    if said is None:
        return Match(None, item.verdict, item.reason)
    return match_by_name(item, said, named)


def reject_unsigned(context: Context, item: ParsedCallback, match: Match) -> Match:
    """Reject the match if the account signs its callbacks and this one is not signed.

    A callback that concerns no account we know is refused when every account signs; where some
    do not, it may be one of theirs.
    """
    if not item.proofs or match.verdict is Verdict.FORGED:
        return match
    if match.task is not None:
        proof = item.proofs.get(match.task.account)
        flaw = None if proof is None else proof.flaw
    else:
        unsigned = context.list_accounts(item.raw.provider) - item.proofs.keys()
        is_proven = unsigned or item.list_signers()
        flaw = None if is_proven else next(iter(item.proofs.values())).flaw
    return match if flaw is None else Match(match.task, Verdict.FORGED, flaw)


def _match_named_task(
    task: Task, said: Observation | Hint, owners: Mapping[str, Sequence[Task]]
) -> Match:
    """Match the task that the token names; the body must not name another one.

    One that the same call made, and that has no URL of its own, may be named. So may the task that
    this one continues, where the provider gives both one id.
    """
    others = () if said.provider_task_id is None else owners.get(said.provider_task_id, ())
    # Most ids are the task's own: nobody else is looked at then.
    if others and (part := next((one for one in others if one.parent_id == task.id), None)):
        return Match(part, Verdict.ADVANCED)
    if said.external_task_id and said.external_task_id != task.external_task_id:
        reason = (
            f"the URL is this task's, the body's external id is {said.external_task_id[:128]!r}"
        )
        return Match(task, Verdict.MISMATCH, reason)
    if others and any(one.id not in (task.id, task.parent_id) for one in others):
        reason = f"the body's task id {(said.provider_task_id or '')[:128]!r} is another task's"
        return Match(task, Verdict.MISMATCH, reason)
    # A task id that nobody knows is no contradiction: some gateways answer a create with an id
    # of their own and let the vendor call back with its own (github.com/QuantumNous/new-api, 2026).
    return Match(task, Verdict.ADVANCED)


def match_by_name(item: ParsedCallback, said: Observation | Hint, named: Sequence[Task]) -> Match:
    """Return the task that the ids in a callback name, out of some; its URL is not looked at."""
    signed_by = item.list_signers()
    ours = [
        task
        for task in named
        if task.provider == item.raw.provider and (not signed_by or task.account in signed_by)
    ]
    external = select_by_name(
        t for t in ours if said.external_task_id and t.external_task_id == said.external_task_id
    )
    theirs = [
        t for t in ours if said.provider_task_id and t.provider_task_id == said.provider_task_id
    ]
    said_ids = {task.key for task in theirs}
    theirs = _choose_newest_open(theirs)
    if len({task.key for task in external}) > 1 or (not external and len(theirs) > 1):
        return Match(None, Verdict.MISMATCH, "several accounts have a task of this name")
    if external:
        if said_ids and external[0].key not in said_ids:
            return Match(None, Verdict.MISMATCH, "its two ids are of two different tasks")
        return Match(external[0], Verdict.ADVANCED)
    if not theirs:
        return Match(None, Verdict.UNKNOWN_TASK, "no task here has these ids")
    if said.external_task_id:
        return Match(theirs[0], Verdict.MISMATCH, "that task has another external id")
    return Match(theirs[0], Verdict.ADVANCED)


def _choose_newest_open(named: Sequence[Task]) -> list[Task]:
    """Return, of tasks of one provider's id, the one of each account that its news is about.

    Where a call continues a task under that task's id, the news is about the newest that has not
    ended, and about the newest of all once none is open.
    """
    newest: dict[str, Task] = {}
    for task in sorted(named, key=lambda task: (task.state in OPEN, task.key)):
        newest[task.account] = task
    return list(newest.values())


def load_named(context: Context, tx: Tx, items: Sequence[ParsedCallback]) -> list[Task]:
    """Lock the tasks that callbacks to the shared URL might be about."""
    found: dict[int, Task] = {}
    wanted: dict[str, list[Observation | Hint]] = {}
    for item in items:
        if item.task_id is None and item.names is not None:
            wanted.setdefault(item.raw.provider, []).append(item.names)
    for provider, said in sorted(wanted.items()):
        external = {one.external_task_id for one in said if one.external_task_id}
        theirs = {one.provider_task_id for one in said if one.provider_task_id}
        accounts = {name for owner, name in context.accounts if owner == provider}
        for task in tasks.lock_by_names(tx.db, provider, accounts, external, theirs):
            found[task.key] = task
    return list(found.values())


def _load_owners(
    tx: Tx, items: Sequence[ParsedCallback], own: Sequence[Task | None]
) -> dict[str, list[Task]]:
    """Find the tasks that have the unexpected provider ids; without any, nothing is queried."""
    unexpected: dict[tuple[str, str], set[str]] = {}
    for item, task in zip(items, own, strict=True):
        said = item.names and item.names.provider_task_id
        if task is not None and said and said != task.provider_task_id:
            unexpected.setdefault((task.provider, task.account), set()).add(said)
    keys: set[int] = set()
    for (provider, account), ids in unexpected.items():
        keys.update(*task_lookups.find_owners(tx.db, provider, account, ids).values())
    held: dict[str, list[Task]] = {}
    for task in tasks.lock_by_key(tx.db, keys).values() if keys else ():
        held.setdefault(task.provider_task_id or "", []).append(task)
    return held
