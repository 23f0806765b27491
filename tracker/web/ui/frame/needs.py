"""How much needs a person: the number that the header of every page shows."""

from collections.abc import Mapping
from typing import Any

from starlette.requests import Request

from tracker.domain.lifecycle import Verdict
from tracker.web.api import attention
from tracker.web.edge.state import Services, get_services
from tracker.web.ui.frame.reader import Reader

PATIENCE_S = 0.05
"""How long a page waits for a number that is being made."""

_UNCOUNTED = frozenset({Verdict.FORGED.value, Verdict.UNKNOWN_STATUS.value})
"""Verdicts of receipts that are not counted: an unknown word counts once, whoever holds it."""


async def find_needs(
    request: Request, reader: Reader, *, patience_s: float = PATIENCE_S
) -> Mapping[str, Any] | None:
    """Return what of a reader's tenant's needs a person, some seconds old; see `attention.collect`.

    None where the reader may not see it, or where it is not there in time. Everybody of a tenant
    gets one and the same object until it is looked at anew.
    """
    if reader.principal is None or not reader.may("tasks:read"):
        return None
    our, owner = get_services(request), reader.tenant
    return await our.attention_looks.look(
        owner, lambda: look_now(our, owner), patience_s=patience_s
    )


async def look_now(our: Services, owner: str) -> Mapping[str, Any]:
    """Return what of a tenant's needs a person, as `attention.collect`, each task once.

    One that is uncertain, or waits for its caller, is not told under `overdue` too: the other
    entry says why it is late. Raises Unavailable.
    """
    found = await attention.collect(our, owner)
    if len(found["overdue"]) >= attention.MOST:  # there may be more: their number is not known
        return found
    told = {one["task_id"] for one in (*found["uncertain"], *found["blocked"])}
    return {**found, "overdue": [one for one in found["overdue"] if one["task_id"] not in told]}


def format_needs(found: Mapping[str, Any] | None) -> str:
    """Return how many things need a person, `50+` from where no more are looked for.

    Empty for none, and where that is not known. Forged callbacks ask for nothing by themselves.
    """
    if found is None:
        return ""
    kinds = [some for some in found.values() if isinstance(some, list)]
    kinds += [some for verdict, some in found["receipts"].items() if verdict not in _UNCOUNTED]
    number = sum(map(len, kinds))
    is_more = any(len(some) >= attention.MOST for some in kinds)
    return "" if not number else f"{number}+" if is_more else str(number)
