"""Apply the statements of a callback to the tasks that they are about, by today's rules."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from tracker.domain.events import Event
from tracker.domain.ignored import explain_ignored
from tracker.domain.lifecycle import Step, Verdict
from tracker.domain.observation import Observation
from tracker.domain.records import record
from tracker.domain.task import Awaits, Task, TaskState, is_askable
from tracker.services.context import Context
from tracker.services.receive.callback import Match, ParsedCallback
from tracker.services.receive.confirming import can_poll, explain_hint, wait_of
from tracker.services.recorder import Recorder

_ADVANCED = Verdict.ADVANCED


@record
class Judgement:
    """The result of one statement. step: None where it was not applied to any task."""

    verdict: Verdict
    reason: str | None
    step: Step | None


@dataclass(frozen=True, slots=True)
class Judge:
    """Judges callbacks within one transaction.

    as_event: the event that a statement is, with its source.
    """

    context: Context
    recorder: Recorder
    as_event: Callable[[Observation], Event]

    def judge(
        self,
        item: ParsedCallback,
        own: Match,
        match: Match,
        beside: Sequence[tuple[ParsedCallback, Match]],
    ) -> list[Judgement]:
        """Apply each statement of a callback to the task that it is about.

        own:   what the first statement is about. match: what the callback as a whole is.
        Returns first what the receipt is to say of it.
        """
        if not beside or (match.verdict is Verdict.DUPLICATE):
            return [self._judge_one(item, match)]
        judgements = [self._judge_one(one, its) for one, its in [(item, own), *beside]]
        return sorted(judgements, key=lambda one: one.verdict is not Verdict.ADVANCED)

    def _judge_one(self, item: ParsedCallback, match: Match) -> Judgement:
        match, said = self._await_confirmation(item, match), item.observation
        if match.task is None or said is None or match.verdict is not _ADVANCED:
            return Judgement(match.verdict, match.reason, None)
        step = self.recorder.record(match.task.key, self.as_event(said))
        if step.verdict is _ADVANCED:
            return Judgement(_ADVANCED, match.reason, step)
        reason = explain_ignored(said, step.verdict, step.task.state) or match.reason
        return Judgement(step.verdict, reason, step)

    def _await_confirmation(self, item: ParsedCallback, match: Match) -> Match:
        """Have the provider asked where a callback is a hint, or its verdict must be confirmed.

        So too where one that came to a task's own URL cannot be read: there is news all the same.
        """
        if match.task is not None and match.verdict is Verdict.MALFORMED:
            task = self.recorder.get_task(match.task.key)
            if is_askable(task) and can_poll(self.context, task):
                self.recorder.poll_soon(task.key)
        if match.task is None or match.verdict is not _ADVANCED:
            return match
        if item.observation is None:
            return self._poll_on_hint(item, match)
        task = self.recorder.get_task(match.task.key)
        wait = wait_of(self.context, task, item, item.observation)
        if wait is None:
            flaw = explain_hint(self.context, task, item) if item.proofs else None
            return match if flaw is None else self._ask_instead(match, task, flaw)
        self.recorder.request_poll(task.key, wait.awaits)
        return replace(match, verdict=Verdict.UNCONFIRMED, reason=wait.reason)

    def _poll_on_hint(self, item: ParsedCallback, match: Match) -> Match:
        if item.hint is None or match.task is None:
            return match
        task = self.recorder.get_task(match.task.key)
        if task.state is TaskState.QUEUED:  # its submit is on its way; the provider is asked then
            self.recorder.request_poll(task.key, Awaits.PROOF)
            return replace(match, verdict=Verdict.UNCONFIRMED, reason=item.hint.reason)
        if not can_poll(self.context, task):
            return replace(match, verdict=Verdict.STALE, reason=item.hint.reason)
        return self._ask_instead(match, task, item.hint.reason)

    def _ask_instead(self, match: Match, task: Task, reason: str) -> Match:
        """Have the provider asked, where that can tell more than the callback."""
        if not is_askable(task):
            return replace(match, verdict=Verdict.STALE, reason=reason)
        self.recorder.poll_soon(task.key)
        return replace(match, verdict=Verdict.UNCONFIRMED, reason=reason)


def main_match(match: Match, others: Sequence[tuple[ParsedCallback, Match]]) -> Match:
    """Return whose receipt a callback is that may tell of several tasks: the first it moves."""
    if match.verdict is Verdict.ADVANCED:
        return match
    return next((one for _, one in others if one.verdict is Verdict.ADVANCED), match)
