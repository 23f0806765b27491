"""Accounts, keys and the installation, for operators, and the steps of their methods."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Self
from urllib.parse import quote

from tracker.client.calls import Call
from tracker.client.flows import Flow, ItemFlow, iterate_pages, send
from tracker.client.models import AnswerRecord, read_fields


@dataclass(frozen=True, slots=True)
class ProviderAccount:
    """A provider account of the service.

    conditions:     names of what is wrong with it now.
    reason:         the same in words; None where all is well.
    slots_held:     tasks that it has at its provider. slots_allowed: None for no limit.
    latest_submits: how the newest submits ended: mappings of ended_at, outcome, http_status, code
                    and message.
    unknown_words:  status words of its provider that nobody knows, with how often they came.
    past_conditions: of what was wrong and is over, the newest first: mappings of name, reason,
                    raised_at and cleared_at.
    """

    provider: str
    name: str
    has_credentials: bool
    conditions: Sequence[str]
    reason: str | None
    slots_held: int
    slots_allowed: int | None
    latest_submits: Sequence[Mapping[str, Any]]
    unknown_words: Mapping[str, int]
    past_conditions: Sequence[Mapping[str, Any]]
    raw: Mapping[str, Any] = field(repr=False, compare=False, default_factory=dict)

    @classmethod
    def parse(cls, data: Mapping[str, Any]) -> Self:
        """Read the fields of an answer."""
        own = {
            "conditions": data["health"]["conditions"],
            "reason": data["health"]["reason"],
            "slots_held": data["slots"]["held"],
            "slots_allowed": data["slots"]["allowed"],
            "unknown_words": {one["word"]: one["count"] for one in data["unknown_words"]},
        }
        return cls(**read_fields(cls, data, own))


@dataclass(frozen=True, slots=True)
class KeyRecord(AnswerRecord):
    """An API key of your tenant.

    hint:       its first characters; of a pair the access key.
    key, secret_key: only of one that was just made: of a key, or of a pair.
    """

    id: str
    name: str
    kind: str
    hint: str
    scopes: Sequence[str]
    per_minute: int | None
    created_at: datetime
    last_used_at: datetime | None
    revoked_at: datetime | None
    key: str | None = field(repr=False, default=None)
    secret_key: str | None = field(repr=False, default=None)


def list_accounts(*, tries: int) -> Flow[list[ProviderAccount]]:
    """`GET /v1/accounts`."""
    answer = yield from send(Call("GET", "/v1/accounts"), tries=tries)
    return [ProviderAccount.parse(one) for one in answer.read_json()["accounts"]]


def list_operations(
    *, provider: str | None, operation: str | None, tries: int
) -> Flow[list[Mapping[str, Any]]]:
    """`GET /v1/operations`."""
    given = {"provider": provider, "operation": operation}
    params = [(name, value) for name, value in given.items() if value is not None]
    answer = yield from send(Call("GET", "/v1/operations", params=params), tries=tries)
    found: list[Mapping[str, Any]] = answer.read_json()["operations"]
    return found


def get_system(*, tries: int) -> Flow[Mapping[str, Any]]:
    """`GET /v1/system`."""
    return (yield from send(Call("GET", "/v1/system"), tries=tries)).read_json()


def iterate_keys(*, page_size: int, tries: int) -> ItemFlow[KeyRecord]:
    """Return every key of the tenant, oldest first, page by page."""
    return iterate_pages("/v1/keys", [], "keys", KeyRecord.parse, page_size=page_size, tries=tries)


def create_key(
    *, name: str, scopes: Iterable[str], per_minute: int | None, kind: str, tries: int
) -> Flow[KeyRecord]:
    """`POST /v1/keys`; not sent again where it may have arrived: that would make two."""
    body = {"name": name, "scopes": list(scopes), "per_minute": per_minute, "kind": kind}
    call = Call("POST", "/v1/keys", body=body, is_repeatable=False)
    return KeyRecord.parse((yield from send(call, tries=tries)).read_json())


def revoke_key(key_id: str, *, tries: int) -> Flow[None]:
    """`DELETE /v1/keys/{id}`; twice is as good as once."""
    yield from send(Call("DELETE", f"/v1/keys/{quote(key_id, safe='')}"), tries=tries)
