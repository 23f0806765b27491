"""Query parameters: known ones only, each once unless it repeats by design. And one header."""

import contextlib
import re
from collections import Counter
from collections.abc import Collection, Sequence
from datetime import MAXYEAR, MINYEAR, UTC, datetime
from enum import StrEnum
from typing import TypeVar
from uuid import UUID

from starlette.requests import Request

from tracker.domain.errors import NO_SUCH_TASK, FieldError, InvalidRequest, NotFound
from tracker.domain.public_id import build_id
from tracker.domain.task import TaskState
from tracker.store.filters import TaskFilter
from tracker.store.listing import Order
from tracker.telemetry.logs import note
from tracker.web.edge.heads import find_header

Word = TypeVar("Word", bound=StrEnum)


def check_known(
    request: Request,
    known: Collection[str],
    *,
    repeatable: Collection[str] = (),
    prefixes: tuple[str, ...] = (),
) -> None:
    """Raises InvalidRequest for a parameter that nobody knows, or that comes twice.

    prefixes: of names that are known whatever follows.
    """
    if not request.scope["query_string"]:
        return
    wrong = []
    given = Counter(name for name, _ in request.query_params.multi_items())
    listed = ", ".join(sorted(known)) or "none"
    for name, times in given.items():
        if name not in known and not name.startswith(prefixes):
            wrong.append(FieldError(name[:64], f"unknown parameter; known here: {listed}"))
        elif name not in repeatable and times > 1:
            wrong.append(FieldError(name, "given more than once"))
    if wrong:
        raise InvalidRequest(*wrong, malformed=True)


def read_integer(request: Request, name: str, *, default: int, low: int, high: int) -> int:
    """Return a whole number within bounds. Raises InvalidRequest."""
    text = request.query_params.get(name)
    if text is None:
        return default
    if not (text.isascii() and text.isdigit() and len(text) < 10 and low <= int(text) <= high):
        reason = f"must be a whole number from {low} to {high}"
        raise InvalidRequest(FieldError(name, reason), malformed=True)
    return int(text)


def read_states(request: Request) -> Sequence[TaskState]:
    """Return the repeatable `state` of tasks. Raises InvalidRequest for a word that is none."""
    return read_words(request, "state", TaskState)


def read_words(request: Request, name: str, kind: type[Word]) -> Sequence[Word]:
    """Return a repeatable parameter that takes the words of a list. Raises InvalidRequest for
    others.
    """
    try:
        return sorted({kind(word) for word in request.query_params.getlist(name)})
    except ValueError:
        reason = f"must be one of: {', '.join(kind)}"
        raise InvalidRequest(FieldError(name, reason), malformed=True) from None


def read_text(request: Request, name: str) -> str | None:
    """Return a text that a database can be asked for. Raises InvalidRequest."""
    value = request.query_params.get(name)
    if value is not None and ("\x00" in value or not value.isprintable()):
        reason = "must not hold control characters"
        raise InvalidRequest(FieldError(name, reason), malformed=True)
    return value


def read_task_filter(request: Request, owner: str) -> TaskFilter:
    """Return the filters of lists and of the feed. Raises InvalidRequest."""
    return TaskFilter(
        tenant=owner,
        provider=read_text(request, "provider"),
        account=read_text(request, "account"),
        operation=read_text(request, "operation"),
        states=read_states(request),
        external_task_id=read_text(request, "external_task_id"),
        provider_task_id=read_text(request, "provider_task_id"),
        created_after=read_instant(request, "created_after"),
        created_before=read_instant(request, "created_before"),
        updated_after=read_instant(request, "updated_after"),
        updated_before=read_instant(request, "updated_before"),
        overdue=read_flag(request, "overdue"),
        metadata=read_metadata(request),
    )


METADATA = "metadata."
MAX_METADATA = 10


