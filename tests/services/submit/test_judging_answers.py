"""Answers of whatever stands between us and a provider: no task fails by them, and none doubles."""

import pytest

from tests.support.made_up import MadeUp
from tests.support.made_up_api import Played
from tests.support.workbench import ScriptedHttp, open_workbench
from tracker.domain.exchange import HttpResult
from tracker.domain.task import TaskState
from tracker.domain.work import JobKind
from tracker.providers.ports.adapter import Finds

pytestmark = pytest.mark.anyio
PAGE = b"<!DOCTYPE html><html><head><title>Welcome</title></head></html>"
HTML = {"content-type": "text/html"}
CLOUDFLARE = HTML | {"server": "cloudflare"}


def page(status: int, **headers: str) -> HttpResult:
    return HttpResult(status, HTML | headers, PAGE)


@pytest.mark.parametrize("status", [407, 511, 521, 523, 525, 526, 530])
async def test_what_never_reached_the_provider_is_sent_again(sqlite_url: str, status: int) -> None:
    played = Played(make=HttpResult(status, CLOUDFLARE, PAGE))
    adapter = MadeUp(Finds.NEVER)
    async with open_workbench(sqlite_url, ScriptedHttp(played), adapter=adapter) as bench:
        task = await bench.submit_task()
        assert (task.state, await bench.list_outcomes(task)) == (TaskState.QUEUED, ["not_sent"])


@pytest.mark.parametrize("location", ["https://moved.example/v1", "/v2", "http://[", ""])
@pytest.mark.parametrize("status", [301, 307, 308])
async def test_an_address_that_leads_elsewhere_says_so(
    sqlite_url: str, status: int, location: str
) -> None:
    played = Played(make=page(status, location=location))
    async with open_workbench(sqlite_url, ScriptedHttp(played)) as bench:
        task = await bench.submit_task()
        assert task.state is TaskState.FAILED
        assert task.error is not None
        assert "redirects are not followed; check the base URL" in task.error.message
        assert task.never_created


@pytest.mark.parametrize("status", [200, 204, 302, 303, 502, 504, 520, 521, 522, 524])
async def test_what_may_have_reached_it_is_never_sent_blindly(sqlite_url: str, status: int) -> None:
    # Also 521 of another sender than Cloudflare.
    played = Played(make=page(status, location="http://wifi.example/login"))
    adapter = MadeUp(Finds.NEVER)
    async with open_workbench(sqlite_url, ScriptedHttp(played), adapter=adapter) as bench:
        task = await bench.submit_task()
        assert task.state is TaskState.UNCERTAIN
        assert await bench.claim(JobKind.SUBMIT) == []
