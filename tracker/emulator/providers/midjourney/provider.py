"""Midjourney proxies: their paths, keys, follow-ups and callbacks.

Sources: https://github.com/novicezk/midjourney-proxy, https://github.com/trueai-org/midjourney-proxy
and https://github.com/QuantumNous/new-api, read 2026-11.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial

from tracker.emulator.core.calls import ApiCall, ApiRoute, Reply
from tracker.emulator.core.drafts import CreateRequest, ProviderRules, TaskDraft
from tracker.emulator.core.emulator import Emulator
from tracker.emulator.core.engine import Engine
from tracker.emulator.core.journal import encode_json
from tracker.emulator.core.media import make_media
from tracker.emulator.core.provider import (
    EmulatedProvider,
    MainJob,
    RoutedService,
    find_account_by_key,
)
from tracker.emulator.core.refusals import Refusal, RefusalKind
from tracker.emulator.core.scenario import Scenario
from tracker.emulator.core.sending import CallbackContent, RetryPolicy
from tracker.emulator.core.tasks import CANCELLED, SUCCEED, TaskStep
from tracker.emulator.providers.midjourney.follow_ups import (
    ContinuedJob,
    follow_up_of,
    is_window_opened,
    list_results,
)
from tracker.emulator.providers.midjourney.operations import (
    MidjourneyOperation,
    ProxyKind,
    list_operations,
)
from tracker.emulator.providers.midjourney.refusals import (
    FAULTS,
    build_coded_refusal,
    raise_after,
    raise_before,
    reply_of,
)
from tracker.emulator.providers.midjourney.task_view import (
    MODAL,
    MidjourneyDetails,
    MidjourneyTask,
    build_steps,
    build_task_view,
)
from tracker.emulator.providers.midjourney.words import MIDJOURNEY_WORDS, MidjourneyWord

__all__ = ["create"]

_ONCE = RetryPolicy(tries=1, backoff_seconds=0)
"""An error of the receiver is logged and no more."""
_NEWEST = 100
_DONE = "提交成功"


class MidjourneyApi:
    """The handlers of one kind of proxy's paths."""

    def __init__(
        self, emulator: Emulator, engine: Engine[MidjourneyDetails], kind: ProxyKind
    ) -> None:
        """Share one engine with the other kinds."""
        self._emulator, self._engine, self._kind = emulator, engine, kind

    def list_routes(self, base: str) -> Sequence[ApiRoute]:
        """Return the table of routes below a path such as `/mj`."""
        creates = [
            ApiRoute("POST", base + one.path, partial(self._create, one))
            for one in list_operations(self._kind)
        ]
        common = (
            ApiRoute("GET", f"{base}/task/{{id}}/fetch", self._fetch),
            ApiRoute("POST", f"{base}/task/list-by-condition", self._list_by_ids),
            ApiRoute("GET", f"{base}/task/{{id}}/image-seed", self._show_seed),
            ApiRoute("GET", f"{base}/image/{{id}}", self._serve_image),
        )
        own: list[ApiRoute] = []
        if self._kind is not ProxyKind.NOVICEZK:
            own.append(ApiRoute("POST", f"{base}/submit/upload-discord-images", self._upload))
        if self._kind is not ProxyKind.NEW_API:
            own.append(ApiRoute("GET", f"{base}/task/list", self._list))
        if self._kind in (ProxyKind.TRUEAI, ProxyKind.PLAIN):
            own.append(ApiRoute("POST", f"{base}/task/{{id}}/cancel", self._cancel))
        return (*creates, *common, *own)

    def list_routes_below(self, bases: Sequence[str]) -> Sequence[ApiRoute]:
        """Return the routes below each of several paths."""
        return [route for base in bases for route in self.list_routes(base)]

    def refuse(self, refusal: Refusal, _call: ApiCall) -> Reply:
        """Word a refusal."""
        return reply_of(self._kind, refusal)

    def _find_account(self, call: ApiCall) -> str:
        """Return the account behind the key, in the header where this kind expects it."""
        bare, own = call.headers.get("authorization"), call.headers.get("mj-api-secret")
        if self._kind is ProxyKind.NOVICEZK:
            key = own
        elif self._kind is ProxyKind.TRUEAI:
            key = bare or own  # the one that comes first must fit, whatever the other says
        else:
            key = (own or bare or "").removeprefix("Bearer ")
        return find_account_by_key(key, self._emulator.config)

    async def _create(self, operation: MidjourneyOperation, call: ApiCall) -> Reply:
        account, body = self._find_account(call), call.parse_object()
        flaw = operation.find_flaw(body)
        if flaw is not None:
            raise build_coded_refusal(
                4, f"{flaw.path} 参数错误", 400 if self._kind is ProxyKind.NEW_API else 200
            )
        scenario = self._engine.scenario
        follow_up = follow_up_of(operation.path, body)
        parent = None if follow_up is None else self._find_parent(account, follow_up)
        if follow_up is not None and parent is not None and follow_up.is_bookmark:
            return self._reply(1, parent.task_id)
        count = 4 if follow_up is not None and follow_up.is_all else 1
        request = CreateRequest(
            call=call,
            account=account,
            body=body,
            count=count,
            read=lambda played: self._draft_task(operation, body, follow_up, parent, played),
        )
        scenario = self._engine.find_scenario(request)
        raise_before(scenario)
        if operation.path == "/submit/modal" and parent is not None:
            reply = await self._continue(parent, body)
            raise_after(scenario)
            return reply
        try:
            tasks = await self._engine.create_group(request)
        finally:  # also where its answer is lost
            if count > 1:
                self._number_state(str(body.get("state") or ""))
        raise_after(scenario)
        return await self._reply_made(tasks, scenario, follow_up)

    async def _reply_made(
        self,
        tasks: Sequence[MidjourneyTask],
        scenario: Scenario,
        follow_up: ContinuedJob | None,
    ) -> Reply:
        result, code = ",".join(task.task_id for task in tasks), 1
        if scenario.has(MidjourneyWord.QUEUED):
            code = 22
        if is_window_opened(scenario, follow_up):
            await self._engine.move(tasks[0], TaskStep(after=0, status=MODAL))
            code = 21
        if self._kind is ProxyKind.NEW_API and not (follow_up and follow_up.has_window):
            code = 1  # it writes 1 in place of 21 and 22
        number = int(result) if scenario.has(MidjourneyWord.NUMBER_ID) and len(tasks) == 1 else None
        properties: dict[str, object] = {"discordInstanceId": "1118138338562560102"}
        if code == 22:
            properties["numberOfQueues"] = 3
        if code == 21:
            properties |= {"finalPrompt": tasks[0].details.prompt, "remix": True}
        return self._reply(code, result if number is None else number, properties)

    def _reply(
        self, code: int, result: object, properties: Mapping[str, object] | None = None
    ) -> Reply:
        words = {21: "Waiting for window confirm", 22: "排队中，前面还有3个任务"}
        body = {
            "code": code,
            "description": words.get(code, _DONE),
            "result": result,
            "properties": properties or {},
        }
        media_type = "text/plain" if self._kind is ProxyKind.NEW_API else None
        return Reply(encode_json(body), media_type=media_type or "application/json")

    async def _continue(self, task: MidjourneyTask, body: Mapping[str, object]) -> Reply:
        """Go on with a task that waits for its window; its own state and hook are ignored."""
        if task.status != MODAL:
            raise build_coded_refusal(4, "关联任务状态错误")
        prompt = body.get("prompt")
        if isinstance(prompt, str) and prompt:
            task.details = replace(task.details, prompt=prompt)
        seconds = self._emulator.config.step_seconds
        for step in build_steps(task.scenario):
            self._emulator.timeline.schedule_job(
                step.after * seconds, partial(self._engine.move, task, step)
            )
        await self._engine.move(task, TaskStep(after=0, status="accepted"))
        return self._reply(1, task.task_id)

    def _number_state(self, state: str) -> None:
        """Tell the tasks of one call apart by a number behind their state."""
        made = [task for task in self._engine.registry if task.details.state == state]
        for number, task in enumerate(made, 1):
            task.details = replace(task.details, state=f"{state}::{number}")

    def _find_parent(self, account: str, follow_up: ContinuedJob) -> MidjourneyTask:
        """Return the task that another one continues; raises a refusal."""
        parent = self._engine.registry.find(account, follow_up.task_id)
        if parent is None or self._engine.is_forgotten(parent):
            if self._kind is ProxyKind.NEW_API:
                raise build_coded_refusal(4, "task_no_found", 400)
            status = 404 if self._kind is ProxyKind.TRUEAI else 200
            raise build_coded_refusal(3, "关联任务不存在或已失效", status)
        is_ready = parent.status == (MODAL if follow_up.is_modal else SUCCEED)
        if not is_ready:
            raise build_coded_refusal(4, "关联任务状态错误")
        return parent

    def _draft_task(
        self,
        operation: MidjourneyOperation,
        body: Mapping[str, object],
        follow_up: ContinuedJob | None,
        parent: MidjourneyTask | None,
        scenario: Scenario,
    ) -> TaskDraft[MidjourneyDetails]:
        hook, state = body.get("notifyHook"), body.get("state")
        action = operation.action or (follow_up.action if follow_up else "") or "VARIATION"
        prompt = body.get("prompt") or (parent.details.prompt if parent else "")
        hook = hook if isinstance(hook, str) and self._kind is not ProxyKind.NEW_API else None
        is_instant = scenario.has(MidjourneyWord.INSTANT)
        is_window = is_window_opened(scenario, follow_up)
        return TaskDraft(
            operation=operation.path.removeprefix("/submit/").lstrip("/"),
            details=MidjourneyDetails(
                kind=self._kind,
                action=action,
                prompt=str(prompt),
                state=str(state or ""),
                notify_hook=hook,
                parent_id=None if parent is None else parent.task_id,
            ),
            callback_url=hook,
            creation_key=str(state or ""),
            artifacts=list_results(action, body),
            steps=(TaskStep(after=0, status=MODAL),) if is_window else build_steps(scenario),
            is_synchronous=is_instant,
            new_id=self._make_id,
        )

    def _make_id(self) -> str:
        """Return Unix milliseconds and three digits, as no other task has them."""
        while True:
            id_ = f"{self._engine.get_now_ms()}{self._engine.chance.randrange(1000):03}"
            if self._engine.registry.find_any(id_) is None:
                return id_

    async def _fetch(self, call: ApiCall) -> Reply:
        return self._show(await self._find(call, call.values["id"]))

    async def _list_by_ids(self, call: ApiCall) -> Reply:
        account, body = self._find_account(call), call.parse_object()
        ids = body.get("ids")
        found = []
        for id_ in ids if isinstance(ids, list) else []:
            try:
                task = await self._engine.find(account, str(id_), self._is_shown)
            except Refusal as refusal:
                if refusal.kind is not RefusalKind.NOT_FOUND:
                    raise
                continue
            found.append(self._build_view(task))
        return Reply(found[::-1])

    async def _list(self, call: ApiCall) -> Reply:
        account = self._find_account(call)
        await self._engine.query_faults(account, "list", self._engine.scenario)
        limit = 10**6 if self._kind is ProxyKind.NOVICEZK else _NEWEST
        page = self._engine.list_page(account, limit=limit, wanted=self._is_shown)
        return Reply([self._build_view(task) for task in page.tasks])

    async def _show_seed(self, call: ApiCall) -> Reply:
        task = await self._find(call, call.values["id"])
        return self._reply(1, task.other_id[:9])

    async def _serve_image(self, call: ApiCall) -> Reply:
        """Serve a picture to everybody, as gateways do."""
        task = self._engine.registry.find_any(call.values["id"])
        if task is None:
            raise build_coded_refusal(4, "task_no_found", 400)
        return Reply(make_media(task.task_id, "0.png"), media_type="image/png")

    async def _upload(self, call: ApiCall) -> Reply:
        self._find_account(call)
        pictures = call.parse_object().get("base64Array")
        if not isinstance(pictures, list) or not pictures:
            raise build_coded_refusal(4, "base64Array 参数错误")
        urls = [f"{call.base_url}/media/sample/{n}.png" for n, _ in enumerate(pictures)]
        return self._reply(1, urls)

    async def _cancel(self, call: ApiCall) -> Reply:
        """Answer every cancel alike; no callback tells of it, and a window cannot be cancelled."""
        account = self._find_account(call)
        task = self._engine.registry.find(account, call.values["id"])
        if task is not None and task.is_open and task.status != MODAL:
            await self._engine.cancel(task)
        return Reply(b"", 200)

    async def _find(self, call: ApiCall, id_: str) -> MidjourneyTask:
        return await self._engine.find(self._find_account(call), id_, self._is_shown)

    def _is_shown(self, task: MidjourneyTask) -> bool:
        word = MidjourneyWord.RESTARTED
        has_restarted = task.scenario.has(word)
        return not has_restarted or self._engine.measure_age(task) < task.scenario.read_seconds(
            word
        )

    def _build_view(self, task: MidjourneyTask) -> Mapping[str, object]:
        return build_task_view(task, age_s=self._engine.measure_age(task))

    def _show(self, task: MidjourneyTask) -> Reply:
        media_type = "text/plain" if self._kind is ProxyKind.NEW_API else "application/json"
        return Reply(encode_json(self._build_view(task)), media_type=media_type)


