"""`/ui/find`: one box for any id."""

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from tracker.domain.access import Scope
from tracker.services.read.finding import LONGEST, FoundObjects, find, read_wanted_ids
from tracker.web.edge.operation import Param
from tracker.web.edge.state import get_services
from tracker.web.ui.frame.app import Pages
from tracker.web.ui.frame.reader import Reader
from tracker.web.ui.frame.render import build_address, render_page

PAGES = Pages()
"""The page that lists what several ids name."""


@PAGES.get("/find", scope=Scope.TASKS_READ, known=[Param("q", "An id, an address or a text.")])
async def show(request: Request, reader: Reader) -> Response:
    """Open what an id names; list it where there are several, or say that there is nothing."""
    text = request.query_params.get("q", "")
    wanted = read_wanted_ids(text)
    found = await get_services(request).store.read(lambda db: find(db, reader.tenant, wanted))
    path = _choose_path(found)
    if path is not None:
        return RedirectResponse(build_address(request, path), 303)
    return render_page(request, reader, "find.html", asked=text[:LONGEST].strip(), found=found)


def _choose_path(found: FoundObjects) -> str | None:
    """Return where the one thing that was found is shown; None where there is not just one.

    A receipt and the task that it is about are one: the task's page, at the receipt.
    """
    tasks, receipts = {task.id for task in found.tasks}, found.receipts
    if found.count == 2 and len(receipts) == 1 and receipts[0].task_id in tasks:
        return f"/tasks/{receipts[0].task_id}#r{receipts[0].receipt.key}"
    if found.count != 1:
        return None
    for kind, several in (
        ("tasks", found.tasks),
        ("deliveries", found.deliveries),
        ("endpoints", found.endpoints),
    ):
        if several:
            return f"/{kind}/{several[0].id}"
    key, task_id = receipts[0].receipt.key, receipts[0].task_id
    return f"/callbacks/{key}" if task_id is None else f"/tasks/{task_id}#r{key}"
