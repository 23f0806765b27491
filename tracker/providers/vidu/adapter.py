"""Vidu: `payload` carries our id, so that its list tells of a lost create that it is there or not.

Sources: https://platform.vidu.com/docs/get-generation, https://platform.vidu.com/docs/tasks-list,
https://platform.vidu.com/docs/callback-signature and the pages of the creates, read 2026-11. Speech
and cloned voices are answered at once (https://platform.vidu.com/docs/text-to-speech and
…/voice-clone, read 2026-11-30).
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from types import MappingProxyType
from typing import Any, ClassVar

from tracker.domain.cost import Cost, Phase
from tracker.domain.errors import InvalidRequest
from tracker.domain.exchange import HttpCall, HttpResult
from tracker.domain.observation import Observation
from tracker.domain.outcome import (
    Absence,
    Absent,
    DeferralScope,
    Deferred,
    Follow,
    Observed,
    PollOutcome,
    Refused,
    SubmitOutcome,
    Unanswered,
    Unknown,
)
from tracker.domain.task import Artifact, Task, TaskError, TaskState
from tracker.providers.kit.callbacks import ObjectCallbacks
from tracker.providers.kit.calls import apply_told_status, build_post
from tracker.providers.kit.cancels import PathCancel
from tracker.providers.kit.default_seconds import build_default_seconds
from tracker.providers.kit.empty_results import await_result, doubt_error
from tracker.providers.kit.ledger import settle_costs
from tracker.providers.kit.pieces import guess_kind, read_web_url
from tracker.providers.kit.proofs import SignedRequestLine
from tracker.providers.kit.reading import find_first_number, find_first_text, read_charge
from tracker.providers.kit.scan import read_page
from tracker.providers.kit.table_inputs import CreatePath
from tracker.providers.kit.useless_options import UnprofiledOptions
from tracker.providers.ports.account import Account
from tracker.providers.ports.adapter import Answer, Asking, Finds, Request, Sending
from tracker.providers.ports.callbacks import Scheme
from tracker.providers.ports.provider import Provider, ResultHosting
from tracker.providers.vidu.front import CREDITS, ViduFront
from tracker.providers.vidu.inputs import AT_ONCE, CREATES, KINDS, OBJECTS, list_flaws
from tracker.providers.vidu.listing import ENTRIES, ViduLists, build_next_page, list_call
from tracker.providers.vidu.marks import MOST_OF_CALLER, add_mark, mark_in
from tracker.providers.vidu.passing import ViduCalls, build_token_header

RESULTS_LIVE = timedelta(hours=24)
OFF_PEAK_S = 48 * 3600.0
"""How long a task may take that was made with `off_peak`."""
_SOUNDS_LAST_S = 300.0
"""How long the answer to a create that is the result may take."""
LIST_LAG = timedelta(seconds=30)
"""How old the end of a create must be before the list's silence counts."""
_NO_MONEY = "CreditInsufficient"
_WAITS = frozenset({"QuotaExceeded", "OperationInProcess", "SystemThrottling"})
"""Codes of HTTP 429 for a queue that is full, which is no failed try."""
_EMPTY = "success without creations"
_UNLISTED = "the list is not known to show what is made at once, so that its silence proves nothing"
_UNMARKED = "the list shows tasks without a payload, so that its silence proves nothing"


class ViduOptions(UnprofiledOptions):
    """The key, which signs callbacks too; `webhook_secrets` holds former keys during a rotation."""


