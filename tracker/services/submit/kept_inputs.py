"""Judge what a kept input names before it is submitted again, as when it came."""

import asyncio
import json
from collections.abc import Collection, Sequence
from typing import Any

from tracker.domain.errors import Conflict, FieldError, InvalidRequest
from tracker.domain.task import Task
from tracker.services.context import Context
from tracker.services.named_objects import NamedHere, check_named_in
from tracker.store import task_inputs, tasks

LOADED_AT_ONCE = 128 * 1024
"""Bytes of an input that the event loop decodes itself, in some 2 ms at worst."""
_AT_ONCE = 10
"""Tasks whose inputs are held in memory together."""


async def find_foreign_inputs(context: Context, found: Sequence[Task]) -> dict[int, Conflict]:
    """Return why the inputs of some tasks cannot be submitted again, by key; the others can.

    Who owns an object may have become known after the task came. Nothing is said of an input that
    is gone. Raises Unavailable.
    """
    able = [task for task in found if _may_name(context, task)]
    refused: dict[int, Conflict] = {}
    for first in range(0, len(able), _AT_ONCE):
        some = able[first : first + _AT_ONCE]
        bodies = await context.store.read(
            lambda db, some=some: task_inputs.get_by_keys(db, [task.key for task in some])  # type: ignore[misc]  # pinned
        )
        kept = [(task, bodies[task.key]) for task in some if task.key in bodies]
        refused |= await _find_refusals(context, kept)
    return refused


async def find_foreign_inputs_by_key(
    context: Context, keys: Collection[int]
) -> dict[int, Conflict]:
    """Return what `find_foreign_inputs` does, of tasks by their keys."""
    found = await context.store.read(lambda db: tasks.get_by_keys(db, keys))
    return await find_foreign_inputs(context, list(found.values()))


async def explain_input_refusal(context: Context, task: Task, body: bytes) -> Conflict | None:
    """Return why the input of a task cannot be submitted again; None where it can."""
    if not _may_name(context, task):
        return None
    return (await _find_refusals(context, [(task, body)])).get(task.key)


async def _find_refusals(
    context: Context, kept: Sequence[tuple[Task, bytes]]
) -> dict[int, Conflict]:
    """Return why some inputs cannot be submitted again, by the keys of their tasks."""
    groups: dict[tuple[str, str], list[tuple[Task, Any]]] = {}
    for task, body in kept:
        is_large = len(body) > LOADED_AT_ONCE
        given = await asyncio.to_thread(json.loads, body) if is_large else json.loads(body)
        groups.setdefault((task.provider, task.tenant), []).append((task, given))
    refused: dict[int, Conflict] = {}
    for (provider, tenant), members in groups.items():
        found = await check_named_in(context, provider, tenant, [given for _, given in members])
        for (task, _), named in zip(members, found, strict=True):
            refusal = _refuse_elsewhere(task, named)
            if refusal is not None:
                refused[task.key] = refusal
    return refused


def _may_name(context: Context, task: Task) -> bool:
    provider = context.providers.get(task.provider)
    return provider is not None and bool(provider.objects.fields or provider.objects.texts)


def _refuse_elsewhere(task: Task, named: NamedHere | InvalidRequest) -> Conflict | None:
    """Return the refusal of objects that the tenant, or the task's own account, has not."""
    if isinstance(named, InvalidRequest):
        (wrong,) = named.fields
    elif named.accounts is None or task.account in named.accounts:
        return None
    else:
        wrong = FieldError(named.path, f"is at account {min(named.accounts)!r} alone")
    return Conflict(f"its input cannot be submitted again: {wrong}")
