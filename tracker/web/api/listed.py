"""Lists of tasks as requests ask for them: filters, order, and where the list goes on."""

from dataclasses import dataclass

from starlette.requests import Request

from tracker.services.submit.selection import Selection
from tracker.store import feed, listing
from tracker.store.filters import TaskFilter
from tracker.store.listing import ListPage, Order, Position
from tracker.store.store import Reading
from tracker.web.edge import query
from tracker.web.edge.paging import build_list_scope, decode_instant, encode_instant, sort_key
from tracker.web.edge.state import get_services


@dataclass(frozen=True, slots=True)
class TaskListing:
    """A page of a list.

    scope: names list and filters in cursors.
    last:  the sort key of its last entry; None when nothing follows.
    seen:  the feed's newest number before the page was read.
    """

    filter: TaskFilter
    order: Order
    page: ListPage
    scope: str
    last: tuple[int, int] | None
    seen: int


async def list_tasks(request: Request, owner: str, *, limit: int) -> TaskListing:
    """Read the page that a request asks for. owner: the tenant. Raises InvalidRequest."""
    order, filter_ = query.read_order(request), query.read_task_filter(request, owner)
    if filter_.overdue is not None:
        await get_services(request).sweeping.flag_due()
    scope = build_scope(filter_, order)
    given = sort_key(request, scope=scope)
    after = None if given is None else Position(decode_instant(given[0]), given[1])

    def read(db: Reading) -> tuple[int, ListPage]:
        # The feed first: what changes meanwhile is told once more, and nothing is missed.
        seen = feed.find_head(db)
        return seen, listing.list_page(db, filter_, order=order, after=after, limit=limit)

    seen, page = await get_services(request).store.read(read)
    last = (encode_instant(page.position.at), page.position.key) if page.position else None
    return TaskListing(filter_, order, page, scope, last, seen)


def build_scope(filter_: TaskFilter, order: Order) -> str:
    """Return what cursors of a list are bound to."""
    narrowed = Selection(filter_).build_fields() | {"order": order.value}
    return build_list_scope("tasks", filter_.tenant, narrowed)
