"""Find what a person pastes: ids of ours and of providers, alone or inside an address or a text.

Every look-up is of exact values in an index, however many tasks there are.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from tracker.domain.delivery import Endpoint
from tracker.domain.task import Task
from tracker.store import deliveries, endpoints, odd_receipts, task_lookups, tasks
from tracker.store.deliveries import Delivery
from tracker.store.odd_receipts import JudgedReceipt
from tracker.store.store import Reading

LONGEST = 4096
"""Characters of a text that are looked at."""
MOST_NAMES = 40
_UUID = re.compile(
    r"(?<![0-9a-f-])[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}(?![0-9a-f-])", re.IGNORECASE
)
_RECEIPT = re.compile(r"(?<![0-9A-Za-z_-])[rR]([1-9][0-9]{0,17})(?![0-9A-Za-z_-])")
_APART = re.compile(r"[\s/?&=#,;:\"'<>()\[\]{}|]+")
_SCHEMES = frozenset({"http", "https", "v1", "ui", "tasks"})


@dataclass(frozen=True, slots=True)
class WantedIds:
    """The ids that a text may hold.

    ids:      of tasks, deliveries, endpoints. receipts: row keys.
    names:    external ids and providers' ids.
    """

    ids: Sequence[UUID]
    receipts: Sequence[int]
    names: Sequence[str]


@dataclass(frozen=True, slots=True)
class FoundObjects:
    """Everything of one tenant that has one of the ids."""

    tasks: Sequence[Task] = ()
    receipts: Sequence[JudgedReceipt] = ()
    deliveries: Sequence[Delivery] = ()
    endpoints: Sequence[Endpoint] = ()

    @property
    def count(self) -> int:
        """Return how many there are."""
        return sum(map(len, (self.tasks, self.receipts, self.deliveries, self.endpoints)))


def read_wanted_ids(text: str) -> WantedIds:
    """Return the ids that a text may hold: the text itself first, then its pieces."""
    text = text[:LONGEST].replace("\x00", "").strip()
    pieces = [text, *(piece for piece in _APART.split(text) if piece.lower() not in _SCHEMES)]
    trimmed = [piece.strip(".!\u3002\uff0c") for piece in pieces]
    names = [name for name in dict.fromkeys(trimmed) if name and len(name) <= 512]
    return WantedIds(
        ids=list(dict.fromkeys(UUID(one) for one in _UUID.findall(text)))[:MOST_NAMES],
        receipts=list(dict.fromkeys(int(one) for one in _RECEIPT.findall(text)))[:MOST_NAMES],
        names=[name for name in names if name.isprintable()][:MOST_NAMES],
    )


def find(db: Reading, tenant: str, wanted: WantedIds) -> FoundObjects:
    """Return what a tenant has under these ids."""
    keys = task_lookups.find_named(db, tenant, wanted.names)
    by_id = tasks.load_by_id(db, list(wanted.ids))
    found = {task.key: task for task in by_id.values() if task.tenant == tenant}
    found |= tasks.get_by_keys(db, sorted(keys - found.keys()))
    judged = (odd_receipts.get_whole(db, tenant, key) for key in wanted.receipts)
    sent = (deliveries.get(db, tenant, id_) for id_ in wanted.ids)
    receivers = (endpoints.get(db, tenant, id_) for id_ in wanted.ids)
    return FoundObjects(
        tasks=sorted(found.values(), key=lambda task: -task.key),
        receipts=[one for one in judged if one is not None],
        deliveries=[one[0] for one in sent if one is not None],
        endpoints=[one for one in receivers if one is not None],
    )
