"""Row 15: deliveries of one worker with all bookkeeping committed, beside a bare httpx loop."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import median
from time import perf_counter
from uuid import UUID

import httpx

from bench.bed import BOTH, SECRET, Bed
from bench.processes import Server, server
from bench.table import Figure
from tracker.app import run_workers
from tracker.clock import make_id
from tracker.domain.delivery import DeliveryState
from tracker.domain.event_types import EventType
from tracker.domain.notices import EventFilter
from tracker.parts import Parts, open_parts
from tracker.services.deliver.endpoints import NewEndpoint
from tracker.settings import Settings
from tracker.store import deliveries, endpoints
from tracker.store.deliveries import DeliveryFilter
from tracker.store.driver.transaction import Tx

CONNECTIONS = (4, 8, 32)
"""Of the bare loop, which is taken at its best: httpx slows as its pool grows."""
_BODY = b'{"type":"task.succeeded","version":1,"data":{"filler":"' + b"x" * 940 + b'"}}'


@dataclass
class Rates:
    """Deliveries per second, one per round."""

    name: str
    rounds: list[float] = field(default_factory=list)

    @property
    def rate(self) -> float:
        """The median of the rounds."""
        return median(self.rounds)

    def __str__(self) -> str:
        return f"{self.name} {self.rate:,.0f}/s"


def beside_httpx(bed: Bed) -> list[Figure]:
    """Rounds of both, taking turns."""
    count = 300 if bed.quick else 3000
    with server(["bench.sink"], bed.folder, env={}, ready="/") as sink:
        to = f"http://127.0.0.1:{sink.port}/"
        bare = Rates("bare httpx loop")
        ours = {kind: Rates(f"one worker on {kind}") for kind in BOTH}
        for _ in range(bed.rounds):
            bare.rounds.append(max(asyncio.run(_bare(sink, count, n)) for n in CONNECTIONS))
            for kind in BOTH:
                ours[kind].rounds.append(
                    asyncio.run(_deliver(bed, [to], kind=kind, count=count, live=1))
                )
    return [_figure(bare, ours[kind], kind) for kind in BOTH]


def one_dead(bed: Bed) -> list[Figure]:
    """Deliver to ten endpoints of which one never answers, and to nine that all do."""
    count = 200 if bed.quick else 2000
    with server(["bench.sink"], bed.folder, env={}, ready="/") as sink:
        at = f"http://127.0.0.1:{sink.port}"
        alive = [f"{at}/{n}" for n in range(9)]
        rates = [
            Rates(name, [asyncio.run(_deliver(bed, urls, kind="sqlite", count=count, live=9))])
            for name, urls in (
                ("one of ten never answers", [f"{at}/dead", *alive]),
                ("nine that answer", alive),
            )
        ]
    return [Figure("15x", rates[0].rate / rates[1].rate, f"{rates[0]} ÷ {rates[1]}")]


async def _bare(sink: Server, count: int, connections: int) -> float:
    """Measure how fast httpx sends these bytes with a client of its own."""
    left = iter(range(count))
    limits = httpx.Limits(max_connections=connections, max_keepalive_connections=connections)
    headers = {
        "content-type": "application/json; charset=utf-8",
        "webhook-id": str(make_id()),
        "webhook-timestamp": "1795500001",
        "webhook-signature": "v1," + "x" * 44,
    }
    async with httpx.AsyncClient(limits=limits, trust_env=False) as client:

        async def send() -> None:
            for _ in left:
                answer = await client.post(
                    f"http://127.0.0.1:{sink.port}/", content=_BODY, headers=headers
                )
                assert answer.status_code == 200

        began = perf_counter()
        await asyncio.gather(*(send() for _ in range(connections)))
        return count / (perf_counter() - began)


async def _deliver(bed: Bed, urls: Sequence[str], *, kind: str, count: int, live: int) -> float:
    """From the start of the worker's loops to the last delivery that is committed as such.

    count: owed to each of the URLs.
    live:  how many of them answer.
    """
    async with open_parts(settings_of(bed, kind)) as parts:
        await owe(parts, urls, count)
        began = perf_counter()
        async with run_workers(parts):
            while await ended(parts) < count * live:  # noqa: ASYNC110 - what is committed is asked for, as a client would
                await asyncio.sleep(0.02)
            return count * live / (perf_counter() - began)


def settings_of(bed: Bed, kind: str, **more: str) -> Settings:
    """Return the settings of a worker whose database is its own and whose receivers are here.

    kind: of the database; or the address of one that is there.
    """
    return Settings.read_environment(
        {
            "DATABASE_URL": bed.migrated(kind) if kind in BOTH else kind,
            "TRACKER_DATA_DIR": str(bed.folder),
            "TRACKER_CALLBACK_SECRETS": SECRET,
            "TRACKER_EGRESS_ALLOW": "127.0.0.0/8",
            "TRACKER_LOG_LEVEL": "warning",
        }
        | more
    )


async def owe(parts: Parts, urls: Sequence[str], count: int) -> None:
    """Write down `count` deliveries to each of these, in one transaction each."""
    for url in urls:
        made = await parts.services.endpoints.create(NewEndpoint("default", url, EventFilter()))
        await parts.context.store.write(_enqueue, (parts, made.endpoint.id, count))


def _enqueue(tx: Tx, asked: Sequence[tuple[Parts, UUID, int]]) -> list[None]:
    for parts, id_, count in asked:
        endpoint = endpoints.get(tx.db, "default", id_)
        assert endpoint is not None
        for number in range(count):
            parts.context.outbox.enqueue_to(
                tx, [endpoint], EventType.ENDPOINT_TEST, body=_BODY, about=(str(number),)
            )
    return [None] * len(asked)


async def ended(parts: Parts) -> int:
    """Return how many are committed as delivered."""
    filter_ = DeliveryFilter("default", states=(DeliveryState.DELIVERED,))
    found = await parts.context.store.read(lambda db: deliveries.summarise(db, filter_))
    return found.count


def _figure(bare: Rates, ours: Rates, kind: str) -> Figure:
    return Figure("15", ours.rate / bare.rate, f"{ours} ÷ {bare}", kind)
