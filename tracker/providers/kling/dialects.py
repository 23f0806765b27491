"""A verdict's fields from one of Kling's dialects into the other, for whoever asks in it.

One poller serves both dialects, so a legacy task's verdict may have come as `outputs[]` and
`billing[]`; and `/tasks` shows legacy tasks too. Source: Kling's callbacks and task pages, 2026-09.
"""

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from types import MappingProxyType
from typing import Any

from tracker.domain.cost import Cost
from tracker.domain.task import Artifact
from tracker.providers.kling.costs import read_costs

Json = dict[str, Any]

_PLURALS: Mapping[str, str] = MappingProxyType(
    {"video": "videos", "image": "images", "audio": "audios", "voice": "voices"}
    | {"element": "elements"}
)
_KINDS: Mapping[str, str] = MappingProxyType(
    {plural: kind for kind, plural in _PLURALS.items()} | {"series_images": "image"}
)
_NEW_NAMES: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "audio": {
            "url_mp3": "mp3_url",
            "url_wav": "wav_url",
            "duration_mp3": "mp3_duration",
            "duration_wav": "wav_duration",
        },
        "voice": {"voice_id": "id", "voice_name": "name", "trial_url": "url"},
        "element": {"element_id": "id", "element_name": "name"},
    }
)
"""By kind: the legacy name of a piece's field → the new one. The others are the same."""
_LENGTHS = frozenset({"duration", "duration_mp3", "duration_wav", "mp3_duration", "wav_duration"})
"""Strings of seconds in both dialects, whatever a gateway makes of them."""


def find_task_result(detail: Mapping[str, Any], artifacts: Sequence[Artifact]) -> Json:
    """Legacy `task_result`: as the provider gave it, else made of what it gave elsewhere."""
    given = detail.get("task_result")
    if isinstance(given, Mapping) and given:
        return {name: _format_pieces(pieces) for name, pieces in given.items()}
    result: Json = {}
    for kind, piece in _iterate_new_pieces(detail, artifacts):
        old = {new: old for old, new in _NEW_NAMES.get(kind, {}).items()}
        named = {old.get(name, name): value for name, value in piece.items()}
        pieces = result.setdefault(_PLURALS.get(kind, f"{kind}s"), [])
        pieces.append({"index": len(pieces)} | named if kind == "image" else named)
    return result


def find_outputs(detail: Mapping[str, Any], artifacts: Sequence[Artifact]) -> list[Json]:
    """New-standard `outputs[]`, likewise."""
    given = detail.get("task_result")
    if "outputs" in detail or not isinstance(given, Mapping) or not given:
        return [{"type": kind} | piece for kind, piece in _iterate_new_pieces(detail, artifacts)]
    found: list[Json] = []
    for name, pieces in given.items():
        kind = _KINDS.get(name, name)
        new = _NEW_NAMES.get(kind, {})
        for piece in _format_pieces(pieces) if isinstance(pieces, list) else ():
            if isinstance(piece, Mapping):
                named = {new.get(field, field): value for field, value in piece.items()}
                if kind == "image":  # has none here
                    named.pop("index", None)
                found.append({"type": kind} | named)
    return found


def find_deductions(detail: Mapping[str, Any]) -> Json:
    """Legacy `final_unit_deduction` and `final_balance_deduction`: strings, or not there."""
    said: Json = {
        name: _format_strings(detail[name])
        for name in ("final_unit_deduction", "final_balance_deduction")
        if detail.get(name) is not None
    }
    if said or "billing" not in detail:
        return said
    charged = read_costs(detail)
    cash = [cost for cost in charged if cost.kind == "cash"]
    units = [cost for cost in charged if cost.kind != "cash"]
    if units:
        said["final_unit_deduction"] = _sum(units)
    if cash:
        priced = [Cost("cash", cost.list_price) for cost in cash if cost.list_price]
        listed = {"list_price": _sum(priced)} if priced else {}
        said["final_balance_deduction"] = {"quota": _sum(cash)} | listed
    return said


def find_billing(detail: Mapping[str, Any]) -> list[Json]:
    """New-standard `billing[]`: amounts are strings."""
    given = detail.get("billing")
    if isinstance(given, list):
        return [_format_strings(entry) for entry in given if isinstance(entry, Mapping)]
    return [
        {"charge_type": cost.kind, "amount": cost.amount}
        | ({"list_price": cost.list_price} if cost.list_price else {})
        for cost in read_costs(detail)
    ]


def _iterate_new_pieces(
    detail: Mapping[str, Any], artifacts: Sequence[Artifact]
) -> Iterator[tuple[str, Json]]:
    """Yield kind and fields of each piece, in the new standard's names."""
    given = detail.get("outputs")
    for piece in _format_pieces(given) if isinstance(given, list) else ():
        if isinstance(piece, Mapping):
            fields = {name: value for name, value in piece.items() if name != "type"}
            yield str(piece.get("type") or "file"), fields
    if isinstance(given, list) and given:
        return
    for artifact in artifacts:
        known = {"id": artifact.id, "url": artifact.url, "duration": artifact.duration_s}
        fields = dict(artifact.extra) | {k: v for k, v in known.items() if v is not None}
        new = _NEW_NAMES.get(artifact.kind, {})
        yield artifact.kind, {new.get(name, name): value for name, value in fields.items()}


def _format_pieces(pieces: Any) -> Any:
    """Return pieces with their lengths as strings."""
    if not isinstance(pieces, list):
        return pieces
    return [
        {k: str(v) if k in _LENGTHS and v is not None else v for k, v in piece.items()}
        if isinstance(piece, Mapping)
        else piece
        for piece in pieces
    ]


def _format_strings(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _format_strings(item) for name, item in value.items()}
    return value if value is None or isinstance(value, str) else str(value)


def _sum(parts: Sequence[Cost]) -> str:
    return f"{sum((Decimal(part.amount) for part in parts), Decimal(0)):f}"
