"""Gateways of new-api's kind: videos in OpenAI's format, as rows and as others, and pictures.

A gateway polls its own upstreams: its verdict may be its own failure, and nothing that it offers
finds a lost create. Sources: https://github.com/QuantumNous/new-api (router/video-router.go,
relay/relay_task.go) and https://github.com/openai/openai-python (3.57.0), read 2026-11.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Any, ClassVar
from urllib.parse import quote, urlsplit

from tracker.domain.cost import Cost
from tracker.domain.exchange import HttpCall, HttpResult
from tracker.domain.observation import Observation
from tracker.domain.outcome import Accepted, Refused, SubmitOutcome
from tracker.domain.task import VERDICTS, Artifact, Task, TaskError, TaskState
from tracker.providers.kit.blocked import add_block, block_in
from tracker.providers.kit.calls import find_own_url
from tracker.providers.kit.empty_results import await_result
from tracker.providers.kit.forms import build_multipart
from tracker.providers.kit.gateway_quota import build_quota_costs, build_reserved_quota, find_quota
from tracker.providers.kit.gateway_tasks import TaskTable
from tracker.providers.kit.gateways import is_own_failure
from tracker.providers.kit.meanings import Meaning
from tracker.providers.kit.nested_answers import GOOD_CODES, is_name
from tracker.providers.kit.reading import find_first_instant, find_first_number, find_first_text
from tracker.providers.kit.table import parse_answer
from tracker.providers.kit.table_inputs import CreatePath
from tracker.providers.openai.images import (
    IMAGES,
    build_create,
    count_wanted,
    read_whole,
)
from tracker.providers.openai.images import LASTS_S as IMAGES_LAST_S
from tracker.providers.openai.operations import (
    CREATES,
    GENERATIONS,
    UNIFIED,
    UNIFIED_QUERY,
    build_form,
    find_parent,
    put_parent,
)
from tracker.providers.openai.passing import BILLING
from tracker.providers.openai.pauses import read_pause_s
from tracker.providers.openai.rows import (
    EXPIRED,
    IDS,
    find_reason,
    find_row,
    find_state,
    find_word,
    is_error_alone,
    link_in,
    read_progress,
)
from tracker.providers.ports.account import Account
from tracker.providers.ports.adapter import Answer, Asking, Request, Sending

_NO_MONEY = frozenset({"insufficient_quota", "billing_hard_limit_reached"})
"""OpenAI's codes for an account without money, which it sends with HTTP 429."""
_EMPTY = "SUCCESS without a video"
_OF_GATEWAYS = (GENERATIONS, UNIFIED)
"""Operations whose calls and answers are not OpenAI's."""


