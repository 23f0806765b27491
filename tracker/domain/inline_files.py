"""Names of files that came within an answer and were kept before the answer was read.

Such a name stands in the answer in the place of the file, and an adapter passes it on as the URL of
an artifact. It is signed: an answer that names a file by itself names none.
"""

import hashlib
import hmac
import json
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, quote, unquote, urlencode
from uuid import UUID

from tracker.domain.custody import (
    INLINE,
    Asset,
    AssetState,
    build_object_key,
    index_pieces,
    replace_task_urls,
)
from tracker.domain.task import Task

SCHEME = INLINE
MARK = "inline"
"""The mark of these files' objects; see `build_object_key`."""
_LOST = "tracker-lost:"
_MOST_REASON = 200
_TAG_CHARS = 32
_NAME = SCHEME.encode() + rb'[^"\\\s]+'
_NAMES = re.compile(rb'(?<!\\)"(' + _NAME + rb')"|(' + _NAME + rb")")
"""Names in an answer: JSON strings of their own, and parts of others."""


@dataclass(frozen=True, slots=True)
class InlineFile:
    """A file that is whole in the store, and that no row names yet.

    remark: what is to be said of it all the same; None for nothing.
    """

    id: UUID
    size: int
    sha256: bytes
    media_type: str
    remark: str | None = None

    def build_name(self, secret: bytes, tenant: str) -> str:
        """Return the name that stands in the place of the file."""
        facts = {"bytes": self.size, "sha256": self.sha256.hex(), "media_type": self.media_type}
        remark = {} if self.remark is None else {"remark": self.remark}
        said = urlencode(facts | remark)
        told = f"{SCHEME}{self.id}?{said}"
        return f"{told}&mark={_tag(secret, tenant, told)}"


def store_key_of(tenant: str, id_: UUID) -> str:
    """Return the object of such a file: its id tells when it was made."""
    made_at = datetime.fromtimestamp((id_.int >> 80) / 1000, UTC)
    return build_object_key(tenant, id_, made_at, MARK)


def read_name(text: str, secrets: Sequence[bytes], tenant: str) -> InlineFile | None:
    """Read a name that we gave; None for anything else."""
    told, sign, tag = text.rpartition("&mark=")
    if not sign or not told.startswith(SCHEME):
        return None
    if not any(hmac.compare_digest(_tag(one, tenant, told), tag) for one in secrets):
        return None
    id_, _, said = told.removeprefix(SCHEME).partition("?")
    given = parse_qs(said)
    return InlineFile(
        UUID(id_),
        int(given["bytes"][0]),
        bytes.fromhex(given["sha256"][0]),
        given["media_type"][0],
        given.get("remark", [None])[0],
    )


def describe_files(answer: bytes, secrets: Sequence[bytes], tenant: str) -> bytes:
    """Return an answer that says of each file what it was, in the place of its name.

    Names can be used elsewhere, for which an answer that is shown is no place. Where an object
    cannot stand, such as in a string that is JSON itself, a name is left without its mark.
    """

    def describe(found: re.Match[bytes]) -> bytes:
        name = found[1] or found[2]
        file = read_name(name.decode("utf-8", "replace"), secrets, tenant)
        if file is None:
            return found[0]
        if found[1] is None:
            return name.rpartition(b"&mark=")[0]
        facts = {"bytes": file.size, "sha256": file.sha256.hex(), "media_type": file.media_type}
        return json.dumps({"asset": str(file.id), **facts}).encode()

    return _NAMES.sub(describe, answer) if SCHEME.encode() in answer else answer


def is_name(url: str | None) -> bool:
    """Return whether a URL of an artifact is such a name, whoever gave it."""
    return url is not None and url.startswith(SCHEME)


def make_lost_name(reason: str) -> str:
    """Return what stands in an answer in the place of a file that could not be read."""
    return _LOST + quote(reason[:_MOST_REASON])


def read_lost_reason(value: Any) -> str | None:
    """Return why a file of an answer could not be read; None where no such name is given.

    It is not signed: a provider that writes one itself says no more than that it has no file.
    """
    if not isinstance(value, str) or not value.startswith(_LOST):
        return None
    return unquote(value.removeprefix(_LOST), errors="replace")[:_MOST_REASON]


def insert_content_urls(task: Task, base: str) -> Task:
    """Return a task in which our own URLs stand in the place of names. base: begins them."""
    urls = {
        piece.url: f"{base}/v1/assets/{piece.url.removeprefix(SCHEME).partition('?')[0]}/content"
        for piece in task.artifacts
        if piece.url is not None and is_name(piece.url)
    }
    return replace_task_urls(task, urls) if urls else task


def list_assets(
    task: Task,
    secrets: Sequence[bytes],
    *,
    known: Collection[str | None],
    keep: timedelta | None,
    now: datetime,
) -> list[Asset]:
    """Return the assets of a result's files that came within the answer.

    known: names whose files have been taken in before.
    keep:  how long they are kept; None for ever.
    """
    found = []
    for position, (name, piece) in enumerate(index_pieces(task.artifacts).items()):
        is_new = piece.url is not None and piece.url not in known
        file = read_name(piece.url, secrets, task.tenant) if is_new and piece.url else None
        if file is None:
            continue
        found.append(
            Asset(
                key=0,
                id=file.id,
                tenant=task.tenant,
                task_key=task.key,
                piece=name,
                position=position,
                kind=piece.kind,
                state=AssetState.KEPT,
                size=file.size,
                sha256=file.sha256,
                media_type=file.media_type,
                store_key=store_key_of(task.tenant, file.id),
                attempts=0,
                reason=file.remark,
                url_expires_at=None,
                created_at=now,
                ended_at=now,
                expires_at=None if keep is None else now + keep,
            )
        )
    return found


def _tag(secret: bytes, tenant: str, told: str) -> str:
    message = f"inline file\n{tenant}\n{told}".encode("utf-8", "replace")
    return hmac.new(secret, message, hashlib.sha256).hexdigest()[:_TAG_CHARS]
