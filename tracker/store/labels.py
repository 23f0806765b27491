"""Statements on `task_labels`: which tasks carry which metadata, for finding them by it.

One narrow row for each entry of a task's metadata: a digest in place of its words, in the order in
which lists are read. Two entries with one digest are possible, so what is found is looked at again.
"""

import json
from collections.abc import Mapping, Sequence
from hashlib import blake2b
from typing import Any

from sqlalchemy import ColumnElement, Connection, select

from tracker.domain.task import Task
from tracker.store.driver import bulk
from tracker.store.schema import task_labels, tasks

_INSERT = bulk.insert(task_labels, ("tenant", "mark", "created_at", "task_key"))


def format_value(value: Any) -> str:
    """Return a value of metadata as it is asked for: a string as it is, anything else as JSON."""
    return value if isinstance(value, str) else json.dumps(value)


def mark(name: str, text: str) -> int:
    """Return the digest of an entry: 64 bits, signed."""
    digest = blake2b(f"{name}\x00{text}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, signed=True)


def insert_many(db: Connection, new: Sequence[Task]) -> None:
    """Write down what new tasks carry."""
    rows = [
        (task.tenant, digest, task.created_at, task.key)
        for task in new
        for digest in sorted(
            {mark(name, format_value(value)) for name, value in task.metadata.items()}
        )
    ]
    _INSERT.execute_later(db, rows)


def match_entry(name: str, text: str) -> ColumnElement[bool]:
    """Match rows of `tasks` that have this metadata entry, or one of the same digest."""
    its = task_labels.alias().c  # the list itself may walk along this table
    return (
        select(its.task_key)
        .where(
            its.tenant == tasks.c.tenant,
            its.mark == mark(name, text),
            its.created_at == tasks.c.created_at,
            its.task_key == tasks.c.key,
        )
        .exists()
    )


def is_carried(metadata: Mapping[str, Any], wanted: Sequence[tuple[str, str]]) -> bool:
    """Return true if metadata really has these entries."""
    return all(name in metadata and format_value(metadata[name]) == text for name, text in wanted)
