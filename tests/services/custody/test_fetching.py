import gzip
import os
import zlib
from base64 import b64encode
from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import replace
from hashlib import md5, sha1, sha256, sha512
from pathlib import Path
from typing import Any

import pytest

from tests.support.custody import RULES, CustodyBench, open_custody
from tests.support.origin import (
    BLOCK,
    MP4,
    build_head,
    make_film,
    serve_in_turn,
    serve_ranges,
    serve_whole,
)
from tests.support.upstream import Asked, Script, Upstream
from tests.support.workbench import ScriptedHttp, open_workbench
from tracker.domain.custody import AssetState
from tracker.domain.errors import Unavailable
from tracker.domain.exchange import HttpResult
from tracker.providers.ports.account import Account
from tracker.providers.ports.provider import ResultHosting
from tracker.services.custody.serving import AssetReader
from tracker.store import assets
from tracker.telemetry.metrics import LEASES_EXPIRED

pytestmark = pytest.mark.anyio

FILM = make_film(40 * BLOCK)


@pytest.fixture
async def custody(database_url: str, tmp_path: Path) -> AsyncIterator[CustodyBench]:
    async with open_custody(database_url, tmp_path) as opened:
        yield opened


async def state_of(
    custody: CustodyBench, script: Script, *, rounds: int = 1, is_last: bool = False
) -> tuple[str, str]:
    with Upstream(script) as origin:
        url = f"{origin.url}/film.mp4"
        asset = await custody.fetch_new({"url": url}, rounds=rounds, is_last=is_last)
    return asset.state.value, asset.reason or ""


async def test_a_result_is_kept_with_its_size_type_and_digest(custody: CustodyBench) -> None:
    with Upstream(serve_whole(FILM, "content-type: text/html")) as origin:
        task = await custody.create_succeeded({"url": f"{origin.url}/film.mp4", "kind": "video"})
        (wanted,) = await custody.list_assets(task)
        await custody.fetch()
    (asset,) = await custody.list_assets(task)
    assert wanted.state is AssetState.WANTED
    assert (asset.state, asset.size) == (AssetState.KEPT, len(FILM))
    assert asset.sha256 == sha256(FILM).digest()
    assert asset.media_type == "video/mp4"
    assert asset.id == wanted.id
    assert await custody.read_content(asset) == FILM
    assert custody.render_parts() == []
    assert (await custody.bench.list_kinds(task))[-2:] == ["seen_succeeded", "asset_kept"]
    assert (await custody.bench.read_task(task.key)).version == task.version + 1


async def test_a_task_without_a_url_wants_nothing(custody: CustodyBench) -> None:
    task = await custody.create_succeeded({"kind": "text"}, {"url": "data:image/png;base64,AAAA"})
    assert await custody.list_assets(task) == []


async def test_a_verdict_that_is_told_twice_wants_its_files_once(custody: CustodyBench) -> None:
    with Upstream(serve_whole(FILM)) as origin:
        piece = {"url": f"{origin.url}/film.mp4"}
        task = await custody.create_succeeded(piece)
        said = {"status": "succeeded", "id": task.provider_task_id, "pieces": [piece]}
        await custody.bench.call_back(task, said)
        await custody.fetch()
        await custody.bench.call_back(task, said)
        assert len(await custody.list_assets(task)) == 1
        assert len(origin.asked) == 1


async def test_a_cut_transfer_goes_on_where_it_was_cut(custody: CustodyBench) -> None:
    with Upstream(serve_ranges(FILM, cut_after=10 * BLOCK)) as origin:
        asset = await custody.fetch_new({"url": f"{origin.url}/film.mp4"})
        starts = [one.headers.get("range") for one in origin.asked]
    assert asset.state is AssetState.KEPT
    assert asset.sha256 == sha256(FILM).digest()
    assert starts[0] is None
    assert len(starts) >= 4
    assert all(starts[1:])


async def test_a_cut_transfer_of_no_known_version_begins_again(custody: CustodyBench) -> None:
    cut: Script = lambda _asked: [build_head("200 OK", len(FILM)), FILM[: 3 * BLOCK]]  # noqa: E731
    with Upstream(serve_in_turn(cut, serve_whole(FILM))) as origin:
        asset = await custody.fetch_new({"url": f"{origin.url}/film.mp4"})
        assert [one.headers.get("range") for one in origin.asked] == [None, None]
    assert asset.sha256 == sha256(FILM).digest()
    assert len(custody.list_files()) == 1


