"""Midjourney proxies (`/mj`): creates by code, batched polls, a scan by `state`, weak callbacks.

Sources: https://github.com/novicezk/midjourney-proxy (2.6.3),
https://github.com/trueai-org/midjourney-proxy (11.10.3), https://github.com/QuantumNous/new-api and
https://github.com/MartialBE/one-hub, read 2026-11.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, ClassVar
from urllib.parse import quote

from tracker.domain.exchange import HttpCall, HttpFailure, HttpResult
from tracker.domain.observation import Observation, Part
from tracker.domain.outcome import (
    Absent,
    Accepted,
    CancelAsked,
    CancelOutcome,
    CancelUnknown,
    DeferralScope,
    Deferred,
    Gone,
    LookupOutcome,
    NotSeen,
    Observed,
    PollOutcome,
    SubmitOutcome,
    TooLate,
    Unanswered,
)
from tracker.domain.task import Artifact, Task, TaskState
from tracker.providers.kit.callbacks import ObjectCallbacks
from tracker.providers.kit.calls import build_post, get_spacing
from tracker.providers.kit.cancels import OpenCancel
from tracker.providers.kit.meanings import Meaning
from tracker.providers.kit.no_channel import defer_without_channel
from tracker.providers.kit.reading import find_first_text
from tracker.providers.kit.table import TableAdapter, parse_answer
from tracker.providers.midjourney.answers import (
    build_base,
    find_ids,
    find_relayed_ids,
    find_task,
    find_tasks,
    is_ours,
    is_silence,
    is_waiting_for_window,
    judge_listed,
    list_parts,
)
from tracker.providers.midjourney.codes import ACCEPTED, QUOTA, judge_code
from tracker.providers.midjourney.front import MidjourneyFront
from tracker.providers.midjourney.inputs import CREATES, check_whole, find_continued, put_their_id
from tracker.providers.midjourney.objects import OBJECTS
from tracker.providers.midjourney.options import (
    Kind,
    MidjourneyOptions,
    build_key_headers,
    explain_refusal,
    find_kind,
    find_profile,
)
from tracker.providers.midjourney.passing import MidjourneyCalls
from tracker.providers.midjourney.task_object import (
    MODAL,
    find_final_prompt,
    find_id,
    find_mark,
    find_number,
    read_task,
)
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
from tracker.providers.ports.provider import Provider

TOGETHER = 100
"""Ids of one poll: gateways ask their upstreams for as many."""
_NOT_FOUND = ("task_no_found", "task_not_found", "task_not_exist")
_ALONE = frozenset({400, 404, 405, 501})
"""Answers of a proxy that has no poll for several tasks."""


class MidjourneyAdapter(OpenCancel, TableAdapter, ObjectCallbacks):
    """Submits, polls, scans, cancels, reads callbacks, probes."""

    creates = CREATES
    poll_path = "task/{id}/fetch"
    url_field = "notifyHook"
    together = TOGETHER
    forgets = True
    messages: ClassVar[Sequence[str]] = (
        *("description", "msg", "error.message", "message", "failReason"),
    )
    meanings: ClassVar[Mapping[int, Meaning]] = {400: Meaning.UNKNOWN}
    not_a_task = "no id and status: this is not a task object"
    account_codes = (QUOTA,)

    def get_lookup_kind(self, account: Account) -> Finds:
        """Scan the list of an open proxy; a gateway shows nothing of ours."""
        return find_profile(account).finds

    def explain_unserved(self, account: Account, operation: str) -> str | None:
        """Look the operation up, and whether the account's kind of proxy has it."""
        if operation not in CREATES:
            return NO_SUCH_OPERATION
        return explain_refusal(account, operation)

    def check(self, operation: str, input_: Mapping[str, Any]) -> Request:
        """Validate by the table, and find the task that the input continues."""
        request = super().check(operation, input_)
        check_whole(operation, request.body)
        named = find_continued(operation, request.body)
        if named is None:
            return request
        return replace(request, parent=named[1], parent_field=named[0])

    def build_headers(self, account: Account) -> dict[str, str]:
        """Carry the key where the account's kind of proxy expects it."""
        return build_key_headers(account)

    def build_submit(self, sending: Sending) -> HttpCall:
        """Post the create under the path of its mode, with our mark in `state`.

        Raises Misuse where the proxy's id of the task that it continues is not known.
        """
        operation, body = sending.task.operation, dict(sending.body)
        if find_continued(operation, body) is not None:
            theirs = sending.get_parent_task_id()
            body = dict(put_their_id(operation, body, theirs))
        mode = body.pop("mode", None)
        body["state"] = sending.task.external_task_id
        if sending.callback_url is not None:
            body["notifyHook"] = sending.callback_url
        url = f"{build_base(sending.account, mode)}/{CREATES[operation].path}"
        return build_post(url, body, self.build_headers(sending.account))

    def parse_submit(self, sending: Sending, answer: Answer) -> SubmitOutcome:
        """Go by the code: an HTTP status of 200 says nothing."""
        if isinstance(answer, HttpFailure):
            return super().parse_submit(sending, answer)
        parsed = parse_answer(answer)
        code = find_first_text(parsed, ("code",), limit=20)
        ids = find_ids(parsed) if isinstance(parsed, dict) else ()
        if answer.status < 300 and code in ACCEPTED and ids:
            return self._build_accepted(sending, code, ids, parsed)
        relayed = find_relayed_ids(sending.account, parsed) if isinstance(parsed, dict) else ()
        if answer.status < 300 and relayed:
            return self._build_accepted(sending, "1", relayed, parsed)
        return self.classify_refusal(sending, answer, parsed)

    def _build_accepted(
        self, sending: Sending, code: str, ids: Sequence[str], parsed: Mapping[str, Any]
    ) -> Accepted:
        """Say what was made: a task, several, none, or the one of an earlier call."""
        message = find_first_text(parsed, ("description",))
        parent = None if sending.parent is None else sending.parent.provider_task_id
        if sending.task.operation == "action" and ids[0] == parent:
            # A button that only marks the picture: the proxy answers with the marked task's id.
            piece = Artifact("bookmark", None, id=parent, key="bookmark")
            done = Observation(TaskState.SUCCEEDED, "SUCCESS", artifacts=(piece,))
            return Accepted(None, "SUCCESS", message, said=done)
        said = None
        if code == "21" and is_waiting_for_window(sending, parsed):
            said = Observation(
                TaskState.RUNNING,
                MODAL,
                provider_task_id=ids[0],
                message=message,
                stage=MODAL,
                is_blocked=True,
                detail={"finalPrompt": find_final_prompt(parsed) or ""},
            )
        parts = tuple(Part(id_, str(n)) for n, id_ in enumerate(ids[1:], 2))
        # An upscale may be done already, and no callback tells.
        is_follow_up = sending.task.operation in ("action", "change", "simple-change")
        return Accepted(ids[0], message=message, said=said, parts=parts, look_now=is_follow_up)

    def classify_refusal(self, sending: Sending, answer: HttpResult, parsed: Any) -> SubmitOutcome:
        """Say what an answer without a task proves: by its code, else by its HTTP status."""
        kind, words = find_kind(sending.account), self.describe_answer(answer, parsed)
        pause_s = self.pause_s(answer, parsed)
        code = find_first_text(parsed, ("code",), limit=20)
        is_gateway = kind in (Kind.NEW_API, Kind.PLAIN)
        if is_gateway and (deferral := defer_without_channel(answer, parsed, words)):
            return deferral
        if answer.status == 429 or (
            answer.status == 403 and kind is Kind.TRUEAI and not answer.body.strip()
        ):
            # The 403 without a body is the rate limiter of trueai's proxy, not its key check.
            return Deferred(code, words, pause_s, scope=DeferralScope.ACCOUNT)
        if isinstance(parsed, dict) and answer.status == 400:
            code = code or "4"  # of a gateway's other errors
        if code is not None and answer.status in (200, 400, 404):
            return judge_code(
                kind, code, self.read_reason(parsed) or "", words=words, pause_s=pause_s
            )
        return super().classify_refusal(sending, answer, parsed)

    def has_callbacks(self, account: Account, operation: str | None = None) -> bool:
        """Tell whether the account's kind of proxy calls back.

        A `modal` goes on with a task that has its callback URL already, and its own is ignored.
        """
        return find_profile(account).calls_back and operation != "modal"

    def get_poll_spacing_s(self, account: Account) -> float:
        """Look no oftener than a gateway asks its own upstream, within reason."""
        return get_spacing(account, find_profile(account).spacing_s)

    def get_poll_group(self, account: Account, task: Task) -> str | None:
        """Ask for all that the proxy has named in one call."""
        del account
        return None if task.provider_task_id is None else "ids"

    def build_poll(self, asking: Asking) -> HttpCall | None:
        """Ask for one task by its path, for several by a list of their ids."""
        if len(asking.tasks) == 1:
            return super().build_poll(asking)
        ids = [one.provider_task_id for one in asking.tasks]
        url = f"{asking.account.base_url}/task/list-by-condition"
        return build_post(url, {"ids": ids}, self.build_headers(asking.account))

    def parse_poll(self, asking: Asking, answer: Answer) -> Sequence[PollOutcome]:
        """Say what the answer tells of each task; one that a list leaves out is absent."""
        if len(asking.tasks) == 1:
            return [self._read_single(asking, answer)]
        if isinstance(answer, HttpFailure):
            return [Unanswered(answer.reason)] * len(asking.tasks)
        parsed = parse_answer(answer)
        listed = find_tasks(parsed)
        if answer.status == 200 and listed is not None:
            found: dict[str | None, list[dict[str, Any]]] = {}
            for one in listed:
                if isinstance(one, dict):
                    found.setdefault(find_id(one), []).append(one)
            return [judge_listed(task, found) for task in asking.tasks]
        silent = Unanswered(
            self.describe_answer(answer, parsed),
            self.pause_s(answer, parsed),
            slow_down=answer.status == 429,
            alone=answer.status in _ALONE or _is_without_list(answer, parsed),
        )
        return [silent] * len(asking.tasks)

    def _read_single(self, asking: Asking, answer: Answer) -> PollOutcome:
        if isinstance(answer, HttpFailure):
            return Unanswered(answer.reason)
        parsed, task = find_task(parse_answer(answer)), asking.task
        if answer.status == 200 and isinstance(parsed, dict):
            said = read_task(parsed, task)
            if said is not None:
                if said.provider_task_id == task.provider_task_id or (
                    find_mark(parsed) == task.external_task_id
                ):
                    return Observed(said)
                return Unanswered("the answer is about another task")
        words = self.describe_answer(answer, parsed)
        if self.is_denial(answer, parsed) or is_silence(asking.account, answer):
            return Absent(words, weak=True)
        return Unanswered(words, self.pause_s(answer, parsed), slow_down=answer.status == 429)

    def is_denial(self, answer: HttpResult, parsed: Any) -> bool:
        """Tell whether an answer says in words that there is no such task."""
        if not isinstance(parsed, dict) or answer.status not in (200, 400, 404):
            return False
        text = self.read_reason(parsed) or ""
        is_code = answer.status != 200 and find_first_text(parsed, ("code",)) == "3"
        return is_code or answer.status == 404 or any(word in text for word in _NOT_FOUND)

    def observe(self, account: Account, task: Task | None, parsed: Any) -> Observation | None:
        """Read a task object."""
        del account
        return read_task(parsed, task)

    def read_object(self, parsed: Any) -> Observation | None:
        """Read the task object that a callback is, with our mark where it has one."""
        said = read_task(parsed)
        return None if said is None else replace(said, external_task_id=find_mark(parsed))

    def is_url_needed(self, account: Account) -> bool:
        """Tell that a scan can do without our URL: the mark is in `state`."""
        del account
        return False

    def build_lookup(self, asking: Asking) -> HttpCall | None:
        """Ask an open proxy for its list; None where the account's upstream shows none."""
        if self.get_lookup_kind(asking.account) is not Finds.BY_SCAN:
            return None
        url = f"{asking.account.base_url}/task/list"
        return HttpCall("GET", url, self.build_headers(asking.account))

    def parse_lookup(self, asking: Asking, answer: Answer) -> LookupOutcome:
        """Look for our mark. The list has one page, and need not hold what is older."""
        if isinstance(answer, HttpFailure):
            return Unanswered(answer.reason)
        parsed = parse_answer(answer)
        if answer.status != 200 or not isinstance(parsed, list):
            words, pause_s = self.describe_answer(answer, parsed), self.pause_s(answer, parsed)
            return Unanswered(words, pause_s, slow_down=answer.status == 429)
        ours = [one for one in parsed if isinstance(one, dict) and is_ours(asking, one)]
        # Where one call made several, each carries the mark and a number behind it.
        for place, entry in enumerate(ours := sorted(ours, key=find_number)):
            said = read_task(entry, asking.task)
            if said is not None:
                return Observed(replace(said, parts=list_parts(ours[place + 1 :])))
        return NotSeen("no entry of the proxy's list carries this task's mark")

    def build_cancel(self, asking: Asking) -> HttpCall | None:
        """Ask a proxy that can cancel; None at every other one."""
        task_id = asking.task.provider_task_id
        if task_id is None or not find_profile(asking.account).can_cancel:
            return None
        url = f"{asking.account.base_url}/task/{quote(task_id, safe='')}/cancel"
        return HttpCall("POST", url, self.build_headers(asking.account))

    def parse_cancel(self, asking: Asking, answer: Answer) -> CancelOutcome:
        """Conclude nothing from the empty 200 that answers every cancel: a poll tells."""
        del asking
        if isinstance(answer, HttpFailure):
            return CancelUnknown(answer.reason)
        parsed = parse_answer(answer)
        words = self.describe_answer(answer, parsed)
        if answer.status in (200, 204) and (not answer.body.strip() or parsed is not None):
            return CancelAsked()
        if answer.status == 404 and isinstance(parsed, dict):
            return Gone(words)
        is_page = answer.body.lstrip().startswith(b"<")  # of something in between
        if answer.status in (400, 403, 405) and not is_page:
            return TooLate(words)
        return CancelUnknown(words, self.pause_s(answer, parsed))

    def build_probe(self, account: Account, *, now: datetime) -> HttpCall:
        """Ask for a task that nobody has."""
        del now
        url = f"{account.base_url}/task/0/fetch"
        return HttpCall("GET", url, self.build_headers(account))

    def parse_probe(self, account: Account, answer: Answer) -> Probed:
        """Take the absence of that task, which open proxies tell by an empty answer, for health."""
        if isinstance(answer, HttpResult) and is_silence(account, answer):
            return Probed("ok", "answers in its own words, and takes the credentials")
        return super().parse_probe(account, answer)


def _is_without_list(answer: HttpResult, parsed: Any) -> bool:
    """Tell whether an answer for several is JSON without a list, as null is of a nil one in Go."""
    is_json = isinstance(parsed, dict) or answer.body.strip() == b"null"
    return answer.status == 200 and is_json


_ADAPTER = MidjourneyAdapter()
REVISION = 9
PROVIDER = Provider(
    name="midjourney",
    revision=REVISION,
    regions={"local": "http://127.0.0.1:8080/mj"},
    options=MidjourneyOptions,
    objects=OBJECTS,
    submits=_ADAPTER,
    looks=_ADAPTER,
    polls=_ADAPTER,
    calls_back=_ADAPTER,
    cancels=_ADAPTER,
    probes=_ADAPTER,
    front=MidjourneyFront(),
    passes_on=MidjourneyCalls(),
    examples={"four pictures": {"operation": "imagine", "input": {"prompt": "a cat in the rain"}}},
)
"""There is no official service: the one region is a proxy of one's own beside this service."""
