"""Subscribers of a workbench, and what they are owed."""

from functools import partial
from typing import Any

from tests.support.event_bodies import check_body
from tests.support.workbench import Workbench
from tracker.domain.delivery import Endpoint
from tracker.domain.exchange import HttpResult
from tracker.domain.notices import EventFilter
from tracker.services.deliver.endpoints import Endpoints, NewEndpoint
from tracker.store import deliveries
from tracker.store.deliveries import Delivery, DeliveryFilter

OK = HttpResult(200, {}, b"")


async def create_endpoint(
    bench: Workbench, url: str = "http://a.example/", **fields: Any
) -> Endpoint:
    fields = {"filter": EventFilter()} | fields
    return (await Endpoints(bench.context).create(NewEndpoint("default", url, **fields))).endpoint


async def list_owed(bench: Workbench, **fields: Any) -> list[Delivery]:
    """Return what is owed, oldest first; raises where a body has not its documented shape."""
    filter_ = DeliveryFilter("default", **fields)
    found = await bench.context.store.read(
        lambda db: deliveries.list_page(db, filter_, before=None, limit=1000)
    )
    for one in found:
        whole = await bench.context.store.read(
            partial(deliveries.get, tenant="default", id_=one.id)
        )
        assert whole is not None
        check_body(whole[1])
    return found[::-1]