class ViduAdapter(PathCancel, ObjectCallbacks):
    """Submits, polls, finds by our id, cancels, reads callbacks, probes."""

    creates: ClassVar[Mapping[str, CreatePath]] = CREATES
    poll_path = "ent/v2/tasks/{id}/creations"
    cancel_path = "ent/v2/tasks/{id}/cancel"
    probe_path = "ent/v2/credits"
    url_field = "callback_url"
    ids: ClassVar[Sequence[str]] = ("task_id", "id")
    omits_ids = True
    names_task = True
    words_in: ClassVar[Sequence[str]] = ("state",)
    words: ClassVar[Mapping[str, TaskState]] = MappingProxyType(
        {
            "created": TaskState.SUBMITTED,
            "queueing": TaskState.SUBMITTED,
            "processing": TaskState.RUNNING,
            "success": TaskState.SUCCEEDED,
            "failed": TaskState.FAILED,
            "cancelled": TaskState.CANCELLED,
            "canceled": TaskState.CANCELLED,
        }
    )
    messages: ClassVar[Sequence[str]] = ("message", "err_msg", "err_code", "reason")
    times: ClassVar[Sequence[str]] = ()  # a task shows when it was made, not its last change
    not_a_task = "no id and state: this is not a task"
    account_codes = (_NO_MONEY,)

    def build_headers(self, account: Account) -> dict[str, str]:
        """Build the header of the key."""
        return build_token_header(account)

    def get_lookup_kind(self, account: Account) -> Finds:
        """Say that the list shows our id, and that two looks without it can be believed."""
        del account
        return Finds.BY_ID

    def check(self, operation: str, input_: Mapping[str, Any]) -> Request:
        """Validate by the table, by the limits of the model, and the room for our mark."""
        request = super().check(operation, input_)
        flaws = list_flaws(operation, request.body, most_payload=MOST_OF_CALLER)
        if flaws:
            raise InvalidRequest(*flaws)
        patience_s = OFF_PEAK_S if request.body.get("off_peak") else None
        return replace(request, patience_s=patience_s)

    def build_submit(self, sending: Sending) -> HttpCall:
        """Post the create, with our id in front of the caller's payload."""
        own = str(sending.body.get("payload") or "")
        payload = add_mark(sending.task.external_task_id, own)
        sending = replace(sending, body={**sending.body, "payload": payload})
        if sending.task.operation not in AT_ONCE:
            return super().build_submit(sending)
        call = super().build_submit(replace(sending, callback_url=None))
        return replace(call, lasts_s=_SOUNDS_LAST_S)

    def classify_refusal(self, sending: Sending, answer: HttpResult, parsed: Any) -> SubmitOutcome:
        """Look the reason up where the status does not tell enough."""
        answer = apply_told_status(answer, parsed, ("code",))
        found = super().classify_refusal(sending, answer, parsed)
        code = find_first_text(parsed, ("reason",), limit=100)
        if code == _NO_MONEY and answer.status < 500:
            return Refused(code, self.describe_answer(answer, parsed), blames_account=True)
        if code in _WAITS and isinstance(found, Refused):
            found = Deferred(code, found.message, self.pause_s(answer, parsed))
        match found:
            case Refused() | Unknown():
                return replace(found, code=code)
            case Deferred() if code in _WAITS:
                scope = DeferralScope.ACCOUNT
                return replace(found, code=code, scope=scope)
            case Deferred():
                return replace(found, code=code)
            case _:
                return found

    def build_poll(self, asking: Asking) -> HttpCall | None:
        """Ask by Vidu's id; while it is not known, ask the list for our own."""
        if asking.task.provider_task_id is None:
            return _list_call(asking, {"pager.page": 0})
        return super().build_poll(asking)

    def parse_poll(self, asking: Asking, answer: Answer) -> Sequence[PollOutcome]:
        """Read how the task stands, or whether the list shows it."""
        if asking.task.provider_task_id is None:
            return [self._read_list(asking, answer)]
        return super().parse_poll(asking, answer)

    def observe(self, account: Account, task: Task | None, parsed: Any) -> Observation | None:
        """Read a task, and our id in its payload."""
        said = super().observe(account, task, parsed)
        if said is None:
            return None
        said = replace(said, external_task_id=mark_in(parsed))
        code = find_first_text(parsed, ("err_code",), limit=100)
        return await_result(doubt_error(said, code, said.message), task, _EMPTY)

    def describe_failure(self, parsed: Any, message: str | None) -> TaskError:
        """Describe a failure by its code."""
        code = find_first_text(parsed, ("err_code",), limit=100)
        return TaskError("provider", code, message or "the provider gave no reason")

    def read_artifacts(
        self, account: Account, task: Task | None, parsed: Any
    ) -> Sequence[Artifact]:
        """Read the creations, each with its cover and its other copies."""
        del account
        kind_made = "video" if task is None else KINDS.get(task.operation, "video")
        creations = parsed.get("creations")
        found: list[Artifact] = []
        if sound := read_web_url(parsed.get("file_url")) or read_web_url(parsed.get("demo_audio")):
            name = find_first_text(parsed, ("voice_id",), limit=300)
            return [Artifact("audio", sound, id=name, key="0")]
        for place, one in enumerate(creations if isinstance(creations, list) else ()):
            if not isinstance(one, dict) or (url := read_web_url(one.get("url"))) is None:
                continue
            name = find_first_text(one, ("id",), limit=200)
            found.append(Artifact(guess_kind(url) or kind_made, url, id=name, key=str(place)))
            if cover := read_web_url(one.get("cover_url")):
                found.append(Artifact("image", cover, id=name, key=f"cover/{place}"))
            if branded := read_web_url(one.get("watermarked_url")):
                kind = guess_kind(branded) or kind_made
                found.append(Artifact(kind, branded, id=name, key=f"watermarked/{place}"))
            checked = one.get("moderation_url")
            for number, told in enumerate(checked if isinstance(checked, list) else [checked]):
                if seen := read_web_url(told):
                    kind, key = guess_kind(seen) or "file", f"moderation/{place}/{number}"
                    found.append(Artifact(kind, seen, id=name, key=key))
        return found

    def read_costs(self, account: Account, task: Task | None, parsed: Any) -> Sequence[Cost]:
        """Read what was charged in the end: nothing for a failure."""
        del account
        return settle_costs(task, _read_credits(parsed), unit=CREDITS)

    def estimate_costs(self, parsed: Any) -> Sequence[Cost]:
        """Read the credits that a create announces."""
        amount = _read_credits(parsed)
        return [] if amount is None else [Cost("unit", amount, CREDITS, phase=Phase.ESTIMATE)]

    def build_cancel(self, asking: Asking) -> HttpCall | None:
        """Build the call, which names the task once more in its body."""
        call = super().build_cancel(asking)
        if call is None:
            return None
        return build_post(call.url, {"id": asking.task.provider_task_id}, call.headers)

    def read_balance(self, parsed: Any) -> str | None:
        """Read what is left of each kind of credits, and how many tasks run."""
        remains = parsed.get("remains") if isinstance(parsed, dict) else None
        told = [_read_remainder(one) for one in remains] if isinstance(remains, list) else []
        return "; ".join(filter(None, told)) or None

    def has_callbacks(self, account: Account, operation: str | None = None) -> bool:
        """Tell that all but what is made at once is called back."""
        del account
        return operation not in AT_ONCE

    def get_proof_scheme(self, account: Account) -> Scheme | None:
        """Return the signature over the request line, made with the key of the API."""
        keys = (*([account.api_key] if account.api_key else []), *account.webhook_secrets)
        return SignedRequestLine(keys, access_key="vidu") if keys else None

    def read_object(self, parsed: Any) -> Observation | None:
        """Read the task that a callback is."""
        return self.observe(_NO_ACCOUNT, None, parsed)

    def _read_list(self, asking: Asking, answer: Answer) -> PollOutcome:
        """Look for our id on a page of the list; go on until a page is empty.

        Neither the number of entries nor a missing token is taken for the end: a list that ignores
        the size or the filters that it is asked for would deny a task that exists.
        """
        listed = read_page(self, answer, ENTRIES)
        if isinstance(listed, Unanswered):
            return listed
        parsed, entries = listed
        for entry in entries:
            if mark_in(entry) == asking.task.external_task_id:
                said = self.observe(asking.account, asking.task, entry)
                return (
                    Unanswered("the task's entry is unreadable")
                    if said is None
                    else (Observed(said))
                )
        before = asking.page or {}
        is_marked = before.get("is_marked", True) and all(
            find_first_text(entry, ("payload",)) for entry in entries
        )
        following = build_next_page(before, parsed, entries)
        if following is not None:
            page = {**following, "is_marked": is_marked}
            names = {name: page[name] for name in page if name.startswith("pager.")}
            return Follow(_list_call(asking, names), page)
        if not is_marked:
            return Unanswered(_UNMARKED)
        if asking.task.operation in AT_ONCE:
            return Unanswered(_UNLISTED)
        has_settled = asking.now >= asking.task.updated_at + LIST_LAG
        kind = Absence.DENIED if has_settled else Absence.NOT_YET
        return Absent("no task in the provider's list carries our id", kind)


