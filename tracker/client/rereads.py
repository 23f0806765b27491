"""Runs that read kept receipts again, and the steps of their methods."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self
from urllib.parse import quote

from tracker.client.calls import Call
from tracker.client.flows import Flow, send
from tracker.client.models import read_fields


@dataclass(frozen=True, slots=True)
class ReceiptReread:
    """A run that reads a provider's receipts again.

    state:       `running`, `done` or `stopped`.
    is_dry_run:  nothing is changed.
    progress:    the share of the receipts that it has come past, 0 to 1.
    counts:      tasks by sort: `same`, `richer`, `freed`, `contradicts`, `unreadable`, `gone`;
                 `receipts` that matched; `failed` tasks, which could not be corrected.
    differences: mappings of task_id, sort, receipt_id, state, read_as, fields; 50 at most, and
                 besides 50 contradictions.
    """

    id: str
    state: str
    is_dry_run: bool
    notify: bool
    filter: Mapping[str, Any]
    progress: float
    counts: Mapping[str, int]
    differences: Sequence[Mapping[str, Any]]
    actor: str
    created_at: datetime
    ended_at: datetime | None
    stopped_by: str | None

    @property
    def is_over(self) -> bool:
        """Nothing more is read."""
        return self.state != "running"

    @classmethod
    def parse(cls, data: Mapping[str, Any]) -> Self:
        """Read the fields of an answer."""
        return cls(**read_fields(cls, data, {"is_dry_run": data["dry_run"]}))


def build_reread_body(  # noqa: PLR0913 - one parameter per field
    provider: str,
    *,
    since: datetime | None,
    verdict: Iterable[str],
    task_id: str | None,
    dry_run: bool,
    notify: bool,
) -> Mapping[str, Any]:
    """Return the body of `POST /v1/rereads`."""
    return {
        "provider": provider,
        "since": None if since is None else since.isoformat(),
        "verdict": [verdict] if isinstance(verdict, str) else list(verdict),
        "task_id": task_id,
        "dry_run": dry_run,
        "notify": notify,
    }


def start(body: Mapping[str, Any], *, tries: int) -> Flow[ReceiptReread]:
    """`POST /v1/rereads`; a second run finds nothing left to do."""
    answer = yield from send(Call("POST", "/v1/rereads", body=body), tries=tries)
    return ReceiptReread.parse(answer.read_json())


def get(reread_id: str, *, tries: int) -> Flow[ReceiptReread]:
    """`GET /v1/rereads/{id}`."""
    return ReceiptReread.parse(
        (yield from send(Call("GET", _build_path(reread_id)), tries=tries)).read_json()
    )


def stop(reread_id: str, *, tries: int) -> Flow[ReceiptReread]:
    """`POST /v1/rereads/{id}/stop`; a second one finds nothing left to stop."""
    call = Call("POST", f"{_build_path(reread_id)}/stop", is_repeatable=False)
    return ReceiptReread.parse((yield from send(call, tries=tries)).read_json())


def _build_path(reread_id: str) -> str:
    return f"/v1/rereads/{quote(reread_id, safe='')}"
