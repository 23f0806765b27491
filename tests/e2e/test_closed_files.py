"""A file that only an account's key opens, led to once it is kept: of the made-up provider."""

from contextlib import ExitStack
from pathlib import Path

import httpx

from tests.support.made_up import NAME, MadeUp, make_made_up
from tests.support.made_up_server import SECRET, MadeUpServer
from tests.support.origin import make_film, serve_ranges
from tests.support.service import KEEPING_FILES, serve_whole
from tests.support.upstream import Upstream
from tests.support.waiting import wait_until
from tracker.providers.ports.adapter import Finds
from tracker.providers.registry import PROVIDERS

FILM = make_film(5000)


def test_a_front_leads_to_a_closed_file_once_it_is_kept(sqlite_url: str, tmp_path: Path) -> None:
    with ExitStack() as stack:
        provider = stack.enter_context(MadeUpServer(SECRET))
        origin = stack.enter_context(Upstream(serve_ranges(FILM)))
        providers = {**PROVIDERS, NAME: make_made_up(MadeUp(Finds.BY_ID))}
        http = stack.enter_context(
            serve_whole(
                sqlite_url,
                tmp_path,
                "http://127.0.0.1:9",
                providers,
                **provider.settings,
                **KEEPING_FILES,
            )
        )
        id_ = http.post("/made-up/make/film", json={"prompt": "rain"}).json()["id"]
        task = f"/made-up/tasks/{id_}"
        wait_until(lambda: http.get(task).json()["state"] == "submitted")
        piece = {"key": "1", "url": f"{origin.url}/v.mp4", "needs_auth": True}
        provider.call_back(id_, status="succeeded", pieces=[piece])
        wait_until(lambda: "/links/" in http.get(task).json()["urls"][0])
        answer = http.get(f"{task}/file")
        assert answer.status_code == 302
        assert "/links/" in answer.headers["location"]
        part = httpx.get(
            answer.headers["location"], headers={"range": "bytes=4-7"}, trust_env=False, timeout=60
        )
        assert (part.status_code, part.content) == (206, b"ftyp")
