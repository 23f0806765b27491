"""The adapter: what services ask of Kling, put to the account's profile and the task's dialect."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from tracker.domain.errors import CallbackRejected
from tracker.domain.exchange import HttpCall, HttpFailure, HttpResult
from tracker.domain.observation import Observation
from tracker.domain.outcome import PollOutcome, SubmitOutcome
from tracker.domain.signature import Proof
from tracker.domain.task import Task
from tracker.providers.base import Account, Probed, Request
from tracker.providers.kling import answers, calls, front, operations, profiles, standard
from tracker.providers.kling.fields import WATERMARK
from tracker.providers.kling.parsing import observe
from tracker.providers.kling.reading import read_json


class Kling:
    """Kling's adapter. Stateless and pure."""

    name = "kling"
    operations = frozenset(operations.OPERATIONS)
    """Of the legacy dialect; those of the new standard name a model, and are any number."""
    regions = profiles.REGIONS

    def flaws_of(self, account: Account) -> Sequence[str]:
        """See Provider.flaws_of."""
        if account.profile is not None and account.profile not in profiles.PROFILES:
            return [f"profile: no such profile; one of: {', '.join(profiles.PROFILES)}"]
        return profiles.of(account).flaws_of(account)

    def refusal(self, account: Account, operation: str) -> str | None:
        """See Provider.refusal."""
        if not standard.is_standard(operation) and operation not in self.operations:
            return "no such operation of kling; see its reference for the list"
        return profiles.of(account).refusal(account, operation)

    def check(self, operation: str, input_: Mapping[str, Any]) -> Request:
        """See Provider.check."""
        if standard.is_standard(operation):
            return standard.check(operation, input_)
        return operations.check(operation, input_)

    def build_submit(
        self,
        account: Account,
        task: Task,
        body: Mapping[str, Any],
        *,
        callback_url: str | None,
        now: datetime,
    ) -> HttpCall:
        """See Provider.build_submit."""
        profile = profiles.of(account)
        return profile.create(account, task, body, callback_url=callback_url, now=now)

    def parse_submit(self, answer: HttpResult | HttpFailure) -> SubmitOutcome:
        """See Provider.parse_submit."""
        return answers.submitted(answer)

    def blames_account(self, code: str | None, http_status: int | None) -> bool:
        """See Provider.blames_account."""
        return answers.blames_account(code, http_status)

    def build_poll(self, account: Account, task: Task, *, now: datetime) -> HttpCall | None:
        """See Provider.build_poll."""
        return profiles.of(account).query(account, task, now=now)

    def parse_poll(self, answer: HttpResult | HttpFailure) -> PollOutcome:
        """See Provider.parse_poll."""
        return answers.polled(answer)

    def group_polls(self, account: Account, tasks: Sequence[Task]) -> Sequence[Sequence[Task]]:
        """See PollsTogether.group_polls: up to 20 of one path, by the same kind of id."""
        return profiles.groups(account, tasks)

    def build_polls(self, account: Account, tasks: Sequence[Task], *, now: datetime) -> HttpCall:
        """See PollsTogether.build_polls."""
        return calls.query_together(account, tasks, now=now)

    def parse_polls(
        self, answer: HttpResult | HttpFailure, tasks: Sequence[Task]
    ) -> Sequence[PollOutcome]:
        """See PollsTogether.parse_polls."""
        return answers.polled_together(answer, tasks)

    def build_probe(self, account: Account, *, now: datetime) -> HttpCall:
        """See Provider.build_probe."""
        return profiles.of(account).probe(account, now=now)

    def parse_probe(self, answer: HttpResult | HttpFailure) -> Probed:
        """See Provider.parse_probe."""
        return answers.probed(answer)

    def verify_callback(
        self, account: Account, body: bytes, headers: Mapping[str, str], *, now: datetime
    ) -> Proof | None:
        """See Provider.verify_callback."""
        if not account.webhook_secrets:
            return None
        return profiles.of(account).prove(account, body, headers, now=now)

    def parse_callback(self, body: bytes, headers: Mapping[str, str]) -> Observation:
        """A bare task object of either dialect, or one in an envelope. Headers say nothing."""
        del headers
        try:
            parsed = read_json(body)
        except ValueError as error:
            raise CallbackRejected(f"not JSON: {error}") from None
        found = observe(parsed)
        if found is None:
            raise CallbackRejected("no task_status: this is not a task object")
        return found

    def lacks(self, task: Task, said: Observation) -> str | None:
        """See Provider.lacks. Callbacks list images and videos; the rest may be missing."""
        missing = [want for want in task.wants if not _has(said, want)]
        return missing[0] if missing else None

    def render_callback(self, task: Task) -> bytes:
        """The bare task object that Kling itself would call back with."""
        return json.dumps(front.render_callback(task), ensure_ascii=True).encode()


def _has(said: Observation, want: str) -> bool:
    if want == WATERMARK:
        pieces = [one for one in said.artifacts if one.kind in ("video", "image")]
        return bool(pieces) and all(one.extra.get(WATERMARK) for one in pieces)
    return any(one.kind == want for one in said.artifacts)
