"""Facts that a front's client told of a file that it uploaded: kept with the file, as a text."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

_MOST_NAME = 255
"""Characters of a name; file systems take no longer ones."""


@dataclass(frozen=True, slots=True)
class UploadLabel:
    """The facts about an uploaded file that its bytes do not tell.

    front:      the provider whose front took it in.
    name:       as the client wrote it; empty for none.
    media_type: as the client said; None for nothing.
    fields:     texts of its form.
    """

    front: str
    name: str = ""
    media_type: str | None = None
    fields: Mapping[str, str] = field(default_factory=dict)

    def format_text(self) -> str:
        """Return all but the front, for a row."""
        said = {"name": self.name[:_MOST_NAME], "type": self.media_type, "fields": self.fields}
        # PostgreSQL's texts hold no NUL; JSON escapes it, and lone surrogates with it.
        return json.dumps(said, separators=(",", ":"))


def label_of(front: str, text: str | None) -> UploadLabel:
    """Read the text of a row; what newer code may have added is left out."""
    said: dict[str, Any] = json.loads(text) if text else {}
    return UploadLabel(
        front, str(said.get("name") or ""), said.get("type"), dict(said.get("fields") or {})
    )