def _list_call(asking: Asking, page: Mapping[str, Any]) -> HttpCall:
    return list_call(asking.account, asking.task.created_at, asking.now, page)


def _read_credits(parsed: Any) -> str | None:
    return read_charge(find_first_number(parsed, ("credits",)))


def _read_remainder(item: Any) -> str | None:
    left = find_first_number(item, ("credit_remain",))
    if left is None:
        return None
    kind = find_first_text(item, ("type",), limit=40)
    running = find_first_number(item, ("current_concurrency",))
    most = find_first_number(item, ("concurrency_limit",))
    text = f"{left} credits" if kind is None else f"{left} credits ({kind})"
    return text if running is None or most is None else f"{text}, {running} of {most} running"


_NO_ACCOUNT = Account("", "", ViduOptions())
_ADAPTER = ViduAdapter()
REVISION = 6
PROVIDER = Provider(
    name="vidu",
    revision=REVISION,
    regions={"global": "https://api.vidu.com", "china": "https://api.vidu.cn"},
    options=ViduOptions,
    objects=OBJECTS,
    submits=_ADAPTER,
    lists=ViduLists(_ADAPTER),
    polls=_ADAPTER,
    calls_back=_ADAPTER,
    cancels=_ADAPTER,
    probes=_ADAPTER,
    front=ViduFront(),
    passes_on=ViduCalls(),
    results=ResultHosting(lifetime=RESULTS_LIVE),
    tells_costs=True,
    default_seconds=build_default_seconds(  # https://platform.vidu.com/docs, read 2026-11-30
        dict.fromkeys(("text2video", "img2video", "reference2video", "start-end2video"), 5),
        of_models={"vidu2.0*": 4, "vidu1.5*": 4},
    ),
    examples={
        "a video from text": {
            "operation": "text2video",
            "input": {"model": "viduq2-pro", "prompt": "a cat in the rain", "duration": 5},
        }
    },
)
