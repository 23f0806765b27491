"""Show a task to the client that made it while its text comes, in its provider's words.

All of it is read from the database: the worker that speaks with the provider may be in another
process, and goes on when the client has gone.
"""

import asyncio
import logging
from contextlib import aclosing

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from tracker.domain.errors import Unavailable
from tracker.domain.task import Task, replace_unknown_state
from tracker.providers.ports.commands import TextStream
from tracker.services.read.watch import WakeReason
from tracker.store import stream_texts, tasks
from tracker.store.stream_texts import TextSoFar
from tracker.web.edge import waiting
from tracker.web.edge.slow_readers import SlowReader, send_piece
from tracker.web.edge.state import get_holder, get_services
from tracker.web.fronts.files import iterate_pieces, split_text

log = logging.getLogger(__name__)


class StreamedTask(Response):
    """The answer to a create. It ends with the provider's answer, whatever that was."""

    def __init__(self, request: Request, task: Task, stream: TextStream) -> None:
        """task: as it was made, or the one that the create repeats."""
        headers = {"cache-control": "no-store", "x-accel-buffering": "no"}
        super().__init__(headers=headers, media_type=stream.media_type)
        del self.headers["content-length"]
        self._request = request
        self._task = task
        self._stream = stream

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Until the text has ended, the client goes or is cut, or the process ends."""
        del scope, receive
        await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
        slow_s = get_services(self._request).limits.slow_reader_s
        try:
            await self._send_piece(send, self._stream.begin(self._task), slow_s)
            if await self._send_text(send, slow_s):
                await send({"type": "http.response.body", "body": b""})
        except SlowReader:
            # Left without an end, which makes the server close the connection.
            log.info("the reader of a stream took nothing for a while and is cut")

    async def _send_text(self, send: Send, slow_s: float) -> bool:
        """Send what comes and its end; return whether there is still somebody to send it to."""
        our, told, woke = get_services(self._request), 0, WakeReason.NEWS
        loop, gone = asyncio.get_running_loop(), waiting.build_leave_waiter(self._request)
        beat_s, since = our.limits.heartbeat_s, our.watch.position
        beat_at, who = loop.time() + beat_s, get_holder(self._request)
        with our.watch.watch_task(self._task.id, since=since, wants=None, holder=who) as waiter:
            while woke in (WakeReason.NEWS, WakeReason.TIME):
                found = await self._look(told)
                if found.more or loop.time() >= beat_at:
                    await self._send_piece(send, self._render_piece(found.more), slow_s)
                    beat_at = loop.time() + beat_s
                told += len(found.more)
                if found.is_whole:
                    break
                woke = await waiter.sleep(min(beat_at, loop.time() + our.watch.poll_s), gone)
        if woke is not WakeReason.GONE:
            await self._send_piece(send, await self._end(woke), slow_s)
        return woke is not WakeReason.GONE

    async def _send_piece(self, send: Send, piece: bytes, slow_s: float) -> None:
        """Send a piece, with the files that are named in it."""
        if not self._stream.has_files:
            await send_piece(send, piece, slow_s)
            return
        serving, owner = get_services(self._request).serving, self._task.tenant
        parts = split_text(serving, owner, piece)
        async with aclosing(iterate_pieces(serving, owner, parts)) as pieces:
            async for more in pieces:
                await send_piece(send, more, slow_s)

    def _render_piece(self, text: str) -> bytes:
        return self._stream.write_piece(self._task, text) if text else self._stream.beat

    async def _look(self, told: int) -> TextSoFar:
        """Return what follows so many characters; nothing while the database is away."""
        key = self._task.key
        try:
            found = await get_services(self._request).store.read(
                lambda db: stream_texts.read_after(db, key, told)
            )
        except Unavailable as error:
            log.warning("a stream waits for its text: %(reason)s", {"reason": error})
            return TextSoFar("", is_whole=False)
        return found or TextSoFar("", is_whole=True)  # the task is gone, and so is its text

    async def _end(self, woke: WakeReason) -> bytes:
        """Return the end: of the task as it is now, or of one that goes on without its client."""
        if woke is WakeReason.REVOKED:
            return self._stream.end(self._task)
        key = self._task.key
        found = await get_services(self._request).store.read(
            lambda db: tasks.get_by_keys(db, [key])
        )
        return self._stream.end(replace_unknown_state(found.get(key, self._task)))
