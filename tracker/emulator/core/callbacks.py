"""Which callbacks a task's move owes: how many, in what order, true or forged. No HTTP."""

import asyncio
from collections.abc import Callable
from urllib.parse import urlsplit, urlunsplit

from tracker.emulator.core.config import EmulatorConfig
from tracker.emulator.core.journal import json_bytes
from tracker.emulator.core.sending import Post, Sender, Signature
from tracker.emulator.core.tasks import SUCCEED, TERMINAL, Task, TaskBook
from tracker.emulator.core.timeline import Timeline
from tracker.emulator.providers.kling.gateways import acedata_final, piapi_record
from tracker.emulator.providers.kling.operations import Dialect
from tracker.emulator.providers.kling.standard import task_view as new_task_view
from tracker.emulator.providers.kling.wire import callback_body, mixed_view, plain_view
from tracker.emulator.providers.kling.words import Name

__all__ = ["EVIL_URL", "Announcer", "altered_url"]

EVIL_URL = "https://evil.example/forged.mp4"
"""Result address of forged callbacks: it must appear in nobody's task."""


_TERMINAL_ONLY = frozenset({Dialect.SOLUTION, Dialect.PIAPI, Dialect.ACEDATA})
_OTHERS_CALL = frozenset({Dialect.PIAPI, Dialect.ACEDATA})
"""Gateways that call back themselves, and know nothing of the provider's secrets."""


class Announcer:
    """Turns a task's present state into callbacks, as its scenario wants them."""

    def __init__(
        self,
        config: EmulatorConfig,
        *,
        timeline: Timeline,
        book: TaskBook,
        sender: Sender,
        new_id: Callable[[], str],
    ) -> None:
        """Stand between the task book and the sender; `new_id` gives request and webhook ids."""
        self._config = config
        self._timeline = timeline
        self._book = book
        self._sender = sender
        self._new_id = new_id

    async def announce(self, task: Task) -> None:
        """Call back with the task as it is now; returns when the first tries are over."""
        if task.callback_url is None or task.scenario.has(Name.NO_CALLBACK):
            return
        if task.dialect in _TERMINAL_ONLY and task.status not in TERMINAL:
            return
        url = task.callback_url
        body = json_bytes(_body_of(task, request_id=self._new_id()))
        due = self._in_order(task, task.status, body)

        async def go() -> None:
            async with task.lane:
                await self._forge_once(task, url)
                for status, content in due:
                    await self._send_copies(task, url, status, content)

        if task.scenario.has(Name.DELAYED):
            self._timeline.after(task.scenario.seconds(Name.DELAYED), go)
        else:
            await go()

    def _in_order(self, task: Task, status: str, body: bytes) -> list[tuple[str, bytes]]:
        """What to send now: `reordered` keeps everything back until the verdict is out."""
        if not task.scenario.has(Name.REORDERED):
            return [(status, body)]
        if status not in TERMINAL:
            task.held_back.append((status, body))
            return []
        late, task.held_back = task.held_back, []
        return [(status, body), *reversed(late)]

    async def _send_copies(self, task: Task, url: str, status: str, body: bytes) -> None:
        duplicated = task.scenario.has(Name.DUPLICATED)
        copies = task.scenario.count(Name.DUPLICATED) if duplicated else 1
        post = Post(
            url=url,
            body=body,
            task_id=task.task_id,
            status=status,
            message_id=self._new_id(),
            tries=self._config.callback_tries,
            signature=_signature_of(task),
            shared_secret=task.callback_secret,
        )
        await asyncio.gather(*(self._sender.send(post) for _ in range(min(copies, 10_000))))

    async def _forge_once(self, task: Task, url: str) -> None:
        """Two lies before the first true word: a guessed address, and another task's ids."""
        if task.was_forged or not task.scenario.has(Name.FORGED):
            return
        task.was_forged = True
        other = self._book.other_than(task)
        other_ids = (other.task_id, other.external_id) if other else (task.other_id, "no-such-task")
        await self._send_forged(task, altered_url(url), (task.task_id, task.external_id))
        await self._send_forged(task, url, other_ids)

    async def _send_forged(self, task: Task, url: str, ids: tuple[str, str | None]) -> None:
        claim = {
            "task_id": ids[0],
            "task_status": SUCCEED,
            "task_status_msg": "",
            "task_info": {} if ids[1] is None else {"external_task_id": ids[1]},
            "created_at": task.created_at,
            "updated_at": task.updated_at + 60_000,
            "final_unit_deduction": "0",
            "task_result": {"videos": [{"id": "1", "url": EVIL_URL, "duration": "5.041"}]},
        }
        await self._sender.send(
            Post(
                url=url,
                body=json_bytes(claim),
                task_id=task.task_id,
                status=SUCCEED,
                message_id=self._new_id(),
                kind="forged",
                signature=Signature.NONE,
            )
        )


def _body_of(task: Task, *, request_id: str) -> object:
    """The shape that the door a task came through calls back with."""
    match task.dialect:
        case Dialect.LEGACY:
            return callback_body(task, request_id=request_id)
        case Dialect.NEW_API:  # the upstream calls, under its own id
            return plain_view(task) | {"task_id": task.other_id}
        case Dialect.PIAPI:
            return {"timestamp": task.updated_at // 1000, "data": piapi_record(task)}
        case Dialect.ACEDATA:
            return acedata_final(task)
        case Dialect.STANDARD | Dialect.SOLUTION:
            is_mixed = task.scenario.has(Name.MIXED)
            return mixed_view(task) if is_mixed else new_task_view(task)


def _signature_of(task: Task) -> Signature:
    kinds = {
        Name.BAD_SIGNATURE: Signature.WRONG,
        Name.STALE_SIGNATURE: Signature.STALE,
        Name.UNSIGNED: Signature.NONE,
    }
    if task.dialect in _OTHERS_CALL:
        return Signature.NONE
    return next((how for name, how in kinds.items() if task.scenario.has(name)), Signature.GOOD)


def altered_url(url: str) -> str:
    """The same address with the last path segment (where a token would be) changed."""
    parts = urlsplit(url)
    head, _, last = parts.path.rpartition("/")
    other = ("B" if last[:1] == "A" else "A") + last[1:]
    return urlunsplit(parts._replace(path=f"{head}/{other}"))
