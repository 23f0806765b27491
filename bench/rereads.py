"""Row 26: how fast a dry run reads the receipts of ended tasks again."""

import asyncio
import json
from statistics import median
from time import perf_counter, process_time

from sqlalchemy import select, update

from bench import fill
from bench.bed import Bed, callback_body
from bench.deliveries import settings_of
from bench.table import Figure
from tracker.domain.runs import RunState
from tracker.parts import open_parts
from tracker.services.receive.rereads import RereadOrder
from tracker.store.driver.engine import open_engine
from tracker.store.schema import receipts, transitions

ROUNDS = 3


def dry_run(bed: Bed) -> list[Figure]:
    """Each database: receipts per second, folding and the rows of its progress included."""
    return [asyncio.run(_measure(bed, kind)) for kind in bed.kinds]


async def _measure(bed: Bed, kind: str) -> Figure:
    tasks = 2_000 if bed.quick else 20_000
    settings = settings_of(bed, kind)
    fill.history(settings.resolve_database_url(), 1, tasks)
    _make_readable(settings.resolve_database_url())
    rates, own_rates = [], []
    async with open_parts(settings) as parts:
        runs = parts.services.rereads
        for _ in range(ROUNDS):
            run = await runs.start(RereadOrder("default", "kling", "bench"))
            began, worked = perf_counter(), process_time()
            while run.state is RunState.RUNNING:
                await runs.run_pages()
                run = await runs.get("default", run.id)
            rates.append(run.counts["receipts"] / (perf_counter() - began))
            own_rates.append(run.counts["receipts"] / (process_time() - worked))
    rate = median(rates)
    own = f"{median(own_rates):,.0f} a second of the process's own processor time"
    counts = json.dumps(dict(run.counts))
    raw = f"{own}; {run.counts['receipts']:,} receipts of {tasks:,} tasks: {counts}"
    return Figure("26", rate, raw, kind)


def _make_readable(url: str) -> None:
    """Have receipts say what the tasks' last steps have taken from them."""
    engine = open_engine(url)
    body = callback_body(1, "succeed")
    last = (
        select(receipts.c.key)
        .where(receipts.c.task_key == transitions.c.task_key)
        .order_by(receipts.c.key.desc())
        .limit(1)
        .scalar_subquery()
    )
    with engine.begin() as db:
        db.execute(update(receipts).values(body=body, size_bytes=len(body)))
        ended = update(transitions).where(transitions.c.to_state == "succeeded")
        db.execute(ended.values(receipt_key=last))
    engine.dispose()
