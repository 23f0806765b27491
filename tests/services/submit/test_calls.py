"""Calls keep their own secrets, and are waited for as long as their adapter says that they last."""

from dataclasses import replace

import pytest

from tests.support.made_up import MadeUp
from tests.support.made_up_api import build_answer, build_poll_answer
from tests.support.workbench import ScriptedHttp, open_workbench
from tracker.domain.exchange import HttpCall
from tracker.domain.policy import Policy
from tracker.providers.ports.adapter import Asking, Sending

pytestmark = pytest.mark.anyio
POLICY = Policy()


class Particular(MadeUp):
    """An adapter whose calls hold a secret of their own, and are answered late."""

    def build_submit(self, sending: Sending) -> HttpCall:
        return replace(super().build_submit(sending), secrets=("of-a-create",), lasts_s=300.0)

    def build_poll(self, asking: Asking) -> HttpCall | None:
        call = super().build_poll(asking)
        return None if call is None else replace(call, secrets=("of-a-poll",), lasts_s=1.0)


async def test_calls_keep_their_secrets_and_wait_for_as_long_as_they_last(
    database_url: str,
) -> None:
    outbound = ScriptedHttp(
        lambda call: build_answer(id="theirs-1") if call.method == "POST" else build_poll_answer()
    )
    async with open_workbench(database_url, outbound, adapter=Particular(), policy=POLICY) as bench:
        task = await bench.create_queued("ours")
        await bench.send()
        await bench.look(await bench.read_task(task.key))
    create, poll = outbound.calls
    assert ("of-a-create" in create.secrets, create.timeout_s) == (True, 300.0)
    assert ("of-a-poll" in poll.secrets, poll.timeout_s) == (True, POLICY.poll_timeout_s)
