"""An emulator, a client of it and a receiver of its callbacks, in one process without sockets."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

import httpx
import pytest

from tracker.emulator import EmulatorConfig, create_app
from tracker.emulator.core.emulator import Emulator
from tracker.emulator.core.timeline import ManualTimeline
from tracker.emulator.registry import REGISTRY, ProviderLoader

HOST = "http://emulator.example"
HOOK = "http://caller.example/hooks/token"
KEY = {"authorization": "Bearer emulator-key"}
NO_ANSWER = 0
"""Among `Scene.answers`: the receiver is too slow for the sender."""


_TURNS = 50
"""Of the loop: more than a call takes from one wait on the clock to the next."""
ResultT = TypeVar("ResultT")


@dataclass
class Scene:
    """The emulator, a client of it, and the callbacks that it made."""

    emulator: Emulator
    http: httpx.AsyncClient
    calls: list[httpx.Request] = field(default_factory=list)
    bodies: list[dict[str, Any]] = field(default_factory=list)
    answers: list[int] = field(default_factory=list)
    """HTTP statuses of the next answers to callbacks; 200 when used up."""

    async def found(self, url: str) -> dict[str, Any]:
        """Return the JSON object at an address that must answer 200."""
        answer = await self.http.get(url)
        assert answer.status_code == 200, answer.text
        body: dict[str, Any] = answer.json()
        return body

    async def advance(self, seconds: float) -> None:
        """Move the clock."""
        await self.clock.advance(seconds)

    async def while_time_passes(self, call: Coroutine[Any, Any, ResultT]) -> ResultT:
        """Return what a call brings that waits on the clock, which moves whenever it waits."""
        waiting = asyncio.ensure_future(call)
        while not waiting.done():
            for _ in range(_TURNS):
                await asyncio.sleep(0)
            if self.clock.count_planned() and not waiting.done():
                await self.advance(1)
        return await waiting

    @property
    def clock(self) -> ManualTimeline:
        """The emulator's clock."""
        assert isinstance(self.emulator.timeline, ManualTimeline)
        return self.emulator.timeline

    def told(self, name: str) -> list[Any]:
        """A field of all callbacks, in the order of their arrival."""
        return [body[name] for body in self.bodies]

    def receive(self, request: httpx.Request) -> httpx.Response:
        """Answer a callback, or echo a challenge."""
        if request.content == b"echo me" or request.content.startswith(b'{"challenge":'):
            is_mute = request.url.path == "/mute"
            return httpx.Response(200, content=b"" if is_mute else request.content)
        self.calls.append(request)
        self.bodies.append(json.loads(request.content))
        status = self.answers.pop(0) if self.answers else 200
        if status == NO_ANSWER:
            raise httpx.ReadTimeout("too slow", request=request)
        return httpx.Response(status)


SceneT = TypeVar("SceneT", bound=Scene)


@asynccontextmanager
async def staged(
    kind: type[SceneT], registry: Mapping[str, ProviderLoader], config: EmulatorConfig
) -> AsyncIterator[SceneT]:
    """Set up a scene. Its ids, and pictures drawn from them, are the same in each run."""
    config = replace(config, seed=1 if config.seed is None else config.seed)
    scenes: list[SceneT] = []

    def receive(request: httpx.Request) -> httpx.Response:
        return scenes[0].receive(request)

    app = create_app(config, registry=registry, transport=httpx.MockTransport(receive))
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url=HOST, headers=KEY) as http:
        scenes.append(kind(app.state.emulator, http))
        yield scenes[0]
    await app.state.emulator.close()


def play_in(
    kind: type[SceneT],
    registry: Mapping[str, ProviderLoader] = REGISTRY,
    config: EmulatorConfig | None = None,
) -> Callable[[Callable[[SceneT], Awaitable[None]]], Callable[[], None]]:
    """Return a decorator that makes a test of a coroutine function that takes a scene."""

    def scene(play: Callable[[SceneT], Awaitable[None]]) -> Callable[[], None]:
        def test() -> None:
            async def run() -> None:
                settings = config or EmulatorConfig(manual_clock=True)
                async with staged(kind, registry, settings) as stage:
                    await play(stage)

            asyncio.run(run())

        test.__name__ = play.__name__ if hasattr(play, "__name__") else "test"
        return test

    return scene


async def until(holds: Callable[[], object]) -> None:
    """Give way to other tasks of the loop until it holds."""
    for _ in range(10_000):
        if holds():
            return
        await asyncio.sleep(0)
    pytest.fail("waited in vain")
