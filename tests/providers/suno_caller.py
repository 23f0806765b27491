"""Suno's adapter in front of each kind of upstream, for tests."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from tests.providers.caller import Caller
from tests.providers.kinds import Kind
from tests.providers.suno_answers import SONG
from tracker.domain.events import Source
from tracker.domain.outcome import Follow, Observed, PollOutcome
from tracker.domain.task import Task
from tracker.providers.ports.adapter import Asking
from tracker.providers.registry import PROVIDERS

SUNO = PROVIDERS["suno"]
ADDRESSES = {
    "gateway": "/suno",
    "raw": "/suno",
    "sunoapi": "/sunoapi/api/v1",
    "kie": "/kie/api/v1",
    "gcui": "/gcui/api",
}
SIMPLE: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    "gateway": ("submit/music", {"prompt": "[Verse] la", "tags": "pop", "title": "t"}),
    "raw": ("raw/generate", {"prompt": "[Verse] la", "mv": "chirp-v4"}),
    "sunoapi": ("generate", SONG),
    "kie": ("generate", SONG),
    "gcui": ("gcui/custom_generate", {"prompt": "[Verse] la", "tags": "pop"}),
}
PROFILES = tuple(ADDRESSES)


@dataclass
class Upstream(Caller):
    """The adapter in front of one kind of upstream."""

    upstream: Kind | str = "suno"
    profile: str = "gateway"
    secrets: Sequence[str] = ()

    @property
    def tried(self) -> Kind:
        options = {"profile": self.profile, "webhook_secrets": tuple(self.secrets)}
        return Kind("suno", ADDRESSES[self.profile], *SIMPLE[self.profile], options)

    async def poll(self, task: Task) -> PollOutcome:
        polls, asking = SUNO.polls, self.asking(task)
        assert polls is not None
        (outcome,) = polls.parse_poll(asking, await self.send(polls.build_poll(asking)))
        if isinstance(outcome, Follow):
            asking = replace(asking, page=outcome.page)
            (outcome,) = polls.parse_poll(asking, await self.send(outcome.call))
        return outcome

    async def polled_together(self, tasks: Sequence[Task]) -> Sequence[PollOutcome]:
        """Ask for several tasks in one call."""
        assert SUNO.polls is not None
        asking = Asking(self.account, tasks, self.now)
        return SUNO.polls.parse_poll(asking, await self.send(SUNO.polls.build_poll(asking)))

    async def seen_at_each_half(self) -> tuple[Task, list[list[str]]]:
        """Make a task and look at it; return it, and the pieces of sound after each change."""
        task = await self.made()
        seen: list[list[str]] = [[]]
        for _ in range(10):
            await self.stage.advance(0.5)
            outcome = await self.poll(task)
            assert isinstance(outcome, Observed), outcome
            task = self.seen(task, outcome.observation, Source.POLL)
            if sounds(task) != seen[-1]:
                seen.append(sounds(task))
        return task, seen


def sounds(task: Task) -> list[str]:
    return [piece.state.value for piece in task.artifacts if piece.kind == "audio"]


def playable(task: Task) -> list[str]:
    urls = [piece.url for piece in task.artifacts if piece.kind == "audio" and piece.url]
    assert not [url for url in urls if url.endswith("None.mp3")]
    return urls
