"""Subscribers of a workbench, and what they are owed."""

from typing import Any

from tests.support.workbench import Workbench
from tracker.domain.delivery import Endpoint
from tracker.domain.exchange import HttpResult
from tracker.domain.notices import EventFilter
from tracker.services.deliver.endpoints import Endpoints, NewEndpoint
from tracker.store import deliveries
from tracker.store.deliveries import Delivery, DeliveryFilter

OK = HttpResult(200, {}, b"")


async def an_endpoint(bench: Workbench, url: str = "http://a.example/", **fields: Any) -> Endpoint:
    fields = {"filter": EventFilter()} | fields
    return (await Endpoints(bench.context).create(NewEndpoint("default", url, **fields))).endpoint


async def owed(bench: Workbench, **fields: Any) -> list[Delivery]:
    """Oldest first."""
    filter_ = DeliveryFilter("default", **fields)
    found = await bench.context.store.read(
        lambda db: deliveries.page(db, filter_, before=None, limit=1000)
    )
    return found[::-1]
