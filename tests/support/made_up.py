"""A provider that nobody has: every capability of `tracker.providers.ports` filled.

Its API speaks JSON that says outright what an answer means, so that a test writes down what the
provider does: see `made_up_answers`; `made_up_api` plays it.
"""

import hmac
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel

from tests.support.made_up_answers import (
    bill,
    classify_refusal,
    explain_silence,
    parse_answer,
    read_observation,
)
from tests.support.made_up_front import MADE_UP_OBJECTS, MadeUpCalls, MadeUpFront
from tests.support.made_up_stream import TELL, MadeUpStreams
from tests.support.made_up_tokens import MadeUpTokens
from tracker.domain.errors import CallbackRejected, FieldError, InvalidRequest
from tracker.domain.exchange import Certainty, HttpCall, HttpFailure
from tracker.domain.observation import Observation, Part
from tracker.domain.outcome import (
    Absence,
    Absent,
    Accepted,
    CancelAsked,
    Cancelled,
    CancelOutcome,
    CancelUnknown,
    Follow,
    Gone,
    LookupOutcome,
    More,
    NotSeen,
    NotSent,
    Observed,
    PollOutcome,
    SubmitOutcome,
    TooLate,
    Unanswered,
    Unknown,
)
from tracker.domain.signature import Proof
from tracker.domain.task import Task, TaskState
from tracker.providers.ports.account import Account, AccountOptions
from tracker.providers.ports.adapter import Answer, Asking, Finds, Probed, Request, Sending
from tracker.providers.ports.callbacks import Covers, Hint, Inbound
from tracker.providers.ports.keys import KeySet, KeySource
from tracker.providers.ports.provider import Provider, ResultHosting

NAME = "made-up"
REVISION = 7
PAINT = "paint"
"""The operation whose answer is the result, with its files in it."""
SECRET_HEADER = "x-made-up-secret"
_NOT_SENT = frozenset({"parent", "slots", "callback_url", "patience"})


class MadeUpOptions(AccountOptions):
    """The options of an account.

    proves: which part of a callback the secret header stands for.
    finds:  whether a lost submit can be found; None for what the adapter says.
    exchanges: whether calls carry a token that the key is exchanged for.
    tokens_at: the address of who gives these; None for the account's own.
    """

    proves: Literal["body", "sender"] = "body"
    finds: Literal["by_id", "never"] | None = None
    exchanges: bool = False
    tokens_at: str | None = None


@dataclass(frozen=True, slots=True)
class Shared:
    """A header holds the secret of the account."""

    secrets: Sequence[str] = field(repr=False)
    covers: Covers = Covers.BODY
    headers: frozenset[str] = frozenset()
    key_source: KeySource | None = None

    def verify(self, inbound: Inbound, *, now: datetime, keys: KeySet | None = None) -> Proof:
        """Judge one callback."""
        del now, keys
        given = inbound.headers.get(SECRET_HEADER, "").encode()
        fits = any(hmac.compare_digest(one.encode(), given) for one in self.secrets)
        covers_body = self.covers is Covers.BODY
        return Proof(None if fits else "the secret does not fit", covers_body=covers_body)


