"""Custody of results: what is kept of a task's artifacts, how long, and when to try again. Pure.

An asset is one piece of a task's result (or a file that a caller uploaded) that we keep, or are to
keep, whatever becomes of the provider's URL.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from urllib.parse import quote
from uuid import UUID

from tracker.domain.enum_members import find_members_directly
from tracker.domain.notices import derive_id
from tracker.domain.records import record, replace_fields
from tracker.domain.task import Artifact, ArtifactState, Task, TaskState
from tracker.domain.url_expiry import find_expiry


@find_members_directly
class AssetState(StrEnum):
    """How far the custody of one file is. Stored and shown by value."""

    WANTED = "wanted"
    """It is to be fetched, or is being fetched."""
    KEPT = "kept"
    LOST = "lost"
    """It could not be fetched as long as its URL lived, or our copy has vanished."""
    REFUSED = "refused"
    """The file behind the URL may not be kept; the reason says why."""
    GONE = "gone"
    """It was kept, and dropped once its retention was over."""


_READY = ArtifactState.READY
_WITH_FILES = (TaskState.SUCCEEDED, TaskState.FAILED)
UPLOAD = "upload"
"""The kind of an asset that a caller uploaded and no task made."""
WITHDRAWN = "withdrawn"
"""The kind of an upload that its caller deleted: nothing new may name it, and what was submitted
with a link to it can still be read by the provider until the file expires."""
INLINE = "tracker-asset:"
"""Begins the URL of an artifact whose file came within an answer: see domain/inline_files.py."""
WAITS = "a file of an answer waits"
"""Begins the remark on what is kept, but not in the store yet: it lies on the machine that the
remark names."""
FROM_RESULT = b""
"""In the place of a sealed URL: the file lies where the task's result says. Only a URL that the
provider gave later stands nowhere else; releases before this one cannot open it, and look there."""
ASSUMED_LIFETIME = timedelta(days=1)
"""How long a URL is taken to live of which nothing says when it dies."""
FIRST_PAUSES = (timedelta(seconds=2), timedelta(seconds=10), timedelta(seconds=60))
"""After the first failed tries; then a tenth of what is left of the URL's life."""
SHORTEST_PAUSE = timedelta(seconds=5)
LONGEST_PAUSE = timedelta(days=1)
"""Between two looks for a file that its origin does not have."""
_HOST = re.compile(r"https?://(?:[^/?#@]*@)?([^/?#@]{1,255})(?=[/?#]|$)", re.IGNORECASE)
_OBJECT = re.compile(r"[^/]+/[0-9]{4}-[0-9]{2}/([0-9a-f-]{36})-[^/]+")
_BEFORE_HOST = "@"
"""No account has it in its name."""


@record
class Asset:
    """One file in our custody, or on its way there.

    task_key:   None for an upload.
    piece:      names it among its task's artifacts: see `name_pieces`.
    position:   of the artifact in the task's result.
    size:       bytes; None until it is kept.
    reason:     why it is not kept (yet), or a remark on what is; None for neither.
    attempts:   fetches that were tried.
    url_expires_at: when the provider's URL dies, as far as anybody says.
    expires_at: when retention drops it; None until it is kept.
    front:      the provider whose front's client uploaded it and may still name it; None for none.
    label:      what that client said of it; see domain/upload_label.py.
    """

    key: int
    id: UUID
    tenant: str
    task_key: int | None
    piece: str
    position: int
    kind: str
    state: AssetState
    size: int | None
    sha256: bytes | None
    media_type: str | None
    store_key: str | None
    attempts: int
    reason: str | None
    url_expires_at: datetime | None
    created_at: datetime
    ended_at: datetime | None
    expires_at: datetime | None
    front: str | None = None
    label: str | None = None


@record
class WantedFile:
    """A file that is to be fetched.

    dies_at: until when fetching is tried: the URL's end, or ASSUMED_LIFETIME from now.
    """

    id: UUID
    task: Task
    piece: str
    position: int
    kind: str
    url: str
    url_expires_at: datetime | None
    dies_at: datetime


@dataclass(frozen=True, slots=True)
class StoredObject:
    """An object as a listing of the store shows it. size: bytes. changed_at: aware UTC."""

    key: str
    size: int
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class Custody:
    """The rules of custody, chosen by settings.

    max_bytes: of one file.
    min_free_bytes: of the store's disk, below which nothing new is fetched.
    silence_s: how long an origin may send nothing.
    is_default: whether the files of accounts that say nothing about it are fetched.
    """

    max_bytes: int = 2 * 1024**3
    min_free_bytes: int = 1024**3
    silence_s: float = 30.0
    is_default: bool = True


def name_pieces(artifacts: Iterable[Artifact]) -> list[str]:
    """Name artifacts within their task: by key or id, else by their place in the result.

    Where a name is taken, as providers give two files one id, a later piece has its place behind
    it: else the second file would take the place of the first.
    """
    names = dict[str, None]()
    for position, piece in enumerate(artifacts):
        name = piece.key or piece.id or str(position)
        while name in names:
            name = f"{name}@{position}"
        names[name] = None
    return list(names)


def derive_asset_id(task: Task, piece: str, now: datetime) -> UUID:
    """Return an id for a piece's new asset.

    It sorts by when the result came, not by when its task was created: an index of ids then grows
    at its end, whatever the order in which tasks end.
    """
    return derive_id(now, "asset", task.id.hex, piece)


def may_have_assets(task: Task) -> bool:
    """Return whether a task has a result whose files may be kept, or a failure that brought some.

    A failure's are those alone that came within its answer: nothing is fetched for it.
    """
    return bool(task.artifacts) and task.state in _WITH_FILES


