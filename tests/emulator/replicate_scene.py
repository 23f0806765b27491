"""The scene of tests of Replicate's emulator."""

import asyncio
import hashlib
from collections.abc import Coroutine
from typing import Any

import httpx

from .scene import HOOK, Scene, play_in, until

BASE = "/replicate/v1"
DIGEST = hashlib.sha256(b"acme/pic").hexdigest()
ALL_EVENTS = ["start", "output", "logs", "completed"]
OWN_SECRET = "whsec_dGVzdHNlY3JldHRlc3RzZWNyZXR0ZXN0c2VjcmV0MTI="


class ReplicateScene(Scene):
    """The emulator, as a caller of Replicate sees it."""

    async def post(
        self,
        scenario: str = "ok",
        path: str = "/models/acme/pic/predictions",
        headers: dict[str, str] | None = None,
        **fields: object,
    ) -> httpx.Response:
        """Send a create."""
        body = {"input": {"prompt": "a cat"}, "webhook": HOOK} | fields
        return await self.http.post(
            f"{BASE}{path}",
            json={name: value for name, value in body.items() if value is not None},
            headers={"x-emulator-scenario": scenario} | (headers or {}),
        )

    async def create(self, scenario: str = "ok", **fields: Any) -> dict[str, Any]:
        """Make a prediction that must be accepted."""
        answer = await self.post(scenario, **fields)
        assert answer.status_code == 201, answer.text
        made: dict[str, Any] = answer.json()
        return made

    async def get(self, made: dict[str, Any]) -> dict[str, Any]:
        """Poll a prediction at its own address; it must be found."""
        return await self.found(made["urls"]["get"])

    async def hold(self, planned: int, **fields: Any) -> "asyncio.Task[httpx.Response]":
        """Send a create that waits, and return when so many jobs wait for the clock."""
        asking: Coroutine[Any, Any, httpx.Response] = self.post(**fields)
        held = asyncio.create_task(asking)
        await until(lambda: self.clock.count_planned() == planned)
        assert not held.done()
        return held


scene = play_in(ReplicateScene)