@dataclass(frozen=True)
class MadeUp:
    """All capabilities.

    how:          can a lost submit be found.
    per:          whether callbacks go to a URL of each task, or to one for all.
    together:     how many tasks one poll asks for.
    erases_ended: whether a cancel erases a task that has ended.
    spacing:      least seconds between two looks at one task.
    is_silent:    whether its accounts never call back.
    marks_url:    whether a scan would look for our callback URL.
    silent:       operations that it never calls back for.
    may_cancel:   whether its accounts offer a way to cancel.
    cancels_waiting: whether only what has not begun is cancelled.
    """

    how: Finds = Finds.BY_ID
    per: Literal["task", "project"] = "task"
    together: int = 20
    erases_ended: bool = False
    spacing: float = 0.0
    is_silent: bool = False
    silent: tuple[str, ...] = ()
    marks_url: bool = True
    may_cancel: bool = True
    cancels_waiting: bool = False

    operations = ("draw", "film", TELL, PAINT)

    def get_lookup_kind(self, account: Account) -> Finds:
        """All accounts alike, but for those whose options say otherwise."""
        own = account.options.finds if isinstance(account.options, MadeUpOptions) else None
        return self.how if own is None else Finds(own)

    def explain_unserved(self, account: Account, operation: str) -> str | None:
        """All operations, everywhere."""
        del account
        return None if operation in self.operations else f"no operation {operation!r}"

    def get_input_model(self, operation: str) -> type[BaseModel] | None:
        """Show no model: what is checked is written out in `check`."""
        del operation
        return None

    def check(self, operation: str, input_: Mapping[str, Any]) -> Request:
        """A prompt is needed; `parent`, `slots` and `patience` (in seconds) are what they say."""
        del operation
        if not isinstance(input_.get("prompt"), str):
            raise InvalidRequest(FieldError("prompt", "is missing"))
        return Request(
            body={k: v for k, v in input_.items() if k not in _NOT_SENT},
            callback_url=input_.get("callback_url"),
            slots=input_.get("slots", 1),
            wants=tuple(input_.get("wants", ())),
            parent=input_.get("parent"),
            patience_s=input_.get("patience"),
        )

    def is_account_fault(self, code: str | None, http_status: int | None) -> bool:
        """Money and keys are the account's."""
        return code in ("money", "key") or http_status == 401

    def build_submit(self, sending: Sending) -> HttpCall:
        """POST /make."""
        parent = sending.parent and sending.parent.provider_task_id
        body = dict(sending.body) | {
            "operation": sending.task.operation,
            "mark": sending.task.external_task_id,
            "callback": sending.callback_url,
            "parent": parent,
        }
        call = _call(sending.account, "POST", "/make", body)
        return replace(call, lasts_s=600.0) if sending.task.operation == PAINT else call

    def parse_submit(self, sending: Sending, answer: Answer) -> SubmitOutcome:
        """`{id, word, context, said, look_now, parts, bill}`, or `{error: {code, why, …}}`."""
        del sending
        if isinstance(answer, HttpFailure) and answer.certainty is Certainty.NOT_SENT:
            return NotSent(answer.reason)
        made = parse_answer(answer)
        if made is None:
            return Unknown(explain_silence(answer))
        if "error" in made:
            return classify_refusal(made["error"])
        said = made.get("said")
        return Accepted(
            made.get("id"),
            word=made.get("word"),
            context=made.get("context"),
            said=None if said is None else read_observation(said),
            parts=tuple(Part(one["id"], one["mark"]) for one in made.get("parts", ())),
            look_now=made.get("look_now", False),
            costs=bill(made),
        )

    def is_url_needed(self, account: Account) -> bool:
        """Return `marks_url`."""
        del account
        return self.marks_url

    def build_lookup(self, asking: Asking) -> HttpCall | None:
        """GET /list, page by page."""
        number = (asking.page or {"number": 1})["number"]
        return _call(asking.account, "GET", f"/list?page={number}")

    def parse_lookup(self, asking: Asking, answer: Answer) -> LookupOutcome:
        """`{tasks: [statement …], next: 2}`."""
        page = parse_answer(answer)
        if page is None:
            return Unanswered(explain_silence(answer))
        for said in page["tasks"]:
            if said.get("mark") == asking.task.external_task_id:
                return Observed(read_observation(said))
        return More({"number": page["next"]}) if page.get("next") else NotSeen("not on its list")

    def get_poll_spacing_s(self, account: Account) -> float:
        """Return `spacing`."""
        del account
        return self.spacing

    def has_callbacks(self, account: Account, operation: str | None = None) -> bool:
        """Tell whether it is not silent."""
        del account
        return not self.is_silent and operation not in self.silent

    def get_poll_group(self, account: Account, task: Task) -> str | None:
        """All that it has named."""
        del account
        return "all" if task.provider_task_id else None

    def build_poll(self, asking: Asking) -> HttpCall | None:
        """GET /tasks?ids=…; by the poll URL of the context where there is one."""
        task = asking.task
        if len(asking.tasks) == 1 and (path := (task.context or {}).get("poll")):
            return _call(asking.account, "GET", str(path))
        if task.provider_task_id is None:
            if self.how is not Finds.BY_ID:
                return None
            return _call(asking.account, "GET", f"/tasks?mark={task.external_task_id}")
        ids = ",".join(str(one.provider_task_id) for one in asking.tasks)
        return _call(asking.account, "GET", f"/tasks?ids={ids}")

    def parse_poll(self, asking: Asking, answer: Answer) -> Sequence[PollOutcome]:
        """`{tasks: [statement …], absent: {kind, weak}, follow: path, alone: true}`."""
        found, count = parse_answer(answer), len(asking.tasks)
        if isinstance(answer, HttpFailure) or found is None:
            return [Unanswered(explain_silence(answer))] * count
        if answer.status == 429:
            after_s = float(answer.headers.get("retry-after", "0")) or None
            return [Unanswered("too many", retry_after_s=after_s, slow_down=True)] * count
        if "follow" in found:
            return [Follow(_call(asking.account, "GET", found["follow"]), {"from": "poll"})] * count
        if found.get("alone") and count > 1:
            return [Unanswered("ask one by one", alone=True)] * count
        said = [read_observation(one) for one in found.get("tasks", ())]
        return [self._read_about(task, said, found.get("absent", {})) for task in asking.tasks]

    def _read_about(
        self, task: Task, said: Sequence[Observation], absent: Mapping[str, Any]
    ) -> PollOutcome:
        for one in said:
            ids = (task.provider_task_id, one.provider_task_id)
            if (None in ids or ids[0] == ids[1]) and one.external_task_id in (
                None,
                task.external_task_id,
            ):
                return Observed(one)
        kind = Absence(absent.get("kind", "denied"))
        return Absent("no such task", kind, weak=bool(absent.get("weak")))

    has_handshake = True

    def get_proof_scheme(self, account: Account) -> Shared | None:
        """A header that holds the secret, where there is one."""
        covers = Covers.BODY
        if isinstance(account.options, MadeUpOptions):
            covers = Covers(account.options.proves)
        return Shared(account.webhook_secrets, covers) if account.webhook_secrets else None

    def answer_challenge(self, inbound: Inbound) -> bytes | None:
        """`{"challenge": "text"}` is answered with the text."""
        if not inbound.body.startswith(b'{"challenge":'):
            return None
        return str(json.loads(inbound.body)["challenge"]).encode()

    def parse_callback(self, inbound: Inbound) -> Sequence[Observation | Hint]:
        """One statement or a list of them; `{hint, id, mark}` says that there is news."""
        try:
            body = json.loads(inbound.body)
        except ValueError:
            raise CallbackRejected("the body is no JSON") from None
        return [
            Hint(one["hint"], one.get("id"), one.get("mark"))
            if "hint" in one
            else read_observation(one)
            for one in (body if isinstance(body, list) else [body])
        ]

    def acknowledge(self, inbound: Inbound) -> tuple[int, bytes] | None:
        """`{"ack": …}` in the body asks for an answer of exactly that."""
        body = json.loads(inbound.body)
        if isinstance(body, dict) and "ack" in body:
            return 202, str(body["ack"]).encode()
        return None

    def find_missing_result(self, task: Task, said: Observation) -> str | None:
        """Return the first requested kind that the observation lacks; None when all are there."""
        kinds = {piece.kind for piece in said.artifacts}
        return next((one for one in task.wants if one not in kinds), None)

    def explain_too_late(self, asking: Asking) -> str | None:
        """Say that work has begun, where only tasks that wait are cancelled."""
        is_begun = self.cancels_waiting and asking.task.state is TaskState.RUNNING
        return "it has begun" if is_begun else None

    def build_cancel(self, asking: Asking) -> HttpCall | None:
        """POST /cancel, by its id or, where tasks are found by it, ours."""
        task = asking.task
        is_named = task.provider_task_id is not None or self.how is Finds.BY_ID
        if not self.may_cancel or not is_named:
            return None
        named = {"id": task.provider_task_id, "mark": task.external_task_id}
        return _call(asking.account, "POST", "/cancel", named)

    def parse_cancel(self, asking: Asking, answer: Answer) -> CancelOutcome:
        """`{cancel: cancelled | asked | too_late | gone}`; unknown where none came."""
        del asking
        said = parse_answer(answer)
        match said and said["cancel"]:
            case "cancelled":
                return Cancelled("cancelled")
            case "asked":
                return CancelAsked()
            case "too_late":
                return TooLate("it is being finished")
            case "gone":
                return Gone("no such task")
            case _:
                return CancelUnknown(explain_silence(answer))

    def build_probe(self, account: Account, *, now: datetime) -> HttpCall:
        """GET /me."""
        del now
        return _call(account, "GET", "/me")

    def parse_probe(self, account: Account, answer: Answer) -> Probed:
        """`{balance}`."""
        del account
        said = parse_answer(answer)
        if said is None:
            return Probed("note", explain_silence(answer))
        return Probed("ok", "it takes the key", balance=said.get("balance"))