def index_pieces(artifacts: Sequence[Artifact]) -> dict[str, Artifact]:
    """Return the pieces of a result by their names."""
    return dict(zip(name_pieces(artifacts), artifacts, strict=True))


def list_replaced(before: Task, after: Task) -> list[str]:
    """Return the names of pieces whose assets do not belong to a task's newer result.

    Those that it has no more, and those whose file came within an answer and is another now. Where
    only the URL of a file is another, such as one signed anew, the file is taken for the same.
    """
    if before.artifacts is after.artifacts:
        return []
    newer = index_pieces(after.artifacts)
    return [
        name
        for name, piece in index_pieces(before.artifacts).items()
        if name not in newer
        or (newer[name].url != piece.url and (piece.url or "").startswith(INLINE))
    ]


def list_wanted(task: Task, *, lifetime: timedelta | None, now: datetime) -> list[WantedFile]:
    """Return what is to be fetched of a task that succeeded.

    lifetime: how long the provider's URLs live; None where it does not say.
    """
    found = []
    for position, (name, piece) in enumerate(index_pieces(task.artifacts).items()):
        if piece.url is None or piece.state is not _READY:
            continue
        if not piece.url.lower().startswith(("http://", "https://")):
            continue
        dies = find_url_end(piece, lifetime=lifetime, now=now)
        found.append(
            WantedFile(
                derive_asset_id(task, name, now),
                task,
                name,
                position,
                piece.kind,
                piece.url,
                dies,
                dies or now + ASSUMED_LIFETIME,
            )
        )
    return found


def find_url_end(piece: Artifact, *, lifetime: timedelta | None, now: datetime) -> datetime | None:
    """Return when an artifact's URL dies: the soonest of what anybody says; None: nobody does."""
    end = None if lifetime is None else now + lifetime
    for said in (piece.expires_at, find_expiry(piece.url or "")):
        if said is not None and (end is None or said < end):
            end = said
    return end


def fetch_lane(account_lane: str, url: str) -> str:
    """Return the lane of a file that is to be fetched: its account, and the host that it lies at.

    The account alone where the URL's host cannot be told for certain: what stands before it may be
    a password.
    """
    found = _HOST.match(url)
    return account_lane if found is None else f"{account_lane}{_BEFORE_HOST}{found[1].lower()}"


def get_account_lane(fetch_lane: str) -> str:
    """Return the lane of the account that a file is fetched for."""
    return fetch_lane.partition(_BEFORE_HOST)[0]


def build_object_key(tenant: str, id_: UUID, made_at: datetime, mark: str) -> str:
    """Name an object: by tenant, month, asset and a mark that no other write has.

    A tenant's name may hold what no file's name can.
    """
    folder = quote(tenant, safe="").replace(".", "%2E")[:200]
    return f"{folder}/{made_at:%Y-%m}/{id_}-{mark}"


def find_asset_of_object(store_key: str) -> UUID | None:
    """Return the asset that an object was named for; None for a name that is none of ours."""
    found = _OBJECT.fullmatch(store_key)
    try:
        return None if found is None else UUID(found[1])
    except ValueError:
        return None


def compute_next_try(
    attempts: int, *, now: datetime, dies_at: datetime, asked: timedelta = timedelta(0)
) -> datetime | None:
    """Return when to fetch again; None once the URL is dead.

    attempts: tries so far, the failed one included. asked: how long the origin asks to wait.
    """
    left = dies_at - now
    if left <= timedelta(0):
        return None
    if attempts <= len(FIRST_PAUSES):
        pause = FIRST_PAUSES[max(attempts, 1) - 1]
    else:
        pause = max(left / 10, SHORTEST_PAUSE)
    return now + min(max(pause, min(asked, left / 2)), left)


def compute_next_look(looks: int, *, now: datetime, ends: datetime) -> datetime | None:
    """Return when to look again for a file that its origin does not have; None after `ends`.

    Twice as long after each look, and sooner again before the end: some twenty looks in a day, some
    fifty in thirty. looks: so far, the failed one included.
    """
    left = ends - now
    if left <= timedelta(0):
        return None
    longest = FIRST_PAUSES[-1]
    if looks <= len(FIRST_PAUSES):
        pause = FIRST_PAUSES[max(looks, 1) - 1]
    else:
        doubled = longest * 2 ** min(looks - len(FIRST_PAUSES), 16)
        pause = min(doubled, LONGEST_PAUSE, max(left / 2, longest))
    return now + min(pause, left)


def index_by_piece(assets: Iterable[Asset]) -> dict[str, Asset]:
    """Index the assets of one task by the name of their piece."""
    return {asset.piece: asset for asset in assets}


def replace_task_urls(task: Task, urls: Mapping[str, str]) -> Task:
    """Return a task with other URLs in the place of some, wherever they stand in it.

    Ours need no credentials of an account.
    """
    artifacts = tuple(
        piece if (ours := urls.get(piece.url or "")) is None else _move_to(piece, ours)
        for piece in task.artifacts
    )
    return replace_fields(task, artifacts=artifacts, detail=replace_texts(task.detail, urls))


def _move_to(piece: Artifact, url: str) -> Artifact:
    return replace_fields(piece, url=url, needs_auth=False)


def replace_texts(value: Any, texts: Mapping[str, str]) -> Any:
    """Return a JSON value with other texts in the place of some, at any depth."""
    if isinstance(value, str):
        return texts.get(value, value)
    if isinstance(value, Mapping):
        return {name: replace_texts(item, texts) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [replace_texts(item, texts) for item in value]
    return value


Assets = Mapping[str, Asset]
"""The assets of one task by the name of their piece."""
