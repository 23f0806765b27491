"""Custody in processes that are killed at each step, one after the other.

python -m tests.support.killed_custody URL STORE [each]

STORE is a folder, or `s3://…` with the AWS_* variables. A child takes one way that a file can go,
after those that this one needs, and kills itself before the first step that none has died at. Where
a child comes to the end, the next takes the next way; the last ones take all ways, until one of
these comes to the end. A step is whatever the service may die before: each call of the system that
changes a file, each point that tests may die at, and each commit; of a bucket each request and each
answer alone. None of them is listed here, so that none can be forgotten. Two steps are the same
where they are of one name, on one way and of one function; with `each`, none are, and each child
takes all ways, which takes longer. Each child first puts right what the one before it left. A line
tells of each what it died at, and what was found.
"""

import asyncio
import gc
import json
import os
import signal
import sys
from base64 import b64encode
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from hashlib import sha256
from importlib import import_module
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import Engine, select, update

from tests.support.custody import RULES, CustodyBench, Relay, open_custody
from tests.support.origin import make_film, serve_whole
from tests.support.s3 import count_requests, make_bucket_client
from tests.support.step_killer import StepKiller
from tests.support.upstream import Asked, Upstream
from tests.support.workbench import HandClock
from tracker.clock import make_id
from tracker.domain.custody import WAITS, build_object_key
from tracker.domain.retention import KeptClass, RetentionPolicy
from tracker.domain.work import JobKind
from tracker.egress.authorities import load_system_tls
from tracker.objects.bucket import Bucket
from tracker.objects.folder import PARTS, Folder
from tracker.objects.spooled import SpooledStore
from tracker.providers.ports.provider import ResultHosting
from tracker.services.custody.handing_on import WaitingFiles
from tracker.services.custody.serving import AssetReader
from tracker.services.custody.sweeping import GRACE, AssetSweeper
from tracker.services.custody.uploading import UploadReceiver, UploadTerms
from tracker.services.submit.attempting import SubmitAttempts
from tracker.store.driver.engine import open_engine
from tracker.store.driver.transaction import Tx
from tracker.store.schema import assets, jobs

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
LASTS = timedelta(days=1)
POLICY = RetentionPolicy({**dict.fromkeys(KeptClass), KeptClass.ASSETS: LASTS})
LARGE, SMALL = 1_100_000, 40_000
_STORE = "the bucket"
_AWAY, _WAITING = ".away", "-waiting"
VANISHES = "vanishes"
"""The key of a piece whose object is taken away, which the sweep is to find out."""
_FILES = ("wanted", "fetched")
_WAYS: dict[str, tuple[str, ...]] = {
    "wanted": (),
    "fetched": ("wanted",),
    "uploaded": (),
    "inline": (),
    "swept": _FILES,
    "fetched again": (*_FILES, "swept"),
    "dropped": _FILES,
    "waits": (),
    "handed on": ("waits",),
}
"""Each way, and those whose files it takes up."""


def main(url: str, store: str, each: str = "") -> None:
    """Kill and look until a child is done."""
    origin_url = _start_origin()
    for late in ("anyio._backends._asyncio", "encodings.idna"):
        import_module(late)  # else each child would
    load_system_tls()
    gc.freeze()  # else each child copies all that a collection touches
    engine = open_engine(url).execution_options(isolation_level="AUTOCOMMIT", sqlite_begin=None)
    look = _Look(engine, store)
    number, seen, before, since = 0, set[str](), LONG_AGO, LONG_AGO
    single = iter(() if each else _WAYS)
    ways = _select_ways(next(single, None))
    while True:
        number, before, since = number + 1, since, datetime.now(UTC)
        if each:
            seen = {f"{one}" for one in range(1, number)}
        reading, writing = os.pipe()
        child = os.fork()
        if not child:
            of = _STORE if "://" in store else ""
            killer = StepKiller(number, seen, writing, of=of, is_each=bool(each))
            asyncio.run(_go_on(url, store, origin_url, killer, ways=ways, before=before))
            os._exit(0)
        os.close(writing)
        with os.fdopen(reading) as told:
            said = [json.loads(line) for line in told]
        _, status = os.waitpid(child, 0)
        is_killed = os.waitstatus_to_exitcode(status) == -signal.SIGKILL
        point = next((one["at"] for one in said if "at" in one), "the end")
        seen.add(point)
        flaws = look.find_flaws(said, is_over=not is_killed)
        sys.stdout.write("\t".join((f"{number}", point, *flaws)) + "\n")
        if is_killed:
            continue
        if len(ways) == len(_WAYS) or status:
            sys.exit(os.waitstatus_to_exitcode(status))
        ways = _select_ways(next(single, None))


def _select_ways(way: str | None) -> frozenset[str]:
    """Return a way and those that it needs; of None, all ways."""
    return frozenset(_WAYS if way is None else (*_WAYS[way], way))


def _start_origin() -> str:
    """Serve films and answers from a process of its own, which ends with this one."""
    reading, writing = os.pipe()
    ends, alive = os.pipe()  # nobody writes: it ends once all have ended that could
    if not os.fork():
        os.close(alive)
        with Upstream(_answer) as running:
            os.write(writing, running.url.encode())
            os.close(writing)
            os.read(ends, 1)
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as told:
        return told.read()


