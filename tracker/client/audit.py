"""The audit: who did what, as a frozen dataclass, and the steps of its method."""

from dataclasses import dataclass
from datetime import datetime

from tracker.client.flows import ItemFlow, iterate_pages
from tracker.client.models import AnswerRecord


@dataclass(frozen=True, slots=True)
class AuditRecord(AnswerRecord):
    """An action of somebody with a key, or at the service's machine.

    action:     such as `tasks.cancel`.
    target:     the id of what it was done to; None where that was whatever a filter matched.
    number:     how many objects it was about.
    request_id: None for a command on the service's machine.
    """

    id: str
    at: datetime
    actor: str
    action: str
    target: str | None
    number: int
    request_id: str | None


def list_all(
    *, action: str | None, target: str | None, page_size: int, tries: int
) -> ItemFlow[AuditRecord]:
    """Return every action that matches, newest first, page by page."""
    given = {"action": action, "target": target}
    filters = [(name, value) for name, value in given.items() if value is not None]
    return iterate_pages(
        "/v1/audit", filters, "entries", AuditRecord.parse, page_size=page_size, tries=tries
    )
