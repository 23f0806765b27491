"""The adapter: what services ask of Kling, put to the account's profile and the task's dialect."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from pydantic import BaseModel

from tracker.domain.exchange import HttpCall
from tracker.domain.observation import Observation
from tracker.domain.outcome import Accepted, PollOutcome, SubmitOutcome
from tracker.domain.task import Task, TaskState
from tracker.providers.kit.callbacks import ObjectCallbacks
from tracker.providers.kit.calls import get_spacing
from tracker.providers.kit.default_seconds import build_default_seconds
from tracker.providers.kling import answers, calls, helpers, operations, profiles, standard
from tracker.providers.kling.examples import EXAMPLES
from tracker.providers.kling.fields import WATERMARK
from tracker.providers.kling.front import KlingFront
from tracker.providers.kling.listing import KlingLists
from tracker.providers.kling.objects import OBJECTS
from tracker.providers.kling.options import KlingOptions
from tracker.providers.kling.parsing import observe
from tracker.providers.ports.account import Account
from tracker.providers.ports.adapter import (
    NO_SUCH_OPERATION,
    Answer,
    Asking,
    Finds,
    Probed,
    Request,
    Sending,
)
from tracker.providers.ports.callbacks import Scheme
from tracker.providers.ports.provider import Provider, ResultHosting


class KlingAdapter(ObjectCallbacks):
    """Submits, polls, reads callbacks, probes. The Protocols are in providers/ports/adapter.py."""

    operations = frozenset(operations.OPERATIONS)
    """Of the legacy dialect; those of the new standard name a model, and are any number."""
    together = calls.TOGETHER
    not_a_task = "no task_status: this is not a task object"

    def get_lookup_kind(self, account: Account) -> Finds:
        """Say that our external id finds a task, unless a gateway is known or set to ignore it."""
        return Finds.BY_ID if account.get_options(KlingOptions).finds_external_ids else Finds.NEVER

    def explain_unserved(self, account: Account, operation: str) -> str | None:
        """Look at the list of operations, then at the account's profile."""
        if not standard.is_standard(operation) and operation not in self.operations:
            return NO_SUCH_OPERATION
        return profiles.find_profile(account).explain_unserved(account, operation)

    def get_input_model(self, operation: str) -> type[BaseModel] | None:
        """Return the model of the operation's dialect."""
        if standard.is_standard(operation):
            return standard.find_model(operation)
        return operations.OPERATIONS.get(operation)

    def check(self, operation: str, input_: Mapping[str, Any]) -> Request:
        """Validate with the models of the operation's dialect."""
        if standard.is_standard(operation):
            return standard.check(operation, input_)
        return operations.check(operation, input_)

    def is_account_fault(self, code: str | None, http_status: int | None) -> bool:
        """Look at Kling's codes, then at the HTTP status."""
        return answers.is_account_blamed(code, http_status)

    def build_submit(self, sending: Sending) -> HttpCall:
        """Build the create in the account's profile."""
        return profiles.find_profile(sending.account).create(sending)

    def parse_submit(self, sending: Sending, answer: Answer) -> SubmitOutcome:
        """Read the answer of any profile.

        A success that lacks its result is asked for: some say it of the request.
        """
        outcome = answers.read_submit(answer)
        if not isinstance(outcome, Accepted) or (said := outcome.said) is None:
            return outcome
        is_whole = bool(said.artifacts) and self.find_missing_result(sending.task, said) is None
        if is_whole or said.state is not TaskState.SUCCEEDED:
            return outcome
        return replace(outcome, said=None, look_now=True)

    def get_poll_spacing_s(self, account: Account) -> float:
        """Kling asks for none."""
        return get_spacing(account, 0.0)

    def get_poll_group(self, account: Account, task: Task) -> str | None:
        """Group up to 20 of one path, by one kind of id, into one call."""
        return profiles.group_of(account, task)

    def build_poll(self, asking: Asking) -> HttpCall | None:
        """Build a query for one task in its own dialect, or for several by `/tasks`."""
        if len(asking.tasks) > 1:
            return calls.query_together(asking.account, asking.tasks, now=asking.now)
        return profiles.find_profile(asking.account).query(
            asking.account, asking.task, now=asking.now
        )

    def parse_poll(self, asking: Asking, answer: Answer) -> Sequence[PollOutcome]:
        """Read the answer of any profile."""
        if len(asking.tasks) > 1:
            return answers.parse_polled_together(answer, asking.tasks)
        return [answers.read_poll(answer)]

    def build_probe(self, account: Account, *, now: datetime) -> HttpCall:
        """Ask for a task that nobody has."""
        return profiles.find_profile(account).probe(account, now=now)

    def parse_probe(self, account: Account, answer: Answer) -> Probed:
        """Read what that showed."""
        del account
        return answers.read_probe(answer)

    def get_proof_scheme(self, account: Account) -> Scheme | None:
        """Return the profile's scheme, where the account has secrets."""
        return (
            profiles.find_profile(account).get_proof_scheme(account)
            if account.webhook_secrets
            else None
        )

    def read_object(self, parsed: Any) -> Observation | None:
        """Read a bare task object of either dialect, or one in an envelope."""
        return observe(parsed)

    def find_missing_result(self, task: Task, said: Observation) -> str | None:
        """Name the first of `task.wants` that is missing: callbacks list images and videos only."""
        missing = [want for want in task.wants if not _has(said, want)]
        return missing[0] if missing else None


def list_flaws(account: Account) -> Sequence[str]:
    """Return `key: reason` for each reason why an account cannot work with its profile."""
    if account.profile is not None and account.profile not in profiles.PROFILES:
        return [f"profile: no such profile; one of: {', '.join(profiles.PROFILES)}"]
    return profiles.find_profile(account).find_flaws(account)


def _has(said: Observation, want: str) -> bool:
    if want == WATERMARK:
        pieces = [one for one in said.artifacts if one.kind in ("video", "image")]
        return bool(pieces) and all(one.extra.get(WATERMARK) for one in pieces)
    return any(one.kind == want for one in said.artifacts)


_ADAPTER = KlingAdapter()
REVISION = 11
PROVIDER = Provider(
    name="kling",
    revision=REVISION,
    regions=profiles.REGIONS,
    options=KlingOptions,
    check_account=list_flaws,
    objects=OBJECTS,
    submits=_ADAPTER,
    lists=KlingLists(),
    polls=_ADAPTER,
    calls_back=_ADAPTER,
    probes=_ADAPTER,
    passes_on=helpers.KlingCalls(),
    front=KlingFront(),
    # Files are deleted after 30 days: https://kling.ai/document-api, read 2026-11.
    results=ResultHosting(lifetime=timedelta(days=30)),
    tells_costs=True,
    # https://kling.ai/document-api, read by clients on 2026-11-30
    default_seconds=build_default_seconds(
        dict.fromkeys(("videos/text2video", "videos/image2video", "videos/multi-image2video"), 5)
    ),
    examples=EXAMPLES,
)
