"""Adapters as services use them, against the emulated providers, without sockets and database."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from tests.emulator.scene import HOST, Scene
from tests.providers.support import a_task
from tracker.domain import lifecycle
from tracker.domain.events import Source
from tracker.domain.exchange import HttpCall, HttpResult
from tracker.domain.observation import Observation
from tracker.domain.outcome import (
    MAX_FOLLOWS,
    Accepted,
    CancelOutcome,
    Follow,
    LookupOutcome,
    More,
    Observed,
    PollOutcome,
    SubmitOutcome,
)
from tracker.domain.task import ArtifactState, Task, TaskState
from tracker.providers.ports.account import Account
from tracker.providers.ports.adapter import Asking, Sending
from tracker.providers.ports.callbacks import Inbound
from tracker.providers.ports.listing import ListedPage, ListedTask, ListRequest
from tracker.providers.ports.provider import Provider
from tracker.providers.registry import PROVIDERS

CALLBACK_URL = "http://tracker.example/callbacks/p/0/token"
PICTURE_URL = "https://pictures.example/a.png"
PICTURE_DATA = "data:image/png;base64,iVBORw0KGgo="
FILE_NAME = "tracker-asset:0?bytes=1"
"""Stands in the place of an answer that is a file: the service keeps it and reads its name."""


@dataclass(frozen=True)
class Kind:
    """One kind of upstream of a provider, and something that it makes.

    address: of its emulator, below the emulator's host.
    options: of the account, besides address and key.
    """

    provider: str
    address: str
    operation: str
    input: Mapping[str, Any]
    options: Mapping[str, Any] = field(default_factory=dict)


KINDS: Mapping[str, Kind] = {
    "luma": Kind(
        "luma",
        "/luma/dream-machine/v1",
        "generations/video",
        {"model": "ray-2", "prompt": "a cat"},
    ),
    "luma at a gateway": Kind("luma", "/luma", "generations/web", {"user_prompt": "a cat"}),
    "luma agents": Kind(
        "luma",
        "/luma-agents/v1",
        "agents/generations",
        {"type": "video", "model": "ray-3.2", "prompt": "a cat"},
        {"profile": "agents"},
    ),
    "runway at kie": Kind(
        "runway",
        "/runway-kie/api/v1",
        "runway/generate",
        {"prompt": "a cat", "duration": 5, "quality": "720p", "aspectRatio": "16:9"},
        {"profile": "kie"},
    ),
    "aleph at kie": Kind(
        "runway",
        "/runway-kie/api/v1",
        "aleph/generate",
        {"prompt": "a cat", "videoUrl": "https://videos.example/a.mp4"},
        {"profile": "kie"},
    ),
    "runway with numbers": Kind(
        "runway",
        "/uniapp-service/api/runway",
        "add",
        {
            "taskType": "gen3a_turbo",
            "images": [{"frameIndex": 0, "image": PICTURE_URL}],
            "ratio": "16:9",
            "seconds": 5,
            "textPrompt": "a cat",
        },
    ),
    "domo by its bot": Kind(
        "domo", "/domo-discord/v1", "gen", {"prompt": "a cat"}, {"profile": "discord"}
    ),
    "midjourney": Kind("midjourney", "/mj", "imagine", {"prompt": "a cat"}),
    "domo": Kind("domo", "/domo/v1", "video/text2video", {"prompt": "a cat", "seconds": 5}),
    "openai videos": Kind(
        "openai", "/openai/v1", "videos", {"model": "sora-2", "prompt": "a cat", "seconds": "4"}
    ),
    "openai rows": Kind(
        "openai", "/openai/v1", "video/generations", {"model": "sora-2", "prompt": "a cat"}
    ),
    "openai tasks": Kind(
        "openai",
        "/openai/v1",
        "videos",
        {"model": "sora-2", "prompt": "a cat"},
        {"profile": "tasks"},
    ),
    "pika at a gateway": Kind("pika", "/pika", "generate", {"promptText": "a cat"}),
    "pika in comfy": Kind("pika", "/proxy/pika", "2.2/t2v", {"promptText": "a cat", "seed": 7}),
    "chat": Kind(
        "chat",
        "/chat/v1",
        "chat/completions",
        {"model": "suno-v3.5", "messages": [{"role": "user", "content": "a song"}]},
    ),
    "replicate": Kind(
        "replicate",
        "/replicate/v1",
        "models/acme/pic",
        {"input": {"prompt": "a cat", "num_outputs": 2}},
    ),
    "cogvideox": Kind(
        "cogvideox",
        "/cogvideox/api/paas/v4",
        "videos/generations",
        {"model": "cogvideox-3", "prompt": "a cat"},
    ),
    "cogvideox at a gateway": Kind(
        "cogvideox",
        "/cogvideox/v4",
        "videos/generations",
        {"model": "cogvideox-3", "prompt": "a cat"},
    ),
    "ark": Kind(
        "ark",
        "/ark/api/v3",
        "contents/generations/tasks",
        {
            "model": "doubao-seedance-1-5-pro-251215",
            "content": [{"type": "text", "text": "a cat"}],
            "duration": 5,
        },
    ),
    "hailuo": Kind(
        "hailuo",
        "/hailuo",
        "v1/video_generation",
        {"model": "MiniMax-Hailuo-2.3", "prompt": "a cat"},
    ),
    "wan": Kind(
        "wan",
        "/wan/api/v1",
        "video-generation/video-synthesis",
        {"model": "wan2.6-t2v", "input": {"prompt": "a cat"}},
    ),
    "vidu": Kind(
        "vidu",
        "/vidu",
        "text2video",
        {"model": "viduq2-pro", "prompt": "a cat", "duration": 5, "payload": "theirs"},
    ),
    "fal": Kind("fal", "/fal", "fal-ai/flux/dev", {"input": {"prompt": "a cat", "num_images": 2}}),
    "veo": Kind(
        "veo",
        "/veo/v1beta",
        "predictLongRunning",
        {"model": "veo-3.1-generate-preview", "instances": [{"prompt": "a cat"}]},
    ),
    "interactions": Kind(
        "veo",
        "/veo/v1beta",
        "interactions",
        {"model": "gemini-omni-1.2-flash", "input": "a cat"},
    ),
    "flux": Kind("flux", "/bfl/v1", "flux-2-pro", {"prompt": "a cat"}),
    "jimeng at a relay": Kind("jimeng", "/jimeng", "jimeng_t2i_v40", {"prompt": "a cat"}),
    "flux at a gateway": Kind("flux", "/flux/v1", "flux-2-pro", {"prompt": "a cat"}),
    "runway": Kind(
        "runway",
        "/runway/official",
        "image_to_video",
        {"model": "gen4_turbo", "promptImage": PICTURE_URL, "promptText": "a cat", "duration": 5},
    ),
    "runway at a gateway": Kind(
        "runway",
        "/runwayml",
        "image_to_video",
        {"model": "gen3a_turbo", "promptImage": PICTURE_URL, "promptText": "a cat"},
    ),
    "stability": Kind(
        "stability",
        "/stability",
        "stable-image/upscale/creative",
        {"image": PICTURE_DATA, "prompt": "a cat"},
    ),
    "stability at once": Kind(
        "stability", "/stability", "stable-image/generate/core", {"prompt": "a cat"}
    ),
    "runway of the web": Kind(
        "runway",
        "/runway",
        "tasks",
        {"taskType": "gen3a_turbo", "options": {"seconds": 5, "text_prompt": "a cat"}},
    ),
}

RUNWAYS = ["runway", "runway at a gateway", "runway of the web"]
COGVIDEOS = ["cogvideox", "cogvideox at a gateway"]
PIKAS = ["pika at a gateway", "pika in comfy"]
VIDEOS = ["openai videos", "openai rows", "openai tasks"]
FLUXES = ["flux", "flux at a gateway"]
CALLING = ["luma", "replicate"]
"""Kinds that call back."""
POLLED = [
    *RUNWAYS,
    *COGVIDEOS,
    *PIKAS,
    *VIDEOS,
    *FLUXES,
    "ark",
    "jimeng at a relay",
    "luma at a gateway",
    "luma agents",
    "runway at kie",
    "aleph at kie",
    "runway with numbers",
    "domo",
    "fal",
    "hailuo",
    "interactions",
    "veo",
    "stability",
    "vidu",
    "wan",
]
"""Kinds that polls are enough for."""
TOLD = [
    "aleph at kie",
    "ark",
    "domo",
    "fal",
    "flux",
    "hailuo",
    "interactions",
    "runway at kie",
    "veo",
    "vidu",
]
"""Those of them that call back as well."""


@dataclass
class Caller:
    """An adapter, called as services call it. name: a key of KINDS."""

    stage: Scene
    name: str

    @property
    def tried(self) -> Kind:
        return KINDS[self.name]

    @property
    def provider(self) -> Provider:
        return PROVIDERS[self.tried.provider]

    @property
    def account(self) -> Account:
        options = {"base_url": HOST + self.tried.address, "api_key": "emulator-key"}
        given = self.provider.options.model_validate(options | dict(self.tried.options))
        return self.provider.account("default", given)

    @property
    def now(self) -> datetime:
        return datetime.fromtimestamp(self.stage.emulator.now_ms() / 1000, UTC)

    async def send(self, call: HttpCall | None) -> HttpResult:
        assert call is not None
        answer = await self.stage.http.request(
            call.method, call.url, headers=dict(call.headers), content=call.body
        )
        kind = answer.headers.get("content-type", "").partition("/")[0]
        is_file = answer.is_success and kind in ("image", "video", "audio", "model")
        content = json.dumps(FILE_NAME).encode() if is_file else answer.content
        return HttpResult(answer.status_code, dict(answer.headers), content)

    async def submit(
        self,
        operation: str | None = None,
        input_: Mapping[str, Any] | None = None,
        parent: Task | None = None,
        again: Task | None = None,
        url: str | None = CALLBACK_URL,
    ) -> tuple[Task, SubmitOutcome]:
        """Create a task; it is `submitted` with their id where that was accepted.

        again: a task whose create is sent once more. url: of our callbacks.
        """
        submits = self.provider.submits
        operation, input_ = operation or self.tried.operation, input_ or self.tried.input
        assert submits.serves(self.account, operation) is None
        task = again or a_task(operation, state=TaskState.UNCERTAIN, submitted_at=None)
        body = submits.check(operation, input_).body
        sending = Sending(self.account, task, body, parent, url, self.now)
        outcome = submits.parse_submit(sending, await self.send(submits.build_submit(sending)))
        if isinstance(outcome, Accepted):
            task = replace(
                task,
                state=TaskState.SUBMITTED,
                provider_task_id=outcome.provider_task_id,
                context=outcome.context,
                costs=outcome.costs,
                submitted_at=self.now,
            )
        return task, outcome

    async def made(self, operation: str | None = None, **more: Any) -> Task:
        """Create a task that must be accepted."""
        task, outcome = await self.submit(operation, **more)
        assert isinstance(outcome, Accepted), outcome
        return task

    def asking(self, task: Task) -> Asking:
        since = self.now - timedelta(seconds=5)
        return Asking(self.account, (task,), self.now, callback_url=CALLBACK_URL, since=since)

    async def poll(self, task: Task) -> PollOutcome:
        polls = self.provider.polls
        assert polls is not None
        asking = self.asking(task)
        (outcome,) = polls.parse_poll(asking, await self.send(polls.build_poll(asking)))
        for _ in range(MAX_FOLLOWS):
            if not isinstance(outcome, Follow):
                break
            answer = await self.send(outcome.call)
            (outcome,) = polls.parse_poll(replace(asking, page=outcome.page), answer)
        return outcome

    async def search(self, task: Task) -> LookupOutcome:
        looks = self.provider.looks
        assert looks is not None
        asking = self.asking(task)
        while True:
            outcome = looks.parse_lookup(asking, await self.send(looks.build_lookup(asking)))
            if not isinstance(outcome, More):
                return outcome
            asking = replace(asking, page=outcome.page)

    async def listed(self, since: datetime) -> list[ListedTask]:
        """Walk the account's list to its end."""
        lists = self.provider.lists
        assert lists is not None
        request, found = ListRequest(self.account, since, self.now), list[ListedTask]()
        while True:
            page = lists.parse_list(request, await self.send(lists.build_list(request)))
            assert isinstance(page, ListedPage)
            found += page.tasks
            if page.following is None:
                return found
            request = replace(request, page=page.following)

    async def cancel(self, task: Task) -> CancelOutcome:
        cancels = self.provider.cancels
        assert cancels is not None
        asking = self.asking(task)
        return cancels.parse_cancel(asking, await self.send(cancels.build_cancel(asking)))

    def asked_to_cancel(self, task: Task) -> Task:
        """Return a task that a caller wants cancelled."""
        return replace(task, cancel_asked_at=self.now)

    def seen(self, task: Task, said: Observation, source: Source) -> Task:
        return lifecycle.apply(task, said.as_event(source), now=self.now).task

    async def polled_to_its_end(self, task: Task, *, looks: int = 12) -> Task:
        """Look twice a second step until there is a verdict."""
        for _ in range(looks):
            await self.stage.advance(0.5)
            outcome = await self.poll(task)
            if isinstance(outcome, Observed):
                task = self.seen(task, outcome.observation, Source.POLL)
            if task.state in (TaskState.SUCCEEDED, TaskState.FAILED, TaskState.CANCELLED):
                break
        return task

    def told(self, task: Task) -> Task:
        """Apply every callback that came."""
        calls_back = self.provider.calls_back
        assert calls_back is not None
        for request in self.stage.calls:
            for said in calls_back.parse_callback(inbound_of(request)):
                assert isinstance(said, Observation)
                task = self.seen(task, said, Source.CALLBACK)
        return task

    def play(self, scenario: str) -> None:
        self.stage.emulator.set_scenario(scenario, self.tried.provider)


def inbound_of(request: httpx.Request) -> Inbound:
    """Return a callback as it came."""
    return Inbound(request.method, request.url.path, "", dict(request.headers), request.content)


def states_of(task: Task) -> list[ArtifactState]:
    """The state of each piece of a task's result."""
    return [piece.state for piece in task.artifacts]