def _call(
    account: Account, method: str, path: str, body: Mapping[str, Any] | None = None
) -> HttpCall:
    headers = {"authorization": f"Bearer {account.api_key}"}
    text = None if body is None else json.dumps(body).encode()
    return HttpCall(method, account.base_url + path, headers, text)


class SlowDrawing(MadeUp):
    """An adapter whose drawings are the answers to their creates, and take long."""

    def build_submit(self, sending: Sending) -> HttpCall:
        """Say of a drawing how long it may take."""
        lasts_s = 600.0 if sending.task.operation == "draw" else 0.0
        return replace(super().build_submit(sending), lasts_s=lasts_s)


def make_made_up(adapter: MadeUp | None = None) -> Provider:
    """Return the record of the provider, with every place filled that an adapter fills."""
    it = adapter or MadeUp()
    return Provider(
        name=NAME,
        revision=REVISION,
        regions={"here": "http://provider.example"},
        options=MadeUpOptions,
        submits=it,
        check_limits=_check_size,
        streams=MadeUpStreams(read_observation),
        looks=it,
        polls=it,
        calls_back=it,
        cancels=it,
        probes=it,
        front=MadeUpFront(),
        passes_on=MadeUpCalls(),
        objects=MADE_UP_OBJECTS,
        tokens=MadeUpTokens(),
        results=ResultHosting(answers_with_files=lambda operation: operation == PAINT),
    )


def _check_size(account: Account, operation: str, body: Mapping[str, Any]) -> Sequence[FieldError]:
    """Refuse pictures of a size that the account does not make; one named after it always is."""
    del operation
    size = body.get("size")
    is_made = size in (None, account.name)
    return () if is_made else [FieldError("size", f"is none of account {account.name}")]


PROVIDERS: Mapping[str, Provider] = {NAME: make_made_up()}
"""A registry of its own."""
