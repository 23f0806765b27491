"""The task that a person names in a form, by any of its ids."""

from uuid import UUID

from starlette.requests import Request

from tracker.domain.errors import NO_SUCH_TASK, FieldError, InvalidRequest
from tracker.services.read.finding import find, read_wanted_ids
from tracker.web.edge.operation import Param
from tracker.web.edge.state import get_services
from tracker.web.ui.frame.reader import Reader

TASK = Param("task", "An id of the task: ours, its external id or its provider's.")


async def find_named_task(request: Request, reader: Reader, text: str) -> UUID:
    """Return the one task that a text names. Raises InvalidRequest for none and for several."""
    wanted = read_wanted_ids(text)
    found = await get_services(request).store.read(lambda db: find(db, reader.tenant, wanted).tasks)
    if len(found) != 1:
        reason = "names several tasks: give the id of one" if found else NO_SUCH_TASK
        raise InvalidRequest(FieldError(TASK.name, reason))
    return found[0].id
