"""Adapters as services use them, against the emulated providers, without sockets and database."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from tests.emulator.scene import HOST, Scene
from tests.providers.kinds import KINDS, Kind
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
FILE_NAME = "tracker-asset:0?bytes=1"
"""Stands in the place of an answer that is a file: the service keeps it and reads its name."""


@dataclass
class Caller:
    """An adapter, called as services call it. upstream: its kind, or the key in KINDS."""

    stage: Scene
    upstream: Kind | str

    @property
    def tried(self) -> Kind:
        return KINDS[self.upstream] if isinstance(self.upstream, str) else self.upstream

    @property
    def provider(self) -> Provider:
        return PROVIDERS[self.tried.provider]

    @property
    def account(self) -> Account:
        options = {"base_url": HOST + self.tried.address, "api_key": "emulator-key"}
        given = self.provider.options.model_validate(options | dict(self.tried.options))
        return self.provider.make_account("default", given)

    @property
    def is_called_back(self) -> bool:
        """Tell whether the service waits for callbacks about what the upstream makes."""
        calls_back = self.provider.calls_back
        return calls_back is not None and calls_back.has_callbacks(
            self.account, self.tried.operation
        )

    @property
    def now(self) -> datetime:
        return datetime.fromtimestamp(self.stage.emulator.get_now_ms() / 1000, UTC)

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
        assert submits.explain_unserved(self.account, operation) is None
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

    async def search(self, task: Task, body: Mapping[str, Any] | None = None) -> LookupOutcome:
        """Look a lost create up. body: what it was built from."""
        looks = self.provider.looks
        assert looks is not None
        asking = replace(self.asking(task), body=body)
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
        return lifecycle.apply(task, said.convert_to_event(source), now=self.now).task

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
        """Apply every callback that came, but for those that only hint at news."""
        calls_back = self.provider.calls_back
        assert calls_back is not None
        for request in self.stage.calls:
            for said in calls_back.parse_callback(inbound_of(request)):
                if isinstance(said, Observation):
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
