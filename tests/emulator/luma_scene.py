"""Luma's emulator as its caller sees it, for tests."""

from typing import Any

import httpx

from .scene import HOOK, Scene, play_in

BASE = "/luma/dream-machine/v1"


class LumaScene(Scene):
    """The emulator, as a caller of Luma sees it."""

    async def post(
        self, path: str = "/video", scenario: str = "ok", **fields: object
    ) -> httpx.Response:
        """Send a create; a field that is None is left out."""
        model = {"model": "photon-1" if path.startswith("/image") else "ray-2"}
        body = model | {"prompt": "a cat", "callback_url": HOOK} | fields
        return await self.http.post(
            f"{BASE}/generations{path}",
            json={name: value for name, value in body.items() if value is not None},
            headers={"x-emulator-scenario": scenario},
        )

    async def create(
        self, path: str = "/video", scenario: str = "ok", **fields: object
    ) -> dict[str, Any]:
        """Make a generation that must be accepted."""
        answer = await self.post(path, scenario, **fields)
        assert answer.status_code == 201, answer.text
        made: dict[str, Any] = answer.json()
        return made

    async def get(self, made: dict[str, Any]) -> dict[str, Any]:
        """Poll a generation that must be found."""
        return await self.found(f"{BASE}/generations/{made['id']}")

    async def delete(self, made: dict[str, Any]) -> httpx.Response:
        """Delete a generation."""
        return await self.http.delete(f"{BASE}/generations/{made['id']}")


scene = play_in(LumaScene)