class NewApi(TaskTable):
    """Submits, polls, probes. The base URL is the one of OpenAI's clients and ends with `/v1`."""

    creates: ClassVar[Mapping[str, CreatePath]] = MappingProxyType({**CREATES, **IMAGES})
    poll_path = "videos/{id}"
    ids: ClassVar[Sequence[str]] = IDS
    times: ClassVar[Sequence[str]] = ("completed_at", "finish_time", "updated_at")
    probe_path = BILLING
    least_spacing_s = 5.0
    meanings: ClassVar[Mapping[int, Meaning]] = MappingProxyType(
        {**TaskTable.meanings, 499: Meaning.UNKNOWN}
    )
    account_codes = (*TaskTable.account_codes, *_NO_MONEY)

    def pause_s(self, answer: HttpResult, parsed: Any) -> float | None:
        """Take what the headers say of the limits, which gateways pass on."""
        del parsed
        return read_pause_s(answer)

    def check(self, operation: str, input_: Mapping[str, Any]) -> Request:
        """Validate by the table, and find the task that a remix, edit or extension changes."""
        request = super().check(operation, input_)
        if (named := find_parent(operation, request.body)) is None:
            return request
        return replace(request, parent=named[1], parent_field=named[0])

    def build_submit(self, sending: Sending) -> HttpCall:
        """Build the create: a form, as the official clients send it, where one can hold the input.

        Raises Misuse for a change of a task whose id at the gateway is not known.
        """
        operation, body = sending.task.operation, dict(sending.body)
        if operation in IMAGES:
            url = f"{sending.account.base_url}/{operation}"
            call = build_create(url, operation, body, self.build_headers(sending.account))
            return replace(call, lasts_s=IMAGES_LAST_S)
        if find_parent(operation, body) is not None:
            body = put_parent(operation, body, sending.get_parent_task_id())
            return super().build_submit(replace(sending, body=body))
        fields = None if operation in _OF_GATEWAYS else build_form(body)
        if fields is None:
            return super().build_submit(sending)
        url = f"{sending.account.base_url}/{self.creates[operation].path}"
        return build_multipart(url, fields, self.build_headers(sending.account))

    def parse_submit(self, sending: Sending, answer: Answer) -> SubmitOutcome:
        """Take an answer that names a task for acceptance, also one that has failed already."""
        if not isinstance(answer, HttpResult) or answer.status >= 300:
            return super().parse_submit(sending, answer)
        parsed = parse_answer(answer)
        if sending.task.operation in IMAGES:
            return self._read_pictures(sending, answer, parsed)
        row, code = find_row(parsed), find_first_text(parsed, ("code",), limit=100)
        task_id = find_first_text(row, self.ids, limit=500)
        if code and task_id is None:
            task_id = find_first_text(parsed, ("data",), limit=500)
        if task_id is None or not is_name(task_id) or (code and code.lower() not in GOOD_CODES):
            return self.classify_refusal(sending, answer, parsed)
        if row is None:  # the envelope of the task routes, which holds the id alone
            return Accepted(task_id)
        said = self.observe(sending.account, sending.task, row)
        ended = said if said is not None and said.state in VERDICTS else None
        word = None if said is None else said.word
        return Accepted(task_id, word, said=ended, costs=tuple(self.estimate_costs(row)))

    def _read_pictures(self, sending: Sending, answer: HttpResult, parsed: Any) -> SubmitOutcome:
        if block_in(parsed) is not None:
            return self.classify_refusal(sending, answer, parsed)
        return read_whole(parsed, count_wanted(sending.body), answer.headers.get("x-request-id"))

    def classify_refusal(self, sending: Sending, answer: HttpResult, parsed: Any) -> SubmitOutcome:
        """Take OpenAI's 429 about money for the account's fault."""
        code = find_first_text(parsed, ("error.code", "code", "error.type"), limit=100)
        if code in _NO_MONEY and 400 <= answer.status < 500:
            return Refused(code, self.describe_answer(answer, parsed), blames_account=True)
        return super().classify_refusal(sending, answer, parsed)

    def build_poll(self, asking: Asking) -> HttpCall | None:
        """Build the query; each format has a path of its own."""
        call, task = super().build_poll(asking), asking.task
        if call is None or task.operation not in _OF_GATEWAYS:
            return call
        name = quote(task.provider_task_id or "", safe="")
        start = f"{UNIFIED_QUERY}?id=" if task.operation == UNIFIED else f"{GENERATIONS}/"
        return replace(call, url=f"{asking.account.base_url}/{start}{name}")

    def observe(self, account: Account, task: Task | None, parsed: Any) -> Observation | None:
        """Read a video or a row, in its envelope or without; None for anything else."""
        row = find_row(parsed)
        word = None if row is None else find_word(row)
        if row is None or word is None:
            return None
        state = find_state(word, None if task is None else task.state)
        is_contradicted = state is TaskState.SUCCEEDED and is_error_alone(row)
        if is_contradicted:
            state = TaskState.FAILED
        reason = find_reason(row) if state is TaskState.FAILED else None
        known = None if task is None else task.provider_task_id
        said = Observation(
            state=state,
            word=word,
            # A row may name the upstream's own task: the id that was asked for is the task's.
            provider_task_id=known or find_first_text(row, self.ids, limit=500),
            message=reason,
            progress=read_progress(row),
            at=find_first_instant(row, self.times),
            artifacts=() if is_contradicted else tuple(self.read_artifacts(account, task, row)),
            error=self.describe_failure(row, reason) if state is TaskState.FAILED else None,
            costs=tuple(
                self.read_costs(account, task, row)
                if state in VERDICTS
                else self.estimate_costs(row)
            ),
        )
        return await_result(add_block(said, parsed), task, _EMPTY)

    def describe_failure(self, parsed: Any, message: str | None) -> TaskError:
        """Doubt a failure that the gateway decided by itself, and one of which it gives no reason.

        A gateway's row tells no two of them apart: the upstream may have delivered.
        """
        word = (find_word(parsed) or "").lower()
        is_expired, is_lie = word == EXPIRED, find_state(word, None) is TaskState.SUCCEEDED
        code = find_first_text(parsed, ("error.code", "code"), limit=100)
        return TaskError(
            "provider",
            code or (EXPIRED if is_expired else None),
            message or "the gateway gave no reason",
            doubtful=is_expired or is_lie or message is None or is_own_failure(message),
        )

    def read_artifacts(
        self, account: Account, task: Task | None, parsed: Any
    ) -> Sequence[Artifact]:
        """Return the video by its link; one in OpenAI's format without a link by its content."""
        word = find_word(parsed)
        if word is None or find_state(word, None) is not TaskState.SUCCEEDED:
            return ()
        url = link_in(parsed) or _find_content(account, task)
        if url is None:
            return ()
        ends = find_first_instant(parsed, ("expires_at",))
        return [
            Artifact(
                "video",
                url,
                key="video",
                expires_at=ends,
                needs_auth=_is_content(account, url),
                refreshable=True,
            )
        ]

    def read_costs(self, account: Account, task: Task | None, parsed: Any) -> Sequence[Cost]:
        """Read the quota that remains taken."""
        del account
        return build_quota_costs(
            task, find_quota(parsed), find_state(find_word(parsed) or "", None)
        )

    def estimate_costs(self, parsed: Any) -> Sequence[Cost]:
        """Read the quota that was taken at the create."""
        return build_reserved_quota(find_quota(parsed))

    def read_balance(self, parsed: Any) -> str | None:
        """Read the limit of the key; what is used of it stands elsewhere."""
        limit = find_first_number(parsed, ("hard_limit_usd",))
        return None if limit is None else f"limit {limit} USD"


class TasksPath(NewApi):
    """Asks at `/v1/tasks/{id}`, which some gateways have for every kind of task."""

    poll_path = "tasks/{id}"

    def build_poll(self, asking: Asking) -> HttpCall | None:
        """Build the query, by one path for both formats."""
        return super(NewApi, self).build_poll(asking)


def _find_content(account: Account, task: Task | None) -> str | None:
    """Return the address of a video's bytes, which the key opens; None where there is none."""
    name = None if task is None else task.provider_task_id
    if task is None or name is None or task.operation in _OF_GATEWAYS:
        return None
    return f"{account.base_url}/videos/{quote(name, safe='')}/content"


def _is_content(account: Account, url: str) -> bool:
    return find_own_url(account, url) is not None and urlsplit(url).path.endswith("/content")
