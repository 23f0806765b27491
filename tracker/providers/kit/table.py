"""An adapter as a table: create paths, poll path, status words, answers' meanings.

A simple provider fills the table; whatever needs a condition is a method that its class overrides.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from string import Formatter
from typing import Any, ClassVar
from urllib.parse import quote

from tracker.domain.cost import Cost
from tracker.domain.exchange import Certainty, HttpCall, HttpFailure, HttpResult
from tracker.domain.observation import Observation
from tracker.domain.outcome import (
    Absent,
    Accepted,
    Deferred,
    NotSent,
    Observed,
    PollOutcome,
    Refused,
    SubmitOutcome,
    Unanswered,
    Unknown,
)
from tracker.domain.retry import retry_after_s
from tracker.domain.task import VERDICTS, Artifact, Task, TaskError, TaskState
from tracker.providers.kit.blocked import add_block, block_in
from tracker.providers.kit.calls import build_bearer_header, build_post, get_spacing
from tracker.providers.kit.flaw_lists import find_flaws
from tracker.providers.kit.meanings import Meaning, get_meaning
from tracker.providers.kit.nested_answers import find_relayed_id
from tracker.providers.kit.reading import (
    find_first_instant,
    find_first_text,
    read_json,
    unwrap_data,
)
from tracker.providers.kit.reasons import find_reason, find_refusal
from tracker.providers.kit.status_words import WordTable, end_at_gateways
from tracker.providers.kit.table_inputs import InputTable
from tracker.providers.kit.unnamed_failures import doubt_unnamed, may_fail_unnamed
from tracker.providers.ports.account import Account
from tracker.providers.ports.adapter import (
    Answer,
    Asking,
    Finds,
    Probed,
    Sending,
)


class TableAdapter(InputTable, WordTable):
    """Submits and polls by a table. The Protocols are in ports/adapter.py.

    What its inputs are is in table_inputs.py, what its words mean in status_words.py.

    poll_path:   below the base URL; `{id}` stands for the provider's id.
    ids, messages: names of fields, `a.b` for one within another; the first filled counts.
    meanings:    of HTTP statuses, over those of kit/meanings.py.
    account_codes: of refusals that blame the account, whatever their status.
    least_spacing_s: seconds between two looks at one task, where the provider asks for them.
    probe_path:  below the base URL, of something that shows the account; None: a task is asked for
                 that nobody has.
    """

    poll_path: ClassVar[str]
    ids: ClassVar[Sequence[str]] = ("id",)
    messages: ClassVar[Sequence[str]] = ("error.message", "error", "message", "detail", "title")
    times: ClassVar[Sequence[str]] = ("completed_at", "updated_at", "created_at")
    meanings: ClassVar[Mapping[int, Meaning]] = {}
    account_codes: ClassVar[Collection[str]] = ()
    probe_path: ClassVar[str | None] = None
    together: ClassVar[int] = 1
    least_spacing_s: ClassVar[float] = 0.0
    omits_ids: ClassVar[bool] = False
    """True when answers about a task may leave its id out."""
    names_task: ClassVar[bool] = False
    """True when the provider's own address always answers with the id that was asked for."""
    forgets: ClassVar[bool] = False
    """True when the provider drops tasks after a while, so that absence says little."""
    costs_may_fall: ClassVar[bool] = False
    """True when the provider may charge less for a task days after its end."""

    def get_lookup_kind(self, account: Account) -> Finds:
        """Say that nothing finds a lost submit; classes that know better override it."""
        del account
        return Finds.NEVER

    def is_account_fault(self, code: str | None, http_status: int | None) -> bool:
        """Look the code up, then the HTTP status."""
        if code in self.account_codes:
            return True
        return (
            http_status is not None
            and self._find_status_meaning(http_status) is Meaning.BLAMES_ACCOUNT
        )

    def build_headers(self, account: Account) -> dict[str, str]:
        """Build the headers that carry the credentials."""
        return build_bearer_header(account.api_key)

    def build_submit(self, sending: Sending) -> HttpCall:
        """Build the create of the table."""
        create, body = self.creates[sending.task.operation], dict(sending.body)
        names = [name for _, name, _, _ in Formatter().parse(create.path) if name]
        path = create.path.format(**{n: quote(str(body.pop(n, "")), safe="") for n in names})
        if self.url_field and sending.callback_url is not None:
            body[self.url_field] = sending.callback_url
        if self.id_field:
            body[self.id_field] = sending.task.external_task_id
        url = f"{sending.account.base_url}/{path}"
        return build_post(url, body, self.build_headers(sending.account))

    def parse_submit(self, sending: Sending, answer: Answer) -> SubmitOutcome:
        """Take an answer that names a task for acceptance; else look the status up."""
        if isinstance(answer, HttpFailure):
            if answer.certainty is Certainty.NOT_SENT:
                return NotSent(answer.reason)
            return Unknown(answer.reason)
        parsed = self.open_envelope(parse_answer(answer))
        task_id = self._find_id(sending.account, parsed) if answer.status < 300 else None
        if task_id is None:
            return self.classify_refusal(sending, answer, parsed)
        said = add_block(self.observe(sending.account, sending.task, parsed), parsed)
        word = None if said is None else said.word
        ended = said if said is not None and said.state in VERDICTS else None
        context, expected = self.read_context(parsed), tuple(self.estimate_costs(parsed))
        if ended is not None and ended.state is TaskState.SUCCEEDED and not ended.artifacts:
            # The result is asked for; some say this of the request.
            return Accepted(task_id, word, context=context, costs=expected, look_now=True)
        return Accepted(task_id, word, said=ended, context=context, costs=expected)

    def open_envelope(self, parsed: Any) -> Any:
        """Return what an answer says of a task, out of the envelope where there is one."""
        return parsed

    def read_context(self, parsed: Any) -> Mapping[str, Any] | None:
        """Return what later calls for the task need of the create's answer; None for nothing."""
        del parsed
        return None

    def classify_refusal(self, sending: Sending, answer: HttpResult, parsed: Any) -> SubmitOutcome:
        """Say what an answer without a task proves."""
        del sending
        if (block := block_in(parsed)) is not None:
            return Refused(block.code, block.message)
        words = self.describe_answer(answer, parsed)
        code = find_first_text(parsed, ("code", "error.code"), limit=100)
        match self._find_status_meaning(answer.status):
            case Meaning.REFUSED:
                return Refused(code, words)
            case Meaning.BLAMES_ACCOUNT:
                return Refused(code, words, blames_account=True)
            case Meaning.WAIT:
                return Deferred(code, words, self.pause_s(answer, parsed))
            case Meaning.UNKNOWN:
                return Unknown(words, code)

    def get_poll_spacing_s(self, account: Account) -> float:
        """Return the account's own wish, else the provider's."""
        return get_spacing(account, self.least_spacing_s)

    def get_poll_group(self, account: Account, task: Task) -> str | None:
        """Ask for each task alone."""
        del account, task
        return None

    def build_poll(self, asking: Asking) -> HttpCall | None:
        """Build the query by the provider's id; None while it is not known."""
        task_id = asking.task.provider_task_id
        if task_id is None:
            return None
        path = self.poll_path.format(id=quote(task_id, safe=""))
        return HttpCall(
            "GET", f"{asking.account.base_url}/{path}", self.build_headers(asking.account)
        )

    def parse_poll(self, asking: Asking, answer: Answer) -> Sequence[PollOutcome]:
        """Read how the task stands."""
        if isinstance(answer, HttpFailure):
            return [Unanswered(answer.reason)]
        parsed = self.open_envelope(parse_answer(answer))
        if answer.status < 300:
            said = add_block(self.observe(asking.account, asking.task, parsed), parsed)
            if said is not None and self._is_of_another(asking, said):
                return [Unanswered("the answer is about another task")]
            if said is not None:
                return [Observed(said)]
        words = self.describe_answer(answer, parsed)
        if self.is_denial(answer, parsed):
            return [Absent(words, weak=self.forgets)]
        pause_s = self.pause_s(answer, parsed)
        return [Unanswered(words, pause_s, slow_down=answer.status == 429)]

    def pause_s(self, answer: HttpResult, parsed: Any) -> float | None:
        """Return how many seconds an answer asks us to wait; None where it does not say."""
        del parsed
        return retry_after_s(answer.headers)

    def is_denial(self, answer: HttpResult, parsed: Any) -> bool:
        """Tell whether an answer says that there is no such task. A page says nothing of tasks."""
        return answer.status == 404 and isinstance(parsed, dict)

    def observe(self, account: Account, task: Task | None, parsed: Any) -> Observation | None:
        """Say what a task object tells; None when it is none."""
        word = find_first_text(parsed, self.words_in, limit=200)
        if word is None:
            return None
        state, omits_ids = self.find_state(word), self.omits_ids
        pieces = tuple(self.read_artifacts(account, task, parsed))
        if state is None and account.options.base_url is not None:  # a gateway may stand before it
            state = end_at_gateways(word, pieces)
            omits_ids = omits_ids and may_fail_unnamed(word, parsed)
        # Relays leave the id out. A result shows then that the answer is about a task at all.
        may_omit = omits_ids or (state is TaskState.SUCCEEDED and bool(pieces))
        may_omit = may_omit or (state is TaskState.FAILED and may_fail_unnamed(word, parsed))
        task_id = self._find_id(account, parsed)
        is_named = task_id is not None or omits_ids
        if task_id is None and may_omit and task is not None:
            task_id = task.provider_task_id
        if task_id is None:
            return None
        message = self.read_reason(parsed)
        if message is None and state is TaskState.FAILED:
            message = find_reason(parsed)
        said = Observation(
            state=state,
            word=word,
            provider_task_id=task_id,
            message=message,
            progress=self.read_progress(parsed),
            at=find_first_instant(parsed, self.times),
            artifacts=pieces,
            error=self.describe_failure(parsed, message) if state is TaskState.FAILED else None,
            costs=tuple(
                self.read_costs(account, task, parsed)
                if state in VERDICTS
                else self.estimate_costs(parsed)
            ),
            costs_may_fall=self.costs_may_fall,
        )
        return said if is_named else doubt_unnamed(said, task)

    def _find_id(self, account: Account, parsed: Any) -> str | None:
        found = find_first_text(parsed, self.ids, limit=500)
        may_relay = found is None and account.options.base_url is not None
        return find_relayed_id(parsed, self.ids) if may_relay else found

    def _is_of_another(self, asking: Asking, said: Observation) -> bool:
        known = asking.task.provider_task_id
        if asking.account.options.base_url is not None:
            return False  # what stands there may give ids of its own, and show the provider's
        return self.names_task and known is not None and said.provider_task_id != known

    def read_reason(self, parsed: Any) -> str | None:
        """Return the provider's own words about the task; None when it has none."""
        return find_first_text(parsed, self.messages)

    def describe_failure(self, parsed: Any, message: str | None) -> TaskError:
        """Describe a failure."""
        code = find_first_text(parsed, ("code", "error.code", "failure_code"), limit=100)
        return TaskError("provider", code, message or "the provider gave no reason")

    def read_progress(self, parsed: Any) -> float | None:  # noqa: ARG002 - of no use here
        """Return percent; None where the provider does not say."""
        return None

    def read_artifacts(
        self, account: Account, task: Task | None, parsed: Any
    ) -> Sequence[Artifact]:
        """Return the pieces of the result."""
        del account, task, parsed
        return ()

    def read_costs(self, account: Account, task: Task | None, parsed: Any) -> Sequence[Cost]:
        """Return what the provider charges for a task that has ended."""
        del account, task, parsed
        return ()

    def estimate_costs(self, parsed: Any) -> Sequence[Cost]:
        """Return what the provider says that it will charge, while the task is open."""
        del parsed
        return ()

    def build_probe(self, account: Account, *, now: datetime) -> HttpCall:
        """Ask for what `probe_path` shows, or for a task that nobody has."""
        del now
        path = self.probe_path or self.poll_path.format(id="00000000-0000-0000-0000-000000000000")
        return HttpCall("GET", f"{account.base_url}/{path}", self.build_headers(account))

    def read_balance(self, parsed: Any) -> str | None:
        """Return what is left on the account, as a probe's answer tells; None where it does not."""
        del parsed
        return None

    def parse_probe(self, account: Account, answer: Answer) -> Probed:
        """Say whether the right kind of API is there and takes the key."""
        del account
        if isinstance(answer, HttpFailure):
            return Probed("error", f"could not be reached: {answer.reason}")
        parsed = parse_answer(answer)
        words = self.describe_answer(answer, parsed)
        if self._find_status_meaning(answer.status) is Meaning.BLAMES_ACCOUNT:
            return Probed("error", f"refuses this account: {words}")
        if parsed is None and answer.status < 500:
            return Probed("error", f"{words}: no such API here; check the base URL")
        if answer.status >= 500 or answer.status == 429:
            return Probed("note", f"answers, but cannot tell now: {words}")
        balance = self.read_balance(parsed) if answer.status < 300 else None
        return Probed("ok", "answers in its own words, and takes the credentials", balance)

    def describe_answer(self, answer: HttpResult, parsed: Any) -> str:
        """Describe an answer for people."""
        text = self.read_reason(parsed) or find_refusal(parsed)
        if parsed is None:
            text = "the answer is not JSON" if answer.body.strip() else "the answer is empty"
        if text is None and answer.status < 300:
            text = "the answer says nothing of a task"
        flaws = find_flaws(parsed)  # a reason alone may name no field
        texts = (f"HTTP {answer.status}", text, None if flaws == text else flaws)
        return ", ".join(filter(None, texts))

    def _find_status_meaning(self, status: int) -> Meaning:
        return self.meanings.get(status) or get_meaning(status)


def parse_answer(answer: HttpResult) -> Any:
    """Return an answer's JSON, `data` that is encoded twice unpacked; None when it has none."""
    try:
        return unwrap_data(read_json(answer.body))
    except ValueError:
        return None