def _answer(asked: Asked) -> Iterable[bytes]:
    kind, _, name = asked.line.split()[1].strip("/").partition("/")
    if kind == "large":
        return serve_whole(make_film(LARGE, seed=10 * int(name)))(asked)
    if kind == "small":
        return serve_whole(make_film(SMALL, seed=10 * int(name) + 1))(asked)
    files = [b64encode(make_film(SMALL, seed=10 * int(name) + n)).decode() for n in (2, 3)]
    answer = {"data": [{"b64_json": one} for one in files]}
    return serve_whole(json.dumps(answer).encode())(asked)


async def _go_on(
    url: str,
    store: str,
    origin: str,
    killer: StepKiller,
    *,
    ways: AbstractSet[str],
    before: datetime,
) -> None:
    """Put right what is left; then take these ways that a file can go.

    before: what is older than that has been looked at, and goes.
    """
    number = killer.number
    relay = Relay(f"{origin}/inline/{number}", f"theirs-{number}")
    with _open_store(store, killer) as objects:
        async with open_custody(
            url,
            Path("/nowhere"),
            objects=objects,
            rules=replace(RULES, max_bytes=2 * LARGE),
            outbound=relay,
            signal=killer.reach_point,
            retention=POLICY,
            results=ResultHosting(answers_with_files=lambda operation: operation == "draw"),
        ) as custody:
            await custody.bench.context.store.write(_expire, before)
            await _put_right(custody)
            if isinstance(objects, SpooledStore):
                killer.print_event(left=[one.key async for one in objects.list_waiting()])
            await _go(custody, killer, ways, origin)
            if isinstance(objects, SpooledStore) and "waits" in ways:
                relay.id_ = f"theirs-{number}-again"
                await _let_wait(custody, killer, Path(store))
            killer.go()
            await _put_right(custody)


async def _go(custody: CustodyBench, killer: StepKiller, ways: AbstractSet[str], url: str) -> None:
    """Fetch, share bytes, take in, lose, find lost and stray ones, fetch again, and drop."""
    number, context = killer.number, custody.bench.context
    if "wanted" in ways:
        killer.begin_watching("wanted")
        large = {"url": f"{url}/large/{number}"}
        for name in ("first", "same"):
            task = await custody.create_succeeded(large, name=f"{name} {number}")
            killer.print_event(wanted=task.key)
        piece = {"url": f"{url}/small/{number}", "key": VANISHES}
        task = await custody.create_succeeded(piece, name=f"{VANISHES} {number}")
    if "fetched" in ways:
        killer.begin_watching("fetched")
        await _fetch(custody)
    if "uploaded" in ways:
        killer.begin_watching("uploaded")
        kept = await UploadReceiver(context).keep(
            "default", _iterate_chunks(number), UploadTerms(LASTS)
        )
        killer.print_event(kept=str(kept.id))
    if "inline" in ways:
        killer.begin_watching("inline")
        await custody.bench.submit_task(f"inline {number}", operation="draw")
    if "swept" in ways:
        killer.begin_watching("swept")
        (asset,) = await custody.list_assets(task)
        await custody.storage.objects.delete(asset.store_key or "")
        await custody.storage.put(
            build_object_key("default", make_id(), LONG_AGO, "1"), _iterate_chunks(number)
        )
        await _sweep(custody)
    if "fetched again" in ways:
        killer.begin_watching("fetched again")
        await AssetReader(context).fetch_again("default", asset.id)
        await _fetch(custody)
    if "dropped" in ways:
        killer.begin_watching("dropped")
        await context.store.write(_expire_some, None)
        await AssetSweeper(context).drop_expired()


async def _let_wait(custody: CustodyBench, killer: StepKiller, store: Path) -> None:
    """Have files of an answer wait for the folder, and hand them on."""
    killer.go()
    _block(store)
    killer.begin_watching("waits")
    await custody.bench.submit_task(f"waits {killer.number}", operation="draw")
    killer.go()
    _unblock(store)
    killer.begin_watching("handed on")
    await WaitingFiles(custody.bench.context).hand_on()


def _block(store: Path) -> None:
    """Let a folder take no file."""
    (store / PARTS).rename(store / _AWAY)
    (store / PARTS).touch()


def _unblock(store: Path) -> None:
    if (store / _AWAY).exists():
        (store / PARTS).unlink(missing_ok=True)
        (store / _AWAY).rename(store / PARTS)


async def _put_right(custody: CustodyBench) -> None:
    """Do what workers would, once leases have ended."""
    await _fetch(custody)
    if custody.storage.spooled is not None:
        await WaitingFiles(custody.bench.context).hand_on()
    for job in await custody.bench.claim(JobKind.SUBMIT):
        await SubmitAttempts(custody.bench.context).run(job)
    await AssetSweeper(custody.bench.context).drop_expired()
    await _sweep(custody)


