"""Plans of a task's life, and how a scenario bends them. Pure."""

from collections.abc import Sequence
from dataclasses import replace

from tracker.emulator.core.scenario import Scenario
from tracker.emulator.core.tasks import FAILED, PROCESSING, SUCCEED, TERMINAL, TaskStep
from tracker.emulator.core.words import CoreWord

__all__ = ["DEFAULT_STEPS", "bend_steps"]

_MODERATED = "Failure to pass the risk control system"
_FAILURE = "Something went wrong when we tried to get the contents of the file."

DEFAULT_STEPS: Sequence[TaskStep] = (TaskStep(after=1), TaskStep(after=2, status=SUCCEED))
"""Processing after one step, the verdict after two."""


def bend_steps(scenario: Scenario, steps: Sequence[TaskStep]) -> Sequence[TaskStep]:
    """Return the steps as a scenario wants them."""
    if scenario.has(CoreWord.HOLD):
        return ()
    last = steps[-1]
    failure = _find_failure(scenario)
    if failure is not None:
        last = replace(last, status=FAILED, message=failure, ready=None)
    later = last.after + 1
    ending: list[TaskStep] = [last]
    if scenario.has(CoreWord.FALSE_FAILURE):
        false = replace(last, status=FAILED, message=_FAILURE, ready=None)
        ending = [false, TaskStep(after=later, status=SUCCEED)]
    elif scenario.has(CoreWord.OVERTURNED):
        ending = [last, TaskStep(after=later, status=FAILED, message=_FAILURE)]
    if scenario.has(CoreWord.STUCK):
        ending = []
    steps = [*steps[:-1], *ending]
    if scenario.has(CoreWord.UNKNOWN_WORD):
        first = next((step.after for step in steps if step.status == PROCESSING), last.after)
        steps.insert(0, TaskStep(after=first / 2, status=scenario.read_word(CoreWord.UNKNOWN_WORD)))
    return steps


def is_verdict(step: TaskStep) -> bool:
    """Return whether a step ends the task."""
    return step.status in TERMINAL


def _find_failure(scenario: Scenario) -> str | None:
    if scenario.has(CoreWord.MODERATED):
        return _MODERATED
    return _FAILURE if scenario.has(CoreWord.FAILED) else None
