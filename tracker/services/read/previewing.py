"""Open a piece of a result for a page: our copy where it is kept, else the provider's file.

The provider's file comes through the address guard, so that the reader's browser tells nobody
anything and asks no other host; and only media whose bytes and declared type agree are passed on.
"""

import asyncio
from collections import OrderedDict
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from dataclasses import dataclass, field
from enum import StrEnum
from uuid import UUID

from tracker.domain.byte_range import find_range
from tracker.domain.custody import Asset, index_by_piece, name_pieces
from tracker.domain.errors import NO_SUCH_TASK, BrokenTransfer, NotFound, UnkeepableFile
from tracker.domain.exchange import HttpFailure, HttpStream
from tracker.domain.media_type import FIRST_BYTES
from tracker.domain.preview import MAX_BYTES, choose_shown_type
from tracker.domain.task import Artifact, Task
from tracker.services.context import Context
from tracker.services.own_tasks import find_own_task
from tracker.services.storage import Downloads
from tracker.store import assets

AT_ONCE = 4
"""Files that a process passes on at once."""
PATIENCE_S = 5.0
"""How long a file waits for its turn."""
_REMEMBERED = 256
"""Files whose first bytes are known, so that a range of one is passed on without a look at them."""
_GONE = frozenset({401, 403, 404, 410})
_PASSED_ON = ("content-range", "content-length", "accept-ranges", "etag", "last-modified")


class NoPreview(StrEnum):
    """Why a piece is not shown."""

    NOTHING = "nothing"
    """It has no file."""
    GONE = "gone"
    """Its address has expired at the provider."""
    FORBIDDEN = "forbidden"
    """Its address lies where no user's URL may lead."""
    TYPE = "type"
    """It is none of the media that are shown, or is declared as something else."""
    LARGE = "large"
    BUSY = "busy"
    """Too many are being passed on."""
    UNREACHABLE = "unreachable"


class CannotShow(Exception):
    """A piece is not shown. detail: what was found, for people."""

    def __init__(self, why: NoPreview, detail: str = "") -> None:
        super().__init__(f"{why}: {detail}")
        self.why, self.detail = why, detail


@dataclass(slots=True)
class OpenPreview:
    """A file on its way to a page. Close it, however far it was read: it holds a turn.

    status:  200 or 206. headers: of the answer. begun: the bytes that were looked at.
    """

    status: int
    headers: Mapping[str, str]
    begun: bytes = field(repr=False)
    _rest: AsyncGenerator[bytes, None] = field(repr=False)
    _turns: asyncio.Semaphore = field(repr=False)
    _is_open: bool = True

    async def iterate_chunks(self) -> AsyncGenerator[bytes, None]:
        """Yield the bytes, up to the bound.

        Raises BrokenTransfer, UnkeepableFile where they end too soon.
        """
        size = len(self.begun)
        if self.begun:
            yield self.begun
        async for chunk in self._rest:
            size += len(chunk)
            if size > MAX_BYTES:
                raise BrokenTransfer("larger than a page may show")
            yield chunk

    async def aclose(self) -> None:
        """Close the connection and give the turn back."""
        if self._is_open:
            self._is_open = False
            self._turns.release()
            await self._rest.aclose()


@dataclass(frozen=True, slots=True)
class PieceFile:
    """A piece of a result. asset: our copy, in whatever state; None where there is none."""

    task: Task
    piece: Artifact
    asset: Asset | None