async def test_a_file_that_changes_between_cuts_is_fetched_whole(custody: CustodyBench) -> None:
    other = make_film(30 * BLOCK, seed=1)
    script = serve_in_turn(serve_ranges(FILM, cut_after=5 * BLOCK), serve_ranges(other))
    with Upstream(script) as origin:
        asset = await custody.fetch_new({"url": f"{origin.url}/film.mp4"})
    assert asset.sha256 == sha256(other).digest()


async def test_an_origin_that_goes_on_with_another_file_is_found_out(custody: CustodyBench) -> None:
    other = make_film(len(FILM), seed=1)
    script = serve_in_turn(
        serve_ranges(FILM, cut_after=5 * BLOCK, etag='"same"'), serve_ranges(other, etag='"same"')
    )
    with Upstream(script) as origin:
        asset = await custody.fetch_new({"url": f"{origin.url}/film.mp4"})
    assert asset.sha256 == sha256(other).digest()


async def test_a_lying_length_is_never_kept_half(custody: CustodyBench) -> None:
    lie: Script = lambda _asked: [build_head("200 OK", 2 * len(FILM), 'etag: "x"'), FILM]  # noqa: E731
    state, reason = await state_of(custody, lie)
    assert state == "wanted"
    assert "IncompleteRead" in reason or "without sending complete" in reason or "sent" in reason
    assert custody.list_files() == []
    assert custody.render_parts() == []


@pytest.mark.parametrize(
    ("script", "state", "reason"),
    [
        (serve_whole(b"<!doctype html><title>Sign in</title>" + b" " * 900), "refused", "HTML"),
        (serve_whole(b'{"error": "expired"}'), "refused", "JSON"),
        (
            lambda _asked: [build_head("200 OK", 9 * 1024 * 1024)],
            "refused",
            "TRACKER_ASSET_MAX_BYTES",
        ),
        (
            serve_whole(b"", "location: http://169.254.169.254/", status="302 Found"),
            "refused",
            "may not",
        ),
        (
            serve_whole(b"", "location: file:///etc/passwd", status="302 Found"),
            "refused",
            "may not be",
        ),
        (serve_whole(b"", status="404 Not Found"), "lost", "404"),
        (serve_whole(b"", status="403 Forbidden"), "lost", "403"),
        (serve_whole(b"", status="410 Gone"), "lost", "410"),
        (serve_whole(b"", status="503 Busy"), "wanted", "503"),
        (serve_whole(b"", "location: /film.mp4", status="302 Found"), "wanted", "redirects"),
        (serve_whole(b"", status="302 Found"), "wanted", "without saying where"),
        (serve_whole(b""), "wanted", "nothing"),
    ],
)
async def test_each_bad_answer_is_a_stated_reason(
    custody: CustodyBench, script: Script, state: str, reason: str
) -> None:
    is_last = state != "wanted" and "410" not in reason
    ended, said = await state_of(custody, script, rounds=4, is_last=is_last)
    assert ended == state, said
    assert reason in said
    assert custody.list_files() == []
    assert custody.render_parts() == []


async def test_an_endless_body_stops_at_the_cap(custody: CustodyBench) -> None:
    def endless(_asked: Asked) -> Iterable[bytes]:
        yield build_head("200 OK", None)
        yield MP4
        while True:
            yield bytes(BLOCK)

    state, reason = await state_of(custody, endless, rounds=2)
    assert (state, "larger than" in reason) == ("refused", True)
    assert custody.render_parts() == []


@pytest.mark.parametrize("coding", ["gzip", "deflate"])
async def test_a_bomb_is_refused(database_url: str, tmp_path: Path, coding: str) -> None:
    rules = replace(RULES, max_bytes=1024**3)
    pack = gzip.compress if coding == "gzip" else zlib.compress
    bomb = pack(bytes(64 * 1024 * 1024))
    async with open_custody(database_url, tmp_path, rules=rules) as custody:
        script = serve_whole(bomb, f"content-encoding: {coding}")
        state, reason = await state_of(custody, script, rounds=2)
    assert (state, "unpack" in reason) == ("refused", True)


