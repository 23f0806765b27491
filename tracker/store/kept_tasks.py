"""Tasks together with what is kept of their results."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import Connection

from tracker.domain.custody import Asset, may_have_assets
from tracker.domain.records import record
from tracker.domain.task import Task
from tracker.store import assets, tasks


@record
class KeptTask:
    """A task and its assets, in the order of the result."""

    task: Task
    assets: Sequence[Asset]


def load_by_id(db: Connection, ids: Sequence[UUID]) -> dict[UUID, KeptTask]:
    """Return tasks by public id, of any tenant; assets are looked for where there can be any."""
    found = tasks.load_by_id(db, ids)
    kept = assets.list_of_tasks(db, [one.key for one in found.values() if may_have_assets(one)])
    return {id_: KeptTask(one, kept.get(one.key, ())) for id_, one in found.items()}
