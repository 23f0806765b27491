"""A URL that is dead is asked for anew where the queries of the provider renew it."""

from pathlib import Path

import pytest

from tests.support.custody import make_answering, open_custody
from tests.support.origin import (
    BLOCK,
    make_film,
    serve_by_path,
    serve_whole,
)
from tests.support.upstream import Script, Upstream
from tracker.domain.custody import AssetState

pytestmark = pytest.mark.anyio


FILM = make_film(40 * BLOCK)


async def test_a_dead_url_is_asked_for_anew(database_url: str, tmp_path: Path) -> None:
    with Upstream(serve_by_path({"/new": serve_whole(FILM)})) as origin:
        renewed = {
            "status": "succeeded",
            "id": "theirs of ours",
            "pieces": [{"url": f"{origin.url}/new", "key": "0", "refreshable": True}],
        }
        outbound = make_answering(renewed)
        async with open_custody(database_url, tmp_path, outbound=outbound) as custody:
            piece = {"url": f"{origin.url}/old", "key": "0", "refreshable": True}
            asset = await custody.fetch_new(piece)
    assert asset.state is AssetState.KEPT
    assert len(outbound.calls) == 1


async def test_a_page_behind_a_renewed_url_is_never_kept(database_url: str, tmp_path: Path) -> None:
    with Upstream(serve_by_path({"/new": serve_whole(b"<!doctype html><p>Sign in</p>")})) as origin:
        renewed = {"url": f"{origin.url}/new", "key": "0", "kind": "video", "refreshable": True}
        said = {"status": "succeeded", "id": "theirs of ours", "pieces": [renewed]}
        async with open_custody(database_url, tmp_path, outbound=make_answering(said)) as custody:
            asset = await custody.fetch_new({**renewed, "url": f"{origin.url}/old"}, rounds=4)
        assert [one.line.split()[1] for one in origin.asked] == ["/old", *["/new"] * 4]
    assert (asset.state, "HTML" in (asset.reason or "")) == (AssetState.WANTED, True)


@pytest.mark.parametrize(
    "expired",
    [serve_whole(b"<Error>Expired</Error>", status="400 Bad Request"), serve_whole(b"<html>Late")],
    ids=["400", "a page"],
)
async def test_a_link_that_has_expired_is_asked_for_anew_however_its_origin_says_so(
    database_url: str, tmp_path: Path, expired: Script
) -> None:
    with Upstream(serve_by_path({"/old": expired, "/new": serve_whole(FILM)})) as origin:
        piece = {"url": f"{origin.url}/new", "key": "0", "kind": "video", "refreshable": True}
        said = {"status": "succeeded", "id": "theirs of ours", "pieces": [piece]}
        async with open_custody(database_url, tmp_path, outbound=make_answering(said)) as custody:
            asset = await custody.fetch_new({**piece, "url": f"{origin.url}/old"}, rounds=2)
    assert asset.state is AssetState.KEPT