async def _fetch(custody: CustodyBench) -> None:
    """Fetch all that is wanted, whoever held it."""
    await custody.bench.context.store.write(_free, None)
    for claimed in await custody.fetching.claim(limit=100, per_lane=100, busy={}):
        await custody.fetching.fetch(claimed)


async def _sweep(custody: CustodyBench) -> None:
    """Sweep as some hours later."""
    later = HandClock()
    later.move(2 * GRACE.total_seconds())
    await AssetSweeper(replace(custody.bench.context, clock=later)).sweep()


def _free(tx: Tx, asked: Sequence[None]) -> list[None]:
    """Set-based: end every lease."""
    tx.db.execute(update(assets).where(assets.c.state == "wanted").values(next_at=LONG_AGO))
    tx.db.execute(update(jobs).values(run_at=LONG_AGO))
    return [None] * len(asked)


def _expire(tx: Tx, asked: Sequence[datetime]) -> list[None]:
    """Set-based: let the time of files be over that are older than that."""
    old = update(assets).where(assets.c.state == "kept", assets.c.created_at < max(asked))
    tx.db.execute(old.values(expires_at=LONG_AGO))
    return [None] * len(asked)


def _expire_some(tx: Tx, asked: Sequence[None]) -> list[None]:
    """Set-based: let the time of every second file be over."""
    some = update(assets).where(assets.c.state == "kept", assets.c.key % 2 == 0)
    tx.db.execute(some.values(expires_at=LONG_AGO))
    return [None] * len(asked)


async def _iterate_chunks(number: int) -> AsyncIterator[bytes]:
    yield make_film(SMALL, seed=10 * number + 5)


@contextmanager
def _open_store(store: str, killer: StepKiller) -> Iterator[SpooledStore | Bucket]:
    """Open the store; of a bucket, every request and answer is a step."""
    if "://" not in store:
        _unblock(Path(store))
        folders = [Folder(Path(place), is_new=True) for place in (store, store + _WAITING)]
        with closing(SpooledStore(*folders, host="here", min_free_bytes=-(10**9))) as spooled:
            yield spooled
        return
    with count_requests(os.environ["AWS_ENDPOINT_URL"], partial(killer.step, of=_STORE)) as url:
        os.environ["AWS_ENDPOINT_URL"] = url
        yield Bucket(store)


class _Look:
    """Compares rows and objects, from outside of the service."""

    def __init__(self, engine: Engine, store: str) -> None:
        self._engine, self._store = engine, store
        self._client = make_bucket_client() if "://" in store else None

    def find_flaws(self, said: Sequence[dict[str, Any]], *, is_over: bool) -> list[str]:
        """Return what is wrong. is_over: a child has just put everything right."""
        with self._engine.connect() as db:
            rows = db.execute(select(assets)).all()
        there = self._list()
        kept = {row.store_key: row for row in rows if row.state == "kept"}
        flaws = [
            f"{row.piece} has no whole object"
            for row in kept.values()
            if (row.piece != VANISHES or is_over) and self._find_flaw(row, there)
        ]
        ids, of_tasks = {str(row.id) for row in rows}, {row.task_key for row in rows}
        for one in said:
            if "kept" in one and one["kept"] not in ids:
                flaws.append("an upload that was told of is lost")
            if one.get("left"):
                flaws.append("what waited was not handed on")
            if "wanted" in one and one["wanted"] not in of_tasks:
                flaws.append("a file of a verdict is forgotten")
        if is_over:
            strays = there.keys() - kept.keys()
            flaws += [f"{len(strays)} objects that no row names"] if strays else []
            waits = any(path.is_file() for path in Path(self._store + _WAITING).rglob("*"))
            waits = waits or any((row.reason or "").startswith(WAITS) for row in rows)
            flaws += ["a file still waits"] if waits else []
            ends = {row.state for row in rows if row.piece != VANISHES}
            flaws += [f"files end as {ends}"] if not ends <= {"kept", "gone"} else []
        return flaws

    def _find_flaw(self, row: Any, there: dict[str, int]) -> bool:
        if there.get(row.store_key) != row.size:
            return True
        return sha256(self._read(row.store_key)).digest() != bytes(row.sha256)

    def _list(self) -> dict[str, int]:
        if self._client is None:
            return {
                path.relative_to(root).as_posix(): path.stat().st_size
                for root in (Path(self._store + _WAITING), Path(self._store))
                for path in root.rglob("*")
                if path.is_file()
            }
        parts = urlsplit(self._store)
        prefix = parts.path.strip("/") + "/"
        found = self._client.list_objects_v2(Bucket=parts.netloc, Prefix=prefix)
        return {one["Key"].removeprefix(prefix): one["Size"] for one in found.get("Contents", [])}

    def _read(self, key: str) -> bytes:
        if self._client is None:
            waits = Path(self._store + _WAITING) / key
            return (waits if waits.exists() else Path(self._store) / key).read_bytes()
        parts = urlsplit(self._store)
        name = f"{parts.path.strip('/')}/{key}"
        body: bytes = self._client.get_object(Bucket=parts.netloc, Key=name)["Body"].read()
        return body


if __name__ == "__main__":
    main(*sys.argv[1:])
