"""An adapter in front of an emulated Midjourney proxy of one kind."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tests.emulator.scene import HOST, Scene
from tests.providers.caller import Caller
from tests.providers.kinds import Kind
from tracker.domain.task import Task
from tracker.providers.ports.account import Account
from tracker.providers.ports.adapter import Asking
from tracker.providers.registry import PROVIDERS

PROVIDER = PROVIDERS["midjourney"]
PICTURE = "data:image/png;base64,iVBORw0KGgo="
OPEN = ("novicezk", "trueai")
KINDS = (*OPEN, "new-api")


@dataclass
class Proxy(Caller):
    """The adapter in front of one kind of proxy."""

    upstream: Kind | str = "midjourney"
    kind: str = "trueai"

    def __post_init__(self) -> None:
        # The adapter alone says which field carries the key.
        self.stage.http.headers.pop("authorization", None)

    @property
    def account(self) -> Account:
        options = {
            "base_url": f"{HOST}/midjourney/{self.kind}/mj",
            "api_key": "emulator-key",
            "profile": self.kind,
        }
        return PROVIDER.make_account("default", PROVIDER.options.model_validate(options))

    async def polled_together(self, tasks: Sequence[Task]) -> Sequence[Any]:
        """Ask for several tasks in one call."""
        assert PROVIDER.polls is not None
        asking = Asking(self.account, tasks, self.now)
        return PROVIDER.polls.parse_poll(asking, await self.send(PROVIDER.polls.build_poll(asking)))


async def played(stage: Scene, kind: str, scenario: str = "ok") -> Proxy:
    proxy = Proxy(stage, kind=kind)
    proxy.play(scenario)
    return proxy


async def ended(proxy: Proxy, operation: str, input_: Mapping[str, Any], **more: Any) -> Task:
    return await proxy.polled_to_its_end(await proxy.made(operation, input_=input_, **more))
