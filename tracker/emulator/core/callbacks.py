"""Callbacks that a step of a task owes: how many, in what order, true or forged. No HTTP."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Generic, TypeVar
from urllib.parse import urlsplit, urlunsplit

from tracker.emulator.core.sending import CallbackContent, CallbackPost, CallbackSender
from tracker.emulator.core.signing import SignatureQuality
from tracker.emulator.core.tasks import SUCCEED, TERMINAL, EmulatedTask, TaskRegistry
from tracker.emulator.core.timeline import Timeline
from tracker.emulator.core.words import CoreWord

__all__ = ["FORGED_BASE_URL", "CallbackAnnouncer", "CallbackBuilder", "alter_url"]

FORGED_BASE_URL = "https://evil.example"
"""Where the results of forged callbacks point: it must appear in nobody's task."""
_FORGED_LEAD_MS = 60_000
_MOST_COPIES = 10_000

DetailsT = TypeVar("DetailsT")
CallbackBuilder = Callable[[EmulatedTask[DetailsT]], Sequence[CallbackContent]]
"""Words the callbacks of a task as it is now; none where the provider sends none."""


class CallbackAnnouncer(Generic[DetailsT]):
    """Turns a task's present state into callbacks, as its scenario wants them."""

    def __init__(
        self,
        build: CallbackBuilder[DetailsT],
        *,
        timeline: Timeline,
        registry: TaskRegistry[DetailsT],
        sender: CallbackSender,
        new_id: Callable[[], str],
    ) -> None:
        """Stand between the registry and the sender; `new_id` gives message ids."""
        self._build = build
        self._timeline = timeline
        self._registry = registry
        self._sender = sender
        self._new_id = new_id

    async def announce(self, task: EmulatedTask[DetailsT]) -> None:
        """Call back with the task as it is now; returns when the first tries are over."""
        if task.scenario.has(CoreWord.NO_CALLBACK):
            return
        if task.scenario.has(CoreWord.FINAL_ONLY) and task.status not in TERMINAL:
            return
        contents = [each for each in self._build(task) if each.url or task.callback_url]
        if not contents:
            return
        due = self._order_contents(task, task.status, contents)

        async def go() -> None:
            async with task.lane:
                await self._forge_once(task)
                for status, content in due:
                    await self._send_copies(task, status, content)

        if task.scenario.has(CoreWord.DELAYED):
            self._timeline.schedule_job(task.scenario.read_seconds(CoreWord.DELAYED), go)
        else:
            await go()

    def _order_contents(
        self, task: EmulatedTask[Any], status: str, contents: Sequence[CallbackContent]
    ) -> list[tuple[str, CallbackContent]]:
        """Return what to send now: `reordered` keeps all back until the verdict is out."""
        now = [(status, content) for content in contents]
        if not task.scenario.has(CoreWord.REORDERED):
            return now
        if status not in TERMINAL:
            task.held_back += now
            return []
        late, task.held_back = task.held_back, []
        return [*now, *reversed(late)]

    async def _send_copies(
        self, task: EmulatedTask[Any], status: str, content: CallbackContent
    ) -> None:
        duplicated = task.scenario.has(CoreWord.DUPLICATED)
        copies = task.scenario.count(CoreWord.DUPLICATED) if duplicated else 1
        post = self._post(task, content, status=status, quality=_choose_proof(task))
        await asyncio.gather(*(self._sender.send(post) for _ in range(min(copies, _MOST_COPIES))))

    async def _forge_once(self, task: EmulatedTask[DetailsT]) -> None:
        """Send two lies before the first true word: a guessed address, another task's ids."""
        url = task.callback_url
        if url is None or task.was_forged or not task.scenario.has(CoreWord.FORGED):
            return
        task.was_forged = True
        claim = replace(
            task,
            status=SUCCEED,
            message="",
            ready=len(task.artifacts),
            updated_at=task.updated_at + _FORGED_LEAD_MS,
            base_url=FORGED_BASE_URL,
        )
        other = self._registry.find_other(task)
        ids = (other.task_id, other.external_id) if other else (task.other_id, "no-such-task")
        swapped = replace(claim, task_id=ids[0], external_id=ids[1])
        for lie, address in ((claim, alter_url(url)), (swapped, url)):
            for content in self._build(lie):
                await self._sender.send(
                    self._post(
                        task,
                        replace(content, url=address),
                        status=SUCCEED,
                        kind="forged",
                        quality=SignatureQuality.NONE,
                    )
                )

    def _post(
        self,
        task: EmulatedTask[Any],
        content: CallbackContent,
        *,
        status: str,
        quality: SignatureQuality,
        kind: str = "genuine",
    ) -> CallbackPost:
        return CallbackPost(
            url=content.url or task.callback_url or "",
            content=content,
            provider=task.provider,
            task_id=task.task_id,
            status=status,
            message_id=self._new_id(),
            kind=kind,
            quality=quality,
        )


def _choose_proof(task: EmulatedTask[Any]) -> SignatureQuality:
    kinds = {
        CoreWord.BAD_SIGNATURE: SignatureQuality.WRONG,
        CoreWord.STALE_SIGNATURE: SignatureQuality.STALE,
        CoreWord.UNSIGNED: SignatureQuality.NONE,
    }
    return next(
        (how for name, how in kinds.items() if task.scenario.has(name)), SignatureQuality.GOOD
    )


def alter_url(url: str) -> str:
    """Return the same address with the last path segment (a token's place) changed."""
    parts = urlsplit(url)
    head, _, last = parts.path.rpartition("/")
    other = ("B" if last[:1] == "A" else "A") + last[1:]
    return urlunsplit(parts._replace(path=f"{head}/{other}"))