def read_metadata(request: Request) -> Sequence[tuple[str, str]]:
    """Return each `metadata.<key>=value`, as (key, value). Raises InvalidRequest."""
    names = sorted(name for name in request.query_params if name.startswith(METADATA))
    if len(names) > MAX_METADATA:
        reason = f"at most {MAX_METADATA} of them"
        raise InvalidRequest(FieldError(f"{METADATA}<key>", reason), malformed=True)
    for name in names:
        if name == METADATA or not name.isprintable():
            reason = "is no key of metadata"
            raise InvalidRequest(FieldError(name[:64], reason), malformed=True)
    return [(name.removeprefix(METADATA), read_text(request, name) or "") for name in names]


def read_order(request: Request) -> Order:
    """Return which end of a list comes first. Raises InvalidRequest."""
    value = request.query_params.get("order", Order.NEWEST)
    try:
        return Order(value)
    except ValueError:
        reason = f"must be one of: {', '.join(Order)}"
        raise InvalidRequest(FieldError("order", reason), malformed=True) from None


def read_instant(request: Request, name: str) -> datetime | None:
    """Return a time with its zone, as RFC 3339 has it. Raises InvalidRequest."""
    return parse_instant(name, request.query_params.get(name))


def parse_instant(name: str, value: str | None) -> datetime | None:
    """Read a time with its zone. name: of the field that has it. Raises InvalidRequest."""
    if value is None:
        return None
    with contextlib.suppress(ValueError):
        at = datetime.fromisoformat(value)
        if at.tzinfo is not None:
            return convert_to_utc(at)
    reason = "must be a time with its zone, like 2026-11-24T10:00:00Z (a + is written %2B)"
    raise InvalidRequest(FieldError(name, reason), malformed=True)


def convert_to_utc(at: datetime) -> datetime:
    """Return a time in UTC. Raises ValueError where it has no form in some other zone."""
    with contextlib.suppress(OverflowError):
        there = at.astimezone(UTC)
        if MINYEAR < there.year < MAXYEAR:
            return there
    raise ValueError("must be within the years 2 to 9998")


def read_flag(request: Request, name: str) -> bool | None:
    """`true` or `false`. Raises InvalidRequest."""
    return parse_flag(name, request.query_params.get(name))


def parse_flag(name: str, value: str | None) -> bool | None:
    """Read `true` or `false`. name: of the field that has it. Raises InvalidRequest."""
    if value not in (None, "true", "false"):
        raise InvalidRequest(FieldError(name, "must be true or false"), malformed=True)
    return None if value is None else value == "true"


def read_task_id(request: Request) -> UUID:
    """Return the id in the path. Raises NotFound for what cannot be one."""
    found = read_path_id(request, NotFound(NO_SUCH_TASK))
    note(task=str(found))
    return found


def read_path_id(request: Request, missing: NotFound) -> UUID:
    """Return the id in the path. Raises `missing` for what cannot be one."""
    found = parse_uuid(request.path_params["id"])
    if found is None:
        raise missing
    return found


def read_row_key(request: Request, missing: str = "there is no such receipt") -> int:
    """Return the number in the path. Raises NotFound, saying `missing`, for what cannot be one."""
    text = request.path_params["id"]
    if not (text.isascii() and text.isdigit() and len(text) <= 18):
        raise NotFound(missing)
    return int(text)


_USUAL_ID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
"""An id as we write it; UUID reads other spellings as well, and takes twice as long."""


def parse_uuid(text: str) -> UUID | None:
    """Return an id as callers write it; None for what cannot be one."""
    if _USUAL_ID.fullmatch(text):
        return build_id(int(text.replace("-", ""), 16))
    try:
        return UUID(text)
    except ValueError:
        return None


_KEY_CHARS = 255


def read_idempotency_key(request: Request) -> str | None:
    """Return the caller's Idempotency-Key. Raises InvalidRequest for one that nobody should use."""
    headers = request.scope["headers"]
    key = find_header(headers, b"idempotency-key")
    if key is None:
        return None
    if len({value for name, value in headers if name == b"idempotency-key"}) > 1:
        # What is between us and the caller might send another of them at the next try.
        raise InvalidRequest(FieldError("Idempotency-Key", "given more than once"), malformed=True)
    if not key or len(key) > _KEY_CHARS or not key.isprintable():
        reason = f"must be 1 to {_KEY_CHARS} printable characters"
        raise InvalidRequest(FieldError("Idempotency-Key", reason), malformed=True)
    return key
