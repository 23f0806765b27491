"""Creation and search of Suno's tasks, shared by all protocols of the emulator."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from tracker.emulator.core.calls import ApiCall
from tracker.emulator.core.config import EmulatorConfig
from tracker.emulator.core.drafts import CreateRequest, ProviderRules, TaskDraft
from tracker.emulator.core.emulator import Emulator
from tracker.emulator.core.engine import Engine
from tracker.emulator.core.provider import find_account_by_header
from tracker.emulator.core.refusals import CodedRefusal, Refusal, RefusalKind
from tracker.emulator.core.scenario import Scenario
from tracker.emulator.core.sending import CallbackContent
from tracker.emulator.core.tasks import FAILED, SUCCEED, TaskStep
from tracker.emulator.core.words import CoreWord
from tracker.emulator.providers.suno.songs import FIRST, TEXT, SunoDetails, SunoTask
from tracker.emulator.providers.suno.words import SUNO_WORDS, SunoWord

__all__ = ["Check", "SunoCreate", "SunoTasks", "require_fields"]

Check = Callable[[Mapping[str, object]], str | None]
"""Returns the mistake of a body; None when there is none."""
_SONG_STEPS = (
    TaskStep(after=1, stage=TEXT),
    TaskStep(after=2, stage=FIRST, ready=1),
    TaskStep(after=3, status=SUCCEED, stage="complete"),
)
_OTHER_STEPS = (TaskStep(after=1), TaskStep(after=2, status=SUCCEED))


@dataclass(frozen=True, kw_only=True)
class SunoCreate:
    """One create of a protocol.

    kind: see SunoDetails. hook: the field of the callback URL; None where there is none.
    """

    operation: str
    kind: str
    check: Check
    hook: str | None = None


class SunoTasks:
    """The tasks of all protocols, in one engine."""

    def __init__(
        self,
        emulator: Emulator,
        callbacks: Callable[[SunoTask], Sequence[CallbackContent]],
    ) -> None:
        """Take the emulator that they live in, and the wording of their callbacks."""
        self.config: EmulatorConfig = emulator.config
        self.engine: Engine[SunoDetails] = Engine(
            emulator, ProviderRules(name="suno", callbacks=callbacks, words=SUNO_WORDS)
        )

    async def create(self, call: ApiCall, account: str, create: SunoCreate) -> SunoTask:
        """Make a task."""
        body = call.parse_object()
        request = CreateRequest(
            call=call,
            account=account,
            body=body,
            read=lambda scenario: self._draft_task(scenario, create, body),
        )
        if self.engine.find_scenario(request).has(SunoWord.TWO_JOBS):
            request = replace(request, count=2)
        task = (await self.engine.create_group(request))[0]
        if task.scenario.has(SunoWord.BLOCKED_SUBMIT):
            await self.engine.wait(task)
        return task

    def _draft_task(
        self, scenario: Scenario, create: SunoCreate, body: Mapping[str, object]
    ) -> TaskDraft[SunoDetails]:
        if scenario.has(SunoWord.CODE_IN_200):
            raise CodedRefusal(
                200, int(scenario.read_word(SunoWord.CODE_IN_200)), "refused by its code"
            )
        flaw = create.check(body)
        if flaw is not None:
            raise Refusal(RefusalKind.INVALID, flaw)
        kind, hook = create.kind, create.hook
        url = body.get(hook) if hook is not None else None
        is_song = kind == "music"
        names = ("0.mp3", "1.mp3") if is_song else (_FILES.get(kind, "0.mp3"),)
        ids = [self.engine.make_uuid() for _ in names]
        key = next(
            (str(body[name]) for name in (hook, *_NAMING) if name and body.get(name)),
            create.operation,
        )
        return TaskDraft(
            operation=create.operation,
            details=SunoDetails(kind=kind, clip_ids=ids, fields=body),
            callback_url=url if isinstance(url, str) and url else None,
            creation_key=key,
            artifacts=names,
            steps=_bend(scenario, _SONG_STEPS if is_song else _OTHER_STEPS),
            new_id=self.engine.make_number if scenario.has(SunoWord.NUMBER_ID) else None,
        )

    def find_account(self, call: ApiCall) -> str:
        """Return the account behind a Bearer key; raises Refusal (unauthorized)."""
        return find_account_by_header(call, self.config)

    async def find_by_clips(self, account: str, ids: Sequence[str]) -> Mapping[str, SunoTask]:
        """Return the task of each song that there is; raises as `Engine.query_faults`."""
        found = {
            clip: task
            for task in self.engine.registry
            if task.account == account and not self.engine.is_forgotten(task)
            for clip in task.details.clip_ids
            if clip in ids
        }
        tasks = list(found.values())
        scenario = tasks[0].scenario if tasks else self.engine.scenario
        await self.engine.query_faults(account, ",".join(ids), scenario)
        return found

    def is_spoiled(self, task: SunoTask) -> bool:
        """Return whether this answer shows addresses that were made of nothing."""
        return not task.is_open and self.engine.count_try(task, SunoWord.NONE_MP3)


def _bend(scenario: Scenario, steps: Sequence[TaskStep]) -> Sequence[TaskStep]:
    """Return the steps as a lie about songs wants them."""
    last = steps[-1]
    if scenario.has(CoreWord.FAILED) or scenario.has(CoreWord.MODERATED):
        return _OTHER_STEPS  # fails before there is a song
    if scenario.has(SunoWord.PAIR_FAIL):
        return (*steps[:-1], replace(last, status=FAILED, message="one song failed", ready=1))
    if scenario.has(SunoWord.TIMEOUT_LIE):
        return (*steps[:-1], replace(last, status=FAILED, message="task time out", ready=2))
    if scenario.has(SunoWord.FROZEN):
        return (*steps[:-1], TaskStep(after=last.after, ready=2))
    if scenario.has(SunoWord.STREAMING_FOREVER):
        return steps[:-1]
    return steps


_FILES: Mapping[str, str] = {"videoUrl": "0.mp4", "images": "0.png"}
_NAMING = ("prompt", "gpt_description_prompt", "taskId", "content", "title")


def require_fields(*names: str) -> Check:
    """Return a check that each of these fields is filled."""

    def check(body: Mapping[str, Any]) -> str | None:
        missing = [name for name in names if body.get(name) in (None, "")]
        return f"{missing[0]} is empty" if missing else None

    return check
