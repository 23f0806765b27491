"""Endpoint secrets: sealed where they are kept, and told where they cannot be read."""

from dataclasses import replace
from datetime import timedelta

import pytest
from standardwebhooks.webhooks import Webhook

from tests.support.subscribing import OK, create_endpoint, list_owed
from tests.support.workbench import ScriptedHttp, open_workbench
from tracker.domain import signature
from tracker.domain.notices import EventFilter
from tracker.domain.sealing import unseal
from tracker.services.deliver.endpoints import Endpoints, NewEndpoint
from tracker.services.deliver.sending import DeliverySender
from tracker.store import conditions, endpoints

pytestmark = pytest.mark.anyio


async def test_a_secret_whose_key_is_gone_is_said_and_left_to_who_has_it(database_url: str) -> None:
    outbound = ScriptedHttp(lambda _: OK)
    async with open_workbench(database_url, outbound) as bench:
        await create_endpoint(bench)
        await bench.submit_tasks(1)
        other = replace(bench.context, secrets=[b"another secret entirely"])
        delivering = DeliverySender(other)
        (lane,) = await delivering.list_lanes()
        (held,) = await delivering.claim({lane.name: 1})
        assert await delivering.deliver(held) is False
        (one,) = await list_owed(bench)
        assert (outbound.calls, one.last_error) == ([], None)
        (condition,) = await bench.context.store.read(conditions.list_open)
        assert condition.name == "secrets_differ"
        assert "its secret cannot be read" in condition.reason
        assert await delivering.list_lanes() == []  # not again and again
        ours = DeliverySender(bench.context)
        (held,) = await ours.claim({lane.name: 1})
        assert held.claimed.tries == 0
        assert await ours.deliver(held) is True


async def test_a_secret_is_not_in_the_database(database_url: str) -> None:
    async with open_workbench(database_url, ScriptedHttp(lambda _: OK)) as bench:
        made = await Endpoints(bench.context).create(
            NewEndpoint("default", "http://a.example/", EventFilter())
        )
        key = signature.decode_key(made.secret)
        ((_, sealed),) = await bench.context.store.read(endpoints.list_sealed)
        assert key not in sealed
        assert made.secret not in repr(made.endpoint)
        assert unseal(bench.context.secrets, sealed) == key


async def test_a_key_may_leave_once_what_it_sealed_was_sealed_anew(database_url: str) -> None:
    outbound = ScriptedHttp(lambda _: OK)
    async with open_workbench(database_url, outbound) as bench:
        made = await Endpoints(bench.context).create(
            NewEndpoint("default", "http://a.example/", EventFilter())
        )
        for _ in range(2):  # so that what was made first is among the older ones
            await Endpoints(bench.context).rotate(
                "default", made.endpoint.id, overlap=timedelta(hours=1)
            )
        old, new = bench.context.secrets[0], b"the key from now on"
        await Endpoints(replace(bench.context, secrets=[new, old])).reseal()
        await bench.submit_tasks(1)
        delivering = DeliverySender(replace(bench.context, secrets=[new]))
        (lane,) = await delivering.list_lanes()
        (held,) = await delivering.claim({lane.name: 1})
        assert await delivering.deliver(held) is True
        (call,) = outbound.calls
        Webhook(made.secret).verify(call.body or b"", dict(call.headers))
