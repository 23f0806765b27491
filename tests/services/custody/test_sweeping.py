import os
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.support.custody import CustodyBench, open_custody
from tests.support.dropping import run_all
from tests.support.made_up import NAME
from tests.support.origin import make_film, serve_whole
from tests.support.upstream import Upstream
from tests.support.workbench import HandClock
from tracker.clock import make_id
from tracker.domain.custody import AssetState, build_object_key
from tracker.domain.errors import NotFound, Unavailable
from tracker.domain.retention import FOR_EVER, KeptClass, RetentionPolicy, RetentionRule
from tracker.domain.signals import CrashPoint
from tracker.domain.task import TaskState
from tracker.objects.folder import PARTS
from tracker.services.conditions import ConditionReport, report
from tracker.services.counted import iterate_whole
from tracker.services.custody.serving import AssetReader
from tracker.services.custody.sweeping import VANISHED, AssetSweeper, SweepResult
from tracker.services.store_room import PROBES
from tracker.services.upkeep import holding, retention_plan
from tracker.services.upkeep.counting import EndCounter
from tracker.services.upkeep.holding import NewHold
from tracker.services.upkeep.retention import RetentionChore
from tracker.store.conditions import DATABASE_CHANGED

pytestmark = pytest.mark.anyio
FILM = make_film(200_000)
BRIEF = RetentionPolicy({**FOR_EVER, KeptClass.ASSETS: timedelta(0)})
LONG_AGO = 1_600_000_000
DROPS_TASKS = RetentionPolicy(
    {**dict.fromkeys(KeptClass), KeptClass.TASKS: timedelta(days=10)},
    tombstones=timedelta(days=400),
)


class DiesInRetention(Exception):
    """The process ends here."""


@pytest.fixture
async def custody(database_url: str, tmp_path: Path) -> AsyncIterator[CustodyBench]:
    async with open_custody(database_url, tmp_path) as opened:
        yield opened


async def test_what_was_kept_long_enough_goes_with_its_object(
    database_url: str, tmp_path: Path
) -> None:
    async with open_custody(database_url, tmp_path, retention=BRIEF) as custody:
        with Upstream(serve_whole(FILM)) as origin:
            task = await custody.create_succeeded({"url": f"{origin.url}/a"})
            await custody.fetch()
        assert len(custody.list_files()) == 1
        now = custody.bench.context.clock.now()
        assert await custody.bench.context.store.read(
            lambda db: retention_plan.plan(db, BRIEF, now=now)
        ) == [retention_plan.PlannedDrop(KeptClass.ASSETS, timedelta(0), 1, len(FILM))]
        await AssetSweeper(custody.bench.context).drop_expired()
        (asset,) = await custody.list_assets(task)
        assert (asset.state, asset.store_key, custody.list_files()) == (AssetState.GONE, None, [])


async def test_the_most_specific_rule_sets_the_time_of_a_file(
    database_url: str, tmp_path: Path
) -> None:
    rules = [
        RetentionRule({KeptClass.ASSETS: timedelta(days=2)}, provider=NAME),
        RetentionRule({KeptClass.ASSETS: None}, tenant="default", state=TaskState.SUCCEEDED),
        RetentionRule({KeptClass.INPUTS: timedelta(0)}, tenant="default", provider=NAME),
    ]
    for number, (some, expected) in enumerate(
        [((), timedelta(0)), (rules[:1], timedelta(days=2)), (rules, None)]
    ):
        policy = RetentionPolicy(BRIEF.defaults, some)
        async with open_custody(database_url, tmp_path, retention=policy) as custody:
            with Upstream(serve_whole(FILM)) as origin:
                task = await custody.create_succeeded({"url": f"{origin.url}/a"}, name=f"{number}")
                await custody.fetch()
            (asset,) = await custody.list_assets(task)
            assert asset.ended_at is not None
            kept_for = None if asset.expires_at is None else asset.expires_at - asset.ended_at
            assert kept_for == expected


async def test_an_object_goes_with_the_last_asset_that_stands_on_it(
    database_url: str, tmp_path: Path
) -> None:
    with Upstream(serve_whole(FILM)) as origin:
        async with open_custody(database_url, tmp_path) as custody:
            stays = await custody.create_succeeded({"url": f"{origin.url}/a"}, name="stays")
            await custody.fetch()
        async with open_custody(database_url, tmp_path, retention=BRIEF) as custody:
            goes = await custody.create_succeeded({"url": f"{origin.url}/b"}, name="goes")
            await custody.fetch()
            await AssetSweeper(custody.bench.context).drop_expired()
            (gone,), (kept,) = await custody.list_assets(goes), await custody.list_assets(stays)
            assert (gone.state, kept.state) == (AssetState.GONE, AssetState.KEPT)
            assert await custody.read_content(kept) == FILM


