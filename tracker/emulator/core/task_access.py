"""Creates and queries with the scenario's troubles in them, for every door alike. No HTTP."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NoReturn

from tracker.emulator.core.engine import Emulator, Order
from tracker.emulator.core.faults import Spoiled, after_creation
from tracker.emulator.core.scenario import Scenario, ScenarioError, find_marker
from tracker.emulator.core.tasks import Task
from tracker.emulator.providers.kling.create_request import Wishes
from tracker.emulator.providers.kling.operations import Dialect, Operation
from tracker.emulator.providers.kling.wire import NOT_FOUND, Refusal
from tracker.emulator.providers.kling.words import Name

__all__ = ["Desk", "Form", "Spoil"]


class Spoil(Exception):
    """Carries an answer that is none out of a handler."""

    def __init__(self, how: Spoiled) -> None:
        """Remember which."""
        super().__init__(how)
        self.how = how


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """A create request as one door understands it."""

    account: str
    operation: Operation
    body: Mapping[str, object]
    read: Callable[[Scenario], Wishes]
    """Validates the body and says what it asks for; raises Refusal."""
    try_key: str
    """What makes two creates tries of one thing."""
    base_url: str
    dialect: Dialect = Dialect.LEGACY
    model: str = ""


class Desk:
    """Where every door hands its requests in."""

    def __init__(self, emulator: Emulator) -> None:
        """Serve from this emulator."""
        self._emulator = emulator

    async def create(self, form: Form) -> Task:
        """Make a task; raises Refusal or Spoil, before or after it was made."""
        scenario = self.scenario_of(form.body)
        if scenario.has(Name.REFUSED):
            raise Refusal(1301, "The content is blocked by the content safety policy")
        wishes = form.read(scenario)
        trouble = self._emulator.faults.before_creation(
            scenario, (form.account, form.try_key), now=self._emulator.timeline.now()
        )
        if trouble is not None:
            _raise(trouble)
        task = self._emulator.make(
            Order(
                account=form.account,
                operation=form.operation,
                dialect=form.dialect,
                model=form.model,
                scenario=scenario,
                wishes=wishes,
                body=form.body,
                base_url=form.base_url,
            )
        )
        if scenario.has(Name.CALLBACK_FIRST):
            await self._emulator.rush(task)
        trouble = after_creation(scenario)
        if trouble is not None:
            _raise(trouble)
        return task

    async def look(
        self, account: str, reference: str, is_wanted: Callable[[Task], bool] = lambda _task: True
    ) -> Task:
        """One task by either id; raises Refusal (1201) or Spoil."""
        emulator = self._emulator
        task = emulator.book.find(account, reference)
        if task is not None and not is_wanted(task):
            task = None
        await self.trouble_query(account, reference, task.scenario if task else emulator.scenario)
        if task is None or emulator.is_forgotten(task):
            raise Refusal(1201, NOT_FOUND)
        return task

    async def trouble_query(self, account: str, key: str, scenario: Scenario) -> None:
        """Whatever stands between a query and its answer; raises Refusal or Spoil."""
        emulator = self._emulator
        if scenario.has(Name.SLOW_QUERY):
            await emulator.timeline.sleep(scenario.seconds(Name.SLOW_QUERY))
        trouble = emulator.faults.of_query(scenario, (account, key), now=emulator.timeline.now())
        if trouble is not None:
            _raise(trouble)

    def scenario_of(self, body: Mapping[str, object]) -> Scenario:
        """The body field wins over a marker in a text, and that over the global scenario."""
        named = body.get("emulator_scenario")
        if named is None:
            named = next(filter(None, map(find_marker, _texts(body))), None)
        if named is None:
            return self._emulator.scenario
        try:
            return Scenario.parse(named if isinstance(named, str) else repr(named))
        except ScenarioError as problem:
            raise Refusal(1201, str(problem)) from problem


_LONGEST_MARKED_TEXT = 3100


def _texts(body: Mapping[str, object]) -> list[str]:
    """Where a scenario marker may stand: in any short text where prompts are."""
    contents, nested = body.get("contents"), body.get("input")
    holders = [body, *(contents if isinstance(contents, list) else ()), nested]
    return [
        text
        for holder in holders
        if isinstance(holder, Mapping)
        for name, text in holder.items()
        if name != "callback_url" and isinstance(text, str) and len(text) <= _LONGEST_MARKED_TEXT
    ]


def _raise(trouble: Refusal | Spoiled) -> NoReturn:
    if isinstance(trouble, Spoiled):
        raise Spoil(trouble)
    # A copy: the table's own exception would collect tracebacks.
    raise Refusal(trouble.code, trouble.message, retry_after=trouble.retry_after)