async def test_a_coded_file_is_kept_as_what_it_stands_for(custody: CustodyBench) -> None:
    with Upstream(serve_whole(gzip.compress(FILM), "content-encoding: gzip")) as origin:
        asset = await custody.fetch_new({"url": f"{origin.url}/film.mp4"})
    assert asset.sha256 == sha256(FILM).digest()


async def test_silence_is_a_cut(database_url: str, tmp_path: Path) -> None:
    def silent(asked: Asked) -> Iterable[bytes]:
        yield build_head("200 OK", len(FILM))
        yield FILM[:BLOCK]
        asked.wait_until_gone()

    rules = replace(RULES, silence_s=0.05)
    async with open_custody(database_url, tmp_path, rules=rules) as custody:
        state, reason = await state_of(custody, silent)
    assert (state, "not a byte" in reason) == ("wanted", True)


async def test_a_digest_that_the_origin_names_must_fit(custody: CustodyBench) -> None:
    def name(digest: Callable[[bytes], Any], field: str) -> tuple[str, str]:
        right, wrong = (b64encode(digest(one).digest()).decode() for one in (FILM, b"other"))
        return field.format(right), field.format(wrong)

    named = [
        name(sha256, "repr-digest: sha-256=:{}:"),
        name(sha512, "content-digest: md5=:AAAA:, sha-512=:{}:"),
        name(md5, "content-md5: {}"),
        name(md5, "x-goog-hash: crc32c=n03x6A==,md5={}"),
        name(sha1, "x-amz-checksum-sha1: {}"),
    ]
    stored = "x-goog-stored-content-encoding: gzip"
    script = serve_in_turn(
        *(serve_whole(FILM, wrong) for _, wrong in named),
        serve_whole(FILM, *(right for right, _ in named)),
        *(
            serve_whole(FILM, wrong, "warning: 214 UploadServer gunzipped")
            for _, wrong in named[:2]
        ),
        serve_whole(FILM, named[3][1], stored),
        serve_whole(FILM, f'etag: "{md5(b"other").hexdigest()}"'),
    )
    with Upstream(script) as origin:
        task = await custody.create_succeeded({"url": f"{origin.url}/film.mp4"})
        for _ in named:
            await custody.fetch()
            (asset,) = await custody.list_assets(task)
            assert asset.state is AssetState.WANTED
            assert "another digest" in (asset.reason or "")
        await custody.fetch()
        (asset,) = await custody.list_assets(task)
        assert asset.state is AssetState.KEPT
        for number in range(4):  # of other bytes than those that came
            url = f"{origin.url}/{number}.mp4"
            task = await custody.create_succeeded({"url": url}, name=f"other {number}")
            await custody.fetch()
            (asset,) = await custody.list_assets(task)
            assert asset.state is AssetState.KEPT


async def test_an_svg_is_kept_with_a_remark(custody: CustodyBench) -> None:
    drawing = b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"><script/></svg>'
    with Upstream(serve_whole(drawing)) as origin:
        asset = await custody.fetch_new({"url": f"{origin.url}/logo.svg", "kind": "image"})
    assert (asset.state, asset.media_type) == (AssetState.KEPT, "image/svg+xml")
    assert "download only" in (asset.reason or "")


async def test_the_same_bytes_of_one_tenant_are_kept_once(custody: CustodyBench) -> None:
    with Upstream(serve_whole(FILM)) as origin:
        first = await custody.create_succeeded({"url": f"{origin.url}/a.mp4"}, name="one")
        second = await custody.create_succeeded({"url": f"{origin.url}/b.mp4"}, name="two")
        await custody.fetch()
    (one,), (two,) = await custody.list_assets(first), await custody.list_assets(second)
    assert one.store_key == two.store_key
    assert len(custody.list_files()) == 1


async def test_an_object_that_has_vanished_is_not_shared(custody: CustodyBench) -> None:
    with Upstream(serve_whole(FILM)) as origin:
        await custody.fetch_new({"url": f"{origin.url}/a.mp4"})
        for path in custody.list_files():
            path.unlink()
        second = await custody.create_succeeded({"url": f"{origin.url}/b.mp4"}, name="two")
        await custody.fetch()
    (two,) = await custody.list_assets(second)
    assert await custody.read_content(two) == FILM