async def test_what_is_held_stays_until_the_hold_is_removed(
    database_url: str, tmp_path: Path
) -> None:
    async with open_custody(database_url, tmp_path, retention=BRIEF) as custody:
        with Upstream(serve_whole(FILM)) as origin:
            one = await custody.create_succeeded({"url": f"{origin.url}/a"}, name="one")
            other = await custody.create_succeeded({"url": f"{origin.url}/b"}, name="other")
            await custody.fetch()
        write = custody.bench.context.store.write
        claim = await write(holding.add, NewHold("default", one.id, "a claim"))
        audit = await write(holding.add, NewHold("default", None, "an audit"))
        await write(holding.add, NewHold("another", None, "an audit"))
        retention = AssetSweeper(custody.bench.context)

        async def states() -> list[AssetState]:
            await retention.drop_expired()
            return [
                asset.state for task in (one, other) for asset in await custody.list_assets(task)
            ]

        assert await states() == [AssetState.KEPT, AssetState.KEPT]
        await write(holding.remove, ("default", audit.key))
        assert await states() == [AssetState.KEPT, AssetState.GONE]
        await write(holding.remove, ("default", claim.key))
        custody.bench.context.recovery.since = one.created_at
        assert await states() == [AssetState.KEPT, AssetState.GONE]
        custody.bench.context.recovery.since = None
        assert await states() == [AssetState.GONE, AssetState.GONE]


async def test_nothing_goes_before_its_time(custody: CustodyBench) -> None:
    with Upstream(serve_whole(FILM)) as origin:
        task = await custody.create_succeeded({"url": f"{origin.url}/a"})
        await custody.fetch()
    await AssetSweeper(custody.bench.context).drop_expired()
    (asset,) = await custody.list_assets(task)
    assert asset.state is AssetState.KEPT


async def test_a_sweep_leaves_what_is_being_fetched_however_long_that_takes(
    custody: CustodyBench,
) -> None:
    """S3 dates an object by when its writing began: it may be old at once."""
    with Upstream(serve_whole(FILM)) as origin:
        task = await custody.create_succeeded({"url": f"{origin.url}/a"})
        (wanted,) = await custody.list_assets(task)
        key = build_object_key(wanted.tenant, wanted.id, wanted.created_at, "slow")
        await custody.storage.put(key, iterate_whole(FILM))
        retention = AssetSweeper(custody.bench.context)
        for strays in (0, 1):
            for path in custody.list_files():
                os.utime(path, (LONG_AGO, LONG_AGO))
            assert await retention.sweep() == SweepResult(strays=strays, vanished=0)
            await custody.fetch()
    (kept,) = await custody.list_assets(task)
    assert await custody.read_content(kept) == FILM
    assert len(custody.list_files()) == 1


async def test_what_is_dropped_while_it_is_read_is_read_to_its_end(
    database_url: str, tmp_path: Path
) -> None:
    content = make_film(3_000_000)
    async with open_custody(database_url, tmp_path, retention=BRIEF) as custody:
        with Upstream(serve_whole(content)) as origin:
            asset = await custody.fetch_new({"url": f"{origin.url}/a"})
        reader = AssetReader(custody.bench.context)
        blocks = reader.read(asset, 0, len(content))
        came = await anext(blocks)
        late = reader.read(asset, 0, len(content))  # begun before, and not read
        await AssetSweeper(custody.bench.context).drop_expired()
        assert custody.list_files() == []
        assert came + b"".join([block async for block in blocks]) == content
        with pytest.raises(Unavailable):
            await anext(late)
        with pytest.raises(NotFound):
            reader.read(await reader.get(asset.tenant, asset.id), 0, 1)


async def test_a_sweep_removes_old_strays_and_says_how_many(custody: CustodyBench) -> None:
    with Upstream(serve_whole(FILM)) as origin:
        kept = await custody.fetch_new({"url": f"{origin.url}/a"})
    made_at = kept.created_at
    old, new = (custody.folder / build_object_key("t", make_id(), made_at, "1") for _ in range(2))
    part, probe = custody.folder / PARTS / "left", custody.folder / PROBES / "left"
    foreign = [
        custody.folder / name
        for name in (
            "film.mp4",
            "2026-11/film.mp4",
            f"t/2026-11/{make_id()}",
            f"v1/tasks/tenant=t/day=2026-11-29/{make_id()}-1.jsonl.gz",
        )
    ]
    for path in (old, new, part, probe, *foreign):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
    for path in (old, part, probe, *foreign, *custody.folder.glob("default/*/*")):
        os.utime(path, (LONG_AGO, LONG_AGO))
    context, sweeper = custody.bench.context, AssetSweeper(custody.bench.context)
    context.recovery.since = kept.created_at
    assert await sweeper.sweep() == SweepResult(strays=0, vanished=0)
    assert old.exists()  # of after the backup
    context.recovery.since = None
    changed = ConditionReport(DATABASE_CHANGED, "", "", "a copy, whose original may live")
    await context.store.write(report, changed)
    assert await sweeper.sweep() == SweepResult(strays=0, vanished=0)
    await context.store.write(report, replace(changed, reason=None))
    assert await sweeper.sweep() == SweepResult(strays=3, vanished=0)
    assert [path for path in (old, new, part, probe, *foreign) if path.exists()] == [new, *foreign]
    assert await custody.read_content(kept) == FILM


