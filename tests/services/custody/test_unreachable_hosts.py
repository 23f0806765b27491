"""A host out of reach is found out once, not by each of its files, which wait and are not late."""

import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import update

from tests.support.custody import CustodyBench, open_custody
from tests.support.origin import make_film, serve_whole
from tests.support.upstream import Script, Upstream
from tests.support.workbench import HandClock
from tracker.domain.custody import AssetState, fetch_lane, get_account_lane
from tracker.services.custody.fetching import AssetFetcher
from tracker.services.custody.unreachable_hosts import FAILURES, LONGEST_PAUSE_S, UnreachableHosts
from tracker.store.driver.transaction import Tx
from tracker.store.schema import assets

FILM = make_film(64)
FILES = 8


class _Origin(Upstream):
    """At a port that was known before."""

    def __init__(self, script: Script, port: int) -> None:
        super().__init__(script)
        self._door.close()
        self._door = socket.create_server(("127.0.0.1", port))


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
async def custody(
    database_url: str, tmp_path: Path, clock: HandClock
) -> AsyncIterator[CustodyBench]:
    async with open_custody(database_url, tmp_path, clock=clock) as opened:
        yield opened


async def tried(custody: CustodyBench, *, limit: int = 100) -> int:
    """Fetch what may be claimed of all that is wanted; return how many files that were."""
    await custody.bring_forward()
    claimed = await custody.fetching.claim(limit=limit, per_lane=100, busy={})
    for one in claimed:
        await custody.fetching.fetch(one)
    return len(claimed)


@pytest.mark.anyio
async def test_files_of_a_host_out_of_reach_wait_and_are_fetched_once_it_is_back(
    custody: CustodyBench, clock: HandClock
) -> None:
    with closing(socket.socket()) as nobody:
        nobody.bind(("127.0.0.1", 0))
        port = nobody.getsockname()[1]
        pieces = [{"url": f"http://127.0.0.1:{port}/{n}.mp4"} for n in range(FILES)]
        task = await custody.create_succeeded(*pieces)
        assert await tried(custody, limit=FAILURES) == FAILURES
        assert await tried(custody) == 0
        with Upstream(serve_whole(FILM)) as other:  # of the same account
            beside = await custody.create_succeeded({"url": f"{other.url}/f.mp4"}, name="beside")
            assert await tried(custody) == 1
        assert [one.state for one in await custody.list_assets(beside)] == [AssetState.KEPT]
        clock.move(1)
        assert await tried(custody) == 1
        clock.move(1)
        assert await tried(custody) == 0  # each pause is twice the one before
        clock.move(1)
        assert await tried(custody) == 1
        assert sum(one.attempts for one in await custody.list_assets(task)) == FAILURES + 2
        clock.move(4)
    with _Origin(serve_whole(FILM), port):
        assert await tried(custody) == 1
        assert await tried(custody) == FILES - 1
    assert {one.state for one in await custody.list_assets(task)} == {AssetState.KEPT}


@pytest.mark.anyio
async def test_a_process_that_starts_anew_tries_the_files_that_waited(
    custody: CustodyBench,
) -> None:
    """Knowledge of hosts is in memory alone: the rows must be due without it."""
    task = await custody.create_succeeded(
        *({"url": f"http://127.0.0.1:9/{n}.mp4"} for n in range(FILES)),
    )
    await tried(custody, limit=FAILURES)
    assert await tried(custody) == 0
    custody.fetching = AssetFetcher(custody.bench.context)
    assert await tried(custody) == FILES
    assert {one.state for one in await custody.list_assets(task)} == {AssetState.WANTED}


@pytest.mark.anyio
async def test_a_file_whose_url_dies_meanwhile_ends(custody: CustodyBench) -> None:
    task = await custody.create_succeeded(
        *({"url": f"http://127.0.0.1:9/{n}.mp4"} for n in range(FILES)),
    )
    await tried(custody, limit=FAILURES)
    last = (await custody.list_assets(task))[-1]

    def kill(tx: Tx, keys: Sequence[int]) -> list[None]:
        dying = update(assets).where(assets.c.key.in_(keys))
        tx.db.execute(dying.values(dies_at=tx.now - timedelta(hours=1)))
        return [None] * len(keys)

    await custody.bench.context.store.write(kill, last.key)
    assert await tried(custody) == 1
    *others, ended = await custody.list_assets(task)
    assert ended.state is AssetState.LOST
    assert {one.state for one in others} == {AssetState.WANTED}


def test_pauses_double_once_for_all_that_failed_together() -> None:
    hosts = UnreachableHosts()
    assert [hosts.note_failure("a", since_s=0, now_s=1) for _ in range(6)] == [0, 0, 1, 0, 0, 0]
    assert hosts.get_claim_limits({}, now_s=1.5) == {"a": 0}
    assert hosts.compute_next_try_s(now_s=1.5) == 0.5
    assert hosts.get_claim_limits({}, now_s=2) == {"a": 1}
    assert hosts.get_claim_limits({"a": 1}, now_s=2) == {"a": 0}
    pauses = [hosts.note_failure("a", since_s=100 * n, now_s=100 * n) for n in range(1, 10)]
    assert pauses == [2, 4, 8, 16, 32, *[LONGEST_PAUSE_S] * 4]
    assert hosts.note_answer("a")
    assert hosts.get_claim_limits({}, now_s=1000) == {}
    assert not hosts.note_answer("a")


def test_what_failed_long_ago_is_forgotten() -> None:
    hosts = UnreachableHosts()
    for _ in range(FAILURES):
        hosts.note_failure("a", since_s=0, now_s=0)
    assert hosts.get_claim_limits({}, now_s=3601) == {}
    assert not hosts.is_waited_for("a")


@pytest.mark.parametrize(
    ("url", "lane"),
    [
        ("https://Media.Example/a/b.mp4?x=1", "made-up/main@media.example"),
        ("https://media.example:8443?x=1@y", "made-up/main@media.example:8443"),
        ("https://name:secret@media.example/", "made-up/main@media.example"),
        ("https://name:se@cret@media.example/", "made-up/main"),
        ("https:///a", "made-up/main"),
    ],
)
def test_a_lane_names_account_and_host_and_no_secret(url: str, lane: str) -> None:
    assert fetch_lane("made-up/main", url) == lane
    assert get_account_lane(lane) == "made-up/main"
