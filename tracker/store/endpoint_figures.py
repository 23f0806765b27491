"""Statements that say how endpoints fare: of the latest attempts, and what they are owed."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from math import ceil

from sqlalchemy import Connection, func, select

from tracker.store.deliveries import UNENDED
from tracker.store.schema import deliveries, delivery_attempts

LATEST = 1000
"""Deliveries whose attempts are looked at."""
MOST_OWED = 10_000
"""Owed deliveries are counted so far, over all endpoints of a tenant."""


@dataclass(slots=True)
class EndpointFigures:
    """The latest attempts at one endpoint.

    latencies_ms: of those that were answered.
    """

    attempts: int = 0
    accepted: int = 0
    latencies_ms: list[int] = field(default_factory=list)

    @property
    def accepted_share(self) -> float | None:
        """Return the share of attempts that were answered with 2xx; None without any."""
        return self.accepted / self.attempts if self.attempts else None

    @property
    def p95_ms(self) -> int | None:
        """Return the latency that 95 of 100 answers keep; None without any."""
        if not self.latencies_ms:
            return None
        return sorted(self.latencies_ms)[ceil(0.95 * len(self.latencies_ms)) - 1]


def count_latest(
    db: Connection, tenant: str, *, endpoint_key: int | None = None
) -> Mapping[int, EndpointFigures]:
    """Return figures by endpoint row, of the attempts of the latest deliveries.

    endpoint_key: only of this endpoint; None: of the latest deliveries to any of the tenant's.
    """
    wanted = select(deliveries.c.key, deliveries.c.endpoint_key)
    if endpoint_key is None:
        wanted = wanted.where(deliveries.c.tenant == tenant)
    else:
        wanted = wanted.where(deliveries.c.endpoint_key == endpoint_key)
    chosen = wanted.order_by(deliveries.c.key.desc()).limit(LATEST).subquery()
    columns = delivery_attempts.c
    found = select(chosen.c.endpoint_key, columns.status, columns.latency_ms).join(
        delivery_attempts, columns.delivery_key == chosen.c.key
    )
    figures: dict[int, EndpointFigures] = {}
    for endpoint, status, latency_ms in db.execute(found):
        if endpoint is None:  # a URL that came with a task
            continue
        one = figures.setdefault(endpoint, EndpointFigures())
        one.attempts += 1
        one.accepted += status is not None and 200 <= status < 300
        if status is not None:
            one.latencies_ms.append(latency_ms)
    return figures


def count_owed(db: Connection, tenant: str, *, most: int = MOST_OWED) -> tuple[Counter[int], bool]:
    """Return how many deliveries have not ended, by endpoint row, and whether that is all.

    most: deliveries that are counted.
    """
    some = (
        select(deliveries.c.endpoint_key)
        .where(deliveries.c.tenant == tenant, deliveries.c.state.in_(UNENDED))
        .limit(most)
        .subquery()
    )
    counted = select(some.c.endpoint_key, func.count()).group_by(some.c.endpoint_key)
    found = Counter({endpoint: int(number) for endpoint, number in db.execute(counted)})
    is_whole = found.total() < most
    del found[None]  # URLs that came with tasks
    return found, is_whole