async def test_a_sweep_finds_what_has_vanished_and_fetches_it_again(custody: CustodyBench) -> None:
    with Upstream(serve_whole(FILM)) as origin:
        piece = {"url": f"{origin.url}/a", "expires_at": "2099-01-01T00:00:00+00:00"}
        task = await custody.create_succeeded(piece)
        await custody.fetch()
        for path in custody.list_files():
            path.unlink()
        found = await AssetSweeper(custody.bench.context).sweep()
        (wanted,) = await custody.list_assets(task)
        await custody.fetch()
    (asset,) = await custody.list_assets(task)
    assert found == SweepResult(strays=0, vanished=1)
    assert wanted.state is AssetState.WANTED
    assert await custody.read_content(asset) == FILM
    kinds = await custody.bench.list_kinds(task)
    assert kinds[-3:] == ["asset_kept", "asset_lost", "asset_kept"]


async def test_what_has_vanished_and_cannot_be_fetched_is_lost(custody: CustodyBench) -> None:
    with Upstream(serve_whole(FILM)) as origin:
        task = await custody.create_succeeded({"url": f"{origin.url}/a"})
        await custody.fetch()
    for path in custody.list_files():
        path.unlink()
    await AssetSweeper(custody.bench.context).sweep()
    (asset,) = await custody.list_assets(task)
    assert (asset.state, asset.reason) == (AssetState.LOST, VANISHED)


async def test_what_had_vanished_with_its_disk_is_kept_again_once_that_is_back(
    custody: CustodyBench, tmp_path: Path
) -> None:
    """A store that is set to another place for a day: nothing of the first one is removed then."""
    with Upstream(serve_whole(FILM)) as origin:
        for name in ("one", "same"):
            task = await custody.create_succeeded({"url": f"{origin.url}/a"}, name=name)
            await custody.fetch()
    (path,) = custody.list_files()
    other = path.with_name(f"{path.name}x")
    other.write_bytes(b"of another size")
    away = path.rename(tmp_path / "away")
    os.utime(other, (LONG_AGO, LONG_AGO))
    os.utime(away, (LONG_AGO, LONG_AGO))
    sweeper = AssetSweeper(custody.bench.context)
    assert await sweeper.sweep() == SweepResult(strays=1, vanished=2)
    (lost,) = await custody.list_assets(task)
    assert (lost.state, lost.reason) == (AssetState.LOST, VANISHED)
    with pytest.raises(NotFound, match="vanished"):
        AssetReader(custody.bench.context).check_kept(lost)
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(b"half of it")
    os.utime(path, (LONG_AGO, LONG_AGO))
    assert await sweeper.sweep() == SweepResult(strays=1, vanished=0)
    path.parent.mkdir(exist_ok=True)
    away.rename(path)
    assert await sweeper.sweep() == SweepResult(strays=0, vanished=0, found=2)
    (kept,) = await custody.list_assets(task)
    assert (kept.state, kept.reason, await custody.read_content(kept)) == ("kept", None, FILM)
    kinds = await custody.bench.list_kinds(task)
    assert kinds[-3:] == ["asset_kept", "asset_lost", "asset_kept"]
    assert await sweeper.sweep() == SweepResult(strays=0, vanished=0)


async def test_a_store_that_is_not_mounted_loses_nothing(custody: CustodyBench) -> None:
    with Upstream(serve_whole(FILM)) as origin:
        task = await custody.create_succeeded({"url": f"{origin.url}/a"})
        await custody.fetch()
    custody.folder.rename(custody.folder.with_name("elsewhere"))
    assert await AssetSweeper(custody.bench.context).sweep() == SweepResult(0, 0)
    (asset,) = await custody.list_assets(task)
    assert asset.state is AssetState.KEPT


async def test_files_of_a_dropped_task_go_or_are_found_after_a_death_in_between(
    database_url: str, tmp_path: Path
) -> None:
    clock, deaths = HandClock(), [CrashPoint.RETENTION_COMMITTED]

    def die_once(point: CrashPoint) -> None:
        if point in deaths:
            deaths.remove(point)
            raise DiesInRetention

    options: dict[str, Any] = {"clock": clock, "signal": die_once, "retention": DROPS_TASKS}
    async with open_custody(database_url, tmp_path, **options) as custody:
        for name, content in (("first", FILM), ("second", make_film(100_000))):
            with Upstream(serve_whole(content)) as origin:
                await custody.create_succeeded({"url": f"{origin.url}/{name}"}, name=name)
                await custody.fetch()
        assert len(custody.list_files()) == 2
        await EndCounter(custody.bench.context).fold_all()
        clock.move(timedelta(days=11).total_seconds())
        chore = RetentionChore(custody.bench.context, batch=1)
        with pytest.raises(DiesInRetention):
            await run_all(chore)
        assert len(custody.list_files()) == 2  # the first task is gone, its file is not
        await run_all(chore)
        (stray,) = custody.list_files()
        os.utime(stray, (LONG_AGO, LONG_AGO))
        assert await AssetSweeper(custody.bench.context).sweep() == SweepResult(
            strays=1, vanished=0
        )
        assert custody.list_files() == []
