"""Replicate's calls besides predictions: models, versions, files, the account, the secret.

Source: https://replicate.com/docs/reference/http, read 2026-11.
"""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from tracker.emulator.core.calls import ApiCall
from tracker.emulator.core.journal import BoundedDict
from tracker.emulator.core.multipart import parse_form
from tracker.emulator.core.refusals import Refusal, RefusalKind
from tracker.emulator.providers.replicate.prediction import format_instant

__all__ = [
    "ACCOUNT",
    "UploadedFileList",
    "build_model_view",
    "build_version_view",
    "derive_version",
]

ACCOUNT: Mapping[str, str] = {
    "type": "user",
    "username": "emulator",
    "name": "Emulator",
    "github_url": "https://github.com/replicate",
}
_BORN = "2026-01-01T00:00:00.000Z"
_DAY_MS = 24 * 3600 * 1000
_MOST_FILES = 1000
_SCHEMA: Mapping[str, Any] = {
    "openapi": "3.0.2",
    "info": {"title": "Cog", "version": "0.1.0"},
    "paths": {},
    "components": {
        "schemas": {
            "Input": {
                "type": "object",
                "title": "Input",
                "properties": {
                    "prompt": {"type": "string", "title": "Prompt"},
                    "num_outputs": {"type": "integer", "minimum": 1, "maximum": 4, "default": 1},
                },
            },
            "Output": {"type": "array", "title": "Output", "items": {"type": "string"}},
        }
    },
}


def derive_version(model: str) -> str:
    """Return the latest version of a model, 64 hex digits."""
    return hashlib.sha256(model.encode("utf-8", "replace")).hexdigest()


def build_version_view(version: str) -> dict[str, Any]:
    """Return the JSON of a version."""
    return {
        "id": version,
        "created_at": _BORN,
        "cog_version": "0.14.0",
        "openapi_schema": _SCHEMA,
    }


def build_model_view(model: str) -> dict[str, Any]:
    """Return the JSON of a model, `owner/name`."""
    owner, _, name = model.partition("/")
    return {
        "url": f"https://replicate.com/{model}",
        "owner": owner,
        "name": name,
        "description": None,
        "visibility": "public",
        "github_url": None,
        "paper_url": None,
        "license_url": None,
        "run_count": 1,
        "cover_image_url": None,
        "default_example": None,
        "latest_version": build_version_view(derive_version(model)),
    }


class UploadedFileList:
    """The uploaded files: what is known of them; their bytes are not kept."""

    def __init__(self) -> None:
        """Start empty; the oldest go beyond a thousand."""
        self._files: BoundedDict[tuple[str, str], Mapping[str, Any]] = BoundedDict(_MOST_FILES)

    def add(self, account: str, call: ApiCall, *, new_id: str, at: int) -> Mapping[str, Any]:
        """Enter the file of an upload.

        at: Unix milliseconds.
        Raises Refusal (invalid) without a field `content` or with metadata that is no object.
        """
        parts = {part.name: part for part in parse_form(call)}
        content = parts.get("content")
        if content is None:
            raise Refusal(RefusalKind.INVALID, "content: field required")
        metadata = _parse(parts["metadata"].content) if "metadata" in parts else {}
        file = {
            "id": new_id,
            "name": content.filename or "file",
            "content_type": content.media_type,
            "size": len(content.content),
            "etag": hashlib.sha256(content.content).hexdigest()[:32],
            "checksums": {"sha256": hashlib.sha256(content.content).hexdigest()},
            "metadata": metadata,
            "created_at": format_instant(at),
            "expires_at": format_instant(at + _DAY_MS),
            "urls": {"get": f"{call.root_url}/v1/files/{new_id}"},
        }
        self._files[account, new_id] = file
        return file

    def get(self, account: str, reference: str) -> Mapping[str, Any]:
        """Return what is known of a file; raises Refusal (not found)."""
        file = self._files.get((account, reference))
        if file is None:
            raise Refusal(RefusalKind.NOT_FOUND, "not found")
        return file


def _parse(raw: bytes) -> object:
    try:
        value = json.loads(raw)
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        raise Refusal(RefusalKind.INVALID, "metadata: must be a JSON object")
    return value