class Previews:
    """Opens files for pages. One per process: it counts those that are open."""

    def __init__(
        self, context: Context, downloads: Downloads, *, patience_s: float = PATIENCE_S
    ) -> None:
        """downloads: the guarded way to files. patience_s: less, for tests."""
        self._context = context
        self._downloads = downloads
        self._patience_s = patience_s
        self._turns = asyncio.Semaphore(AT_ONCE)
        self._types: OrderedDict[str, str] = OrderedDict()

    async def find(self, tenant: str, id_: UUID, number: int) -> PieceFile:
        """Return a piece of a task, by its place from 0. Raises NotFound, Unavailable."""
        task = await find_own_task(self._context.store, tenant, id_)
        if not 0 <= number < len(task.artifacts):
            raise NotFound(NO_SUCH_TASK)
        kept = await self._context.store.read(lambda db: assets.list_of_tasks(db, [task.key]))
        name = name_pieces(task.artifacts)[number]
        asset = index_by_piece(kept.get(task.key, ())).get(name)
        return PieceFile(task, task.artifacts[number], asset)

    async def open(self, file: PieceFile, range_header: str | None) -> OpenPreview:
        """Open the provider's file. range_header: the Range field of the reader's request.

        Raises CannotShow.
        """
        url = file.piece.url
        if url is None or not url[:8].lower().startswith(("http://", "https://")):
            raise CannotShow(NoPreview.NOTHING)
        try:
            await asyncio.wait_for(self._turns.acquire(), self._patience_s)
        except TimeoutError:
            raise CannotShow(NoPreview.BUSY) from None
        is_handed_on = False
        try:
            secrets = await self._build_secret_headers(file)
            wanted = _parse_single_range(range_header)
            if wanted is not None and url not in self._types:
                await self._look(url, secrets)
            opened = await self._pass_on(url, secrets, wanted)
            is_handed_on = True
            return opened
        finally:
            if not is_handed_on:
                self._turns.release()

    async def _build_secret_headers(self, file: PieceFile) -> Mapping[str, Mapping[str, str]]:
        if not self._context.has_account(file.task):
            return {}
        account = self._context.get_account(file.task)
        found = await self._context.calls.build_file_headers(file.task.provider, account)
        if isinstance(found, HttpFailure):
            raise CannotShow(NoPreview.UNREACHABLE, found.reason)
        return found

    async def _look(self, url: str, secrets: Mapping[str, Mapping[str, str]]) -> None:
        """Learn a file's type from its first bytes; raises CannotShow where it is not shown."""
        answer = await self._ask(url, secrets, {"range": f"bytes=0-{FIRST_BYTES - 1}"})
        async with aclosing(answer.chunks):
            self._remember_type(url, answer, await _read_first(answer.chunks))

    async def _pass_on(
        self, url: str, secrets: Mapping[str, Mapping[str, str]], wanted: str | None
    ) -> OpenPreview:
        answer = await self._ask(url, secrets, {} if wanted is None else {"range": wanted})
        is_handed_on = False
        try:
            begun = b""
            if answer.status != 206:
                begun = await _read_first(answer.chunks)
                self._remember_type(url, answer, begun)
            self._check_size(answer)
            headers = {name: answer.headers[name] for name in _PASSED_ON if name in answer.headers}
            if answer.headers.get("content-encoding", "identity").lower() != "identity":
                headers.pop("content-length", None)
            headers["content-type"] = self._types[url]
            is_handed_on = True
            return OpenPreview(answer.status, headers, begun, answer.chunks, self._turns)
        finally:
            if not is_handed_on:
                await answer.chunks.aclose()

    async def _ask(
        self, url: str, secrets: Mapping[str, Mapping[str, str]], more: Mapping[str, str]
    ) -> HttpStream:
        sent = {"accept-encoding": "identity", **more}
        answer = await self._downloads.open_file(url, sent, secrets)
        if isinstance(answer, HttpFailure):
            is_inside = answer.reason.startswith("may not be")
            why = NoPreview.FORBIDDEN if is_inside else NoPreview.UNREACHABLE
            raise CannotShow(why, answer.reason)
        if answer.status in (200, 206):
            return answer
        await answer.chunks.aclose()
        if answer.status in _GONE:
            raise CannotShow(NoPreview.GONE, f"HTTP {answer.status}")
        raise CannotShow(NoPreview.UNREACHABLE, f"HTTP {answer.status}")

    def _remember_type(self, url: str, answer: HttpStream, first: bytes) -> None:
        declared = answer.headers.get("content-type", "")
        shown = choose_shown_type(first[:FIRST_BYTES], declared)
        if shown is None:
            self._types.pop(url, None)
            raise CannotShow(NoPreview.TYPE, declared[:100])
        self._types[url] = shown
        while len(self._types) > _REMEMBERED:
            self._types.popitem(last=False)

    def _check_size(self, answer: HttpStream) -> None:
        total = answer.headers.get("content-range", "").rpartition("/")[2]
        size = total or answer.headers.get("content-length", "")
        if size.isdecimal() and int(size) > MAX_BYTES:
            raise CannotShow(NoPreview.LARGE)


async def _read_first(chunks: AsyncGenerator[bytes, None]) -> bytes:
    """Return enough of the first bytes to tell the type. Raises CannotShow."""
    first = b""
    try:
        while len(first) < FIRST_BYTES:
            chunk = await anext(chunks, b"")
            if not chunk:
                break
            first += chunk
    except (BrokenTransfer, UnkeepableFile) as error:
        raise CannotShow(NoPreview.UNREACHABLE, str(error)) from None
    return first


def _parse_single_range(header: str | None) -> str | None:
    """Return a Range field with one range, spelt plainly; None for none, or for the whole file."""
    if header is None:
        return None
    size = MAX_BYTES
    found = find_range(header, size)
    if found is None or found.is_whole:
        return None
    text = header.strip().lower().replace(" ", "")
    return text if text.startswith("bytes=") else None