def _build_callbacks(task: MidjourneyTask) -> Sequence[CallbackContent]:
    """Word what a change of a task calls back with: neither a window nor a cancel is announced."""
    has = task.scenario.has
    if task.status in (MODAL, CANCELLED) or has(MidjourneyWord.INSTANT):
        return ()
    if has(MidjourneyWord.FALSE_TIMEOUT) and (task.stage != "false" or task.status == SUCCEED):
        return ()
    body = build_task_view(task, age_s=60, is_callback=True)
    contents = [CallbackContent(body=encode_json(body), retry=_ONCE)]
    if has(MidjourneyWord.ECHOES) and task.status == SUCCEED:
        late = {**body, "status": "IN_PROGRESS", "progress": "60%", "finishTime": None}
        contents += [contents[0], CallbackContent(body=encode_json(late), retry=_ONCE)]
    return contents


MAIN_JOB = MainJob(
    address="/mj",
    operation="imagine",
    input={"prompt": "a cat in the rain"},
)


def create(emulator: Emulator) -> EmulatedProvider[MidjourneyDetails]:
    """Return the emulated proxies, each below a prefix, and a lenient one at `/mj`."""
    engine: Engine[MidjourneyDetails] = Engine(
        emulator,
        ProviderRules(
            name="midjourney", callbacks=_build_callbacks, words=MIDJOURNEY_WORDS, faults=FAULTS
        ),
    )
    services = []
    for kind in ProxyKind:
        api = MidjourneyApi(emulator, engine, kind)
        modes = ("mj-fast", "mj-turbo", "mj-relax") if kind is not ProxyKind.NOVICEZK else ()
        bases = ("/mj", *(f"/{mode}/mj" for mode in modes))
        own = f"/{kind}" if kind is not ProxyKind.PLAIN else ""
        services.append(
            RoutedService((f"/midjourney{own}",), partial(api.list_routes_below, bases), api.refuse)
        )
        if kind is ProxyKind.PLAIN:
            services.append(RoutedService(("/mj",), partial(api.list_routes, ""), api.refuse))
            prefixes = [f"/{mode}" for mode in modes]
            services.append(RoutedService(prefixes, partial(api.list_routes, "/mj"), api.refuse))
    return EmulatedProvider(name="midjourney", engine=engine, services=services, main_job=MAIN_JOB)
