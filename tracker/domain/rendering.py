"""A task as JSON: the shape that the API answers with and that deliveries carry. Pure."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from itertools import repeat
from typing import Any, overload

from tracker.domain.custody import Asset, Assets, AssetState, name_pieces
from tracker.domain.inline_files import is_name
from tracker.domain.task import Artifact, Task

_NOT_KEPT: Mapping[str, Asset] = {}
_REACHABLE = frozenset({AssetState.WANTED, AssetState.KEPT})
CONTENT = "/v1/assets/{}/content"
"""Where the bytes of an asset are served, by its id."""


def render_task(task: Task, assets: Assets = _NOT_KEPT, *, base: str = "") -> dict[str, Any]:
    """Return a task, whole but for its input.

    assets: what we keep of its result. base: begins the URLs of these; our public URL.
    """
    return {
        "id": str(task.id),
        "provider": task.provider,
        "account": task.account,
        "operation": task.operation,
        "external_task_id": task.external_task_id,
        "provider_task_id": task.provider_task_id,
        "state": task.state.value,
        "version": task.version,
        "provider_status": task.provider_status,
        "message": task.message,
        "progress": task.progress,
        "stage": task.stage,
        "result": _render_result(task, assets, base),
        "error": _render_error(task),
        "costs": [asdict(cost) for cost in task.costs],
        "overdue": task.overdue,
        "metadata": dict(task.metadata),
        "cancel_asked_at": format_instant(task.cancel_asked_at),
        "parent_id": None if task.parent_id is None else str(task.parent_id),
        "resubmit_of": None if task.resubmit_of is None else str(task.resubmit_of),
        "created_at": format_instant(task.created_at),
        "updated_at": format_instant(task.updated_at),
        "submitted_at": format_instant(task.submitted_at),
        "finished_at": format_instant(task.finished_at),
        "deadline_at": format_instant(task.deadline_at),
    }


@overload
def format_instant(when: datetime) -> str: ...
@overload
def format_instant(when: None) -> None: ...
@overload
def format_instant(when: datetime | None) -> str | None: ...
def format_instant(when: datetime | None) -> str | None:
    """RFC 3339 in UTC, to the millisecond."""
    if when is None:
        return None
    if when.tzinfo is not UTC:
        when = when.astimezone(UTC)
    return f"{when.isoformat(timespec='milliseconds')[:23]}Z"


def render_asset(asset: Asset, *, base: str) -> dict[str, Any]:
    """Return what is told of an asset wherever it stands. base: begins its URL."""
    is_reachable = asset.state in _REACHABLE
    return {
        "id": str(asset.id),
        "state": asset.state.value,
        "url": base + CONTENT.format(asset.id) if is_reachable else None,
        "bytes": asset.size,
        "sha256": None if asset.sha256 is None else asset.sha256.hex(),
        "media_type": asset.media_type,
        "reason": asset.reason,
        "expires_at": format_instant(asset.expires_at),
    }


def _render_result(task: Task, assets: Assets, base: str) -> dict[str, Any] | None:
    if not task.artifacts:
        return None
    kept = map(assets.get, name_pieces(task.artifacts)) if assets else repeat(None)
    found = [
        _render_artifact(piece, asset, base)
        for piece, asset in zip(task.artifacts, kept, strict=False)
    ]
    return {"artifacts": found}


def _render_artifact(piece: Artifact, asset: Asset | None, base: str) -> dict[str, Any]:
    dies_at = piece.expires_at if asset is None else asset.url_expires_at
    known = {
        "kind": piece.kind,
        "url": None if is_name(piece.url) else piece.url,
        "id": piece.id,
        "duration_s": piece.duration_s,
        "state": piece.state.value,
        "expires_at": format_instant(piece.expires_at),
        "url_expires_at": format_instant(dies_at),
        "asset": None if asset is None else render_asset(asset, base=base),
    }
    return {**piece.extra, **known}


def _render_error(task: Task) -> dict[str, Any] | None:
    if task.error is None:
        return None
    return {"type": task.error.type, "code": task.error.code, "message": task.error.message}