async def test_a_kept_file_that_was_cut_on_its_disk_is_not_served_in_part(
    custody: CustodyBench,
) -> None:
    with Upstream(serve_whole(FILM)) as origin:
        asset = await custody.fetch_new({"url": f"{origin.url}/a.mp4"})
    serving = AssetReader(custody.bench.context)
    await serving.check_there(asset)
    (path,) = custody.list_files()
    os.truncate(path, len(FILM) - 1)
    with pytest.raises(Unavailable, match="not there"):
        await serving.check_there(asset)
    with pytest.raises(Unavailable, match="ends before"):
        await anext(serving.read(asset, 0, len(FILM)))
    path.unlink()
    with pytest.raises(Unavailable, match="not there"):
        await serving.check_there(asset)


async def test_nothing_is_fetched_from_inside(database_url: str, tmp_path: Path) -> None:
    with Upstream(serve_whole(FILM)) as origin:
        async with open_custody(database_url, tmp_path, allow=()) as custody:
            asset = await custody.fetch_new({"url": f"{origin.url}/film.mp4"}, rounds=2)
        assert origin.asked == []
    assert asset.state is AssetState.REFUSED
    assert "may not be called" in (asset.reason or "")


async def test_a_file_is_asked_for_with_the_credentials_that_the_adapter_names_for_its_host(
    database_url: str, tmp_path: Path
) -> None:
    def credentials(account: Account) -> dict[str, dict[str, str]]:
        return {
            "127.0.0.1": {"x-key": f"{account.api_key} of {account.name}"},
            "files.example": {"x-key": "?"},
        }

    hosting = ResultHosting(credentials=credentials)
    with Upstream(serve_whole(FILM)) as origin:
        async with open_custody(database_url, tmp_path, results=hosting) as custody:
            asset = await custody.fetch_new({"url": f"{origin.url}/film.mp4"})
    assert asset.state is AssetState.KEPT
    assert [one.headers.get("x-key") for one in origin.asked] == ["k of default"]


async def test_a_full_disk_holds_up_fetching_and_says_so(database_url: str, tmp_path: Path) -> None:
    rules = replace(RULES, min_free_bytes=2**62)
    async with open_custody(database_url, tmp_path, rules=rules) as custody:
        assert not await custody.fetching.has_room()
    async with open_custody(database_url, tmp_path) as custody:
        assert await custody.fetching.has_room()


async def test_what_dies_soonest_goes_first(custody: CustodyBench) -> None:
    late = await custody.create_succeeded(
        {"url": "http://127.0.0.1/a", "expires_at": "2099-01-01T00:00:00+00:00"}, name="late"
    )
    soon = await custody.create_succeeded(
        {"url": "http://127.0.0.1/b", "expires_at": "2098-01-01T00:00:00+00:00"}, name="soon"
    )
    signed = await custody.create_succeeded(
        {"url": "http://127.0.0.1/c?Expires=4000000000&Signature=x"}, name="signed"
    )
    claimed = [
        await custody.fetching.claim(limit=1, per_lane=4, busy={}) for _ in (late, soon, signed)
    ]
    assert [one[0].asset.task_key for one in claimed] == [signed.key, soon.key, late.key]
    assert await custody.fetching.claim(limit=1, per_lane=4, busy={}) == []


async def test_who_lost_the_lease_records_nothing(custody: CustodyBench) -> None:
    with Upstream(serve_whole(FILM)) as origin:
        task = await custody.create_succeeded({"url": f"{origin.url}/a.mp4"})
        (slow,) = await custody.fetching.claim(limit=1, per_lane=1, busy={})
        before = LEASES_EXPIRED.values[()]
        await custody.bring_forward()
        (quick,) = await custody.fetching.claim(limit=1, per_lane=1, busy={})
        assert (slow.was_left, quick.was_left) == (False, True)
        assert LEASES_EXPIRED.values[()] == before + 1
        await custody.fetching.fetch(quick)
        await custody.fetching.fetch(slow)
    kinds = await custody.bench.list_kinds(task)
    assert kinds.count("asset_kept") == 1
    assert len(custody.list_files()) == 1


async def test_custody_that_is_off_keeps_nothing(database_url: str) -> None:
    async with open_workbench(
        database_url, ScriptedHttp(lambda _call: HttpResult(500, {}, b""))
    ) as bench:
        (task,) = await bench.submit_tasks(1)
        await bench.call_back(task, {"status": "succeeded", "pieces": [{"url": "http://x.test/a"}]})
        assert await bench.context.store.read(lambda db: assets.list_of_tasks(db, [task.key])) == {}
