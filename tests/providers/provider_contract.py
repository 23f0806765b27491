"""What every adapter must do, whoever's wire it speaks. A provider's test class inherits it.

Recorded samples stand in samples/{provider}/*.json, each with its source and date:

kind:    submit, poll or callback
status, headers, body (JSON) or text: what arrived
expect:  `outcome` names the class; every other key is a field of it, or of the observation
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker.clock import new_id
from tracker.domain.cost import Cost
from tracker.domain.errors import CallbackRejected, InvalidRequest
from tracker.domain.exchange import Certainty, HttpFailure, HttpResult
from tracker.domain.observation import Observation
from tracker.domain.outcome import (
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
from tracker.domain.task import TERMINAL, VERDICTS, Artifact, Task, TaskError, TaskState
from tracker.providers.ports.account import Account
from tracker.providers.ports.adapter import Asking, Inbound, Sending
from tracker.providers.ports.provider import Provider

SAMPLES = Path(__file__).parent / "samples"
NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
CALLBACK_URL = "https://tracker.example/callbacks/p/0/token"
SECRET = "a-secret-of-the-account"
HTML = HttpResult(200, {"content-type": "text/html"}, b"<html><body>welcome</body></html>")


def _vocabulary() -> set[str]:
    """Every field name and short word of the recorded samples."""
    return {
        word
        for path in SAMPLES.rglob("*.json")
        for word in re.findall(r'"([^"\\]{1,30})"', path.read_text())
    }


# Most arbitrary bytes are no JSON and are refused at the door; these go deeper.
_words = st.sampled_from(sorted(_vocabulary()))
_leaves = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | _words
)
_json = st.recursive(
    _leaves,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(_words | st.text(max_size=8), inner, max_size=6)
    ),
    max_leaves=25,
)
bodies = st.binary(max_size=200) | _json.map(lambda value: json.dumps(value).encode())
answers = st.builds(
    HttpResult,
    st.integers(100, 599),
    st.dictionaries(st.sampled_from(["retry-after", "date", "content-type"]), st.text(max_size=30)),
    bodies,
)


def samples(provider: str, kind: str) -> list[Any]:
    """A provider's recorded samples of a kind, as pytest parameters."""
    paths = sorted((SAMPLES / provider).glob("*.json"))
    found = [(path.stem, json.loads(path.read_text())) for path in paths]
    return [pytest.param(one, id=name) for name, one in found if one["kind"] == kind]


def result_of(sample: Mapping[str, Any]) -> HttpResult:
    """The answer that was recorded."""
    return HttpResult(sample.get("status", 200), sample.get("headers", {}), body_of(sample))


def body_of(sample: Mapping[str, Any]) -> bytes:
    """The bytes that were recorded."""
    text = sample.get("text")
    return json.dumps(sample["body"]).encode() if text is None else text.encode()


def a_task(operation: str, **changes: Any) -> Task:
    """A task at the provider."""
    id_ = new_id()
    task = Task(
        key=1,
        id=id_,
        tenant="default",
        provider="p",
        account="default",
        operation=operation,
        external_task_id=str(id_),
        state=TaskState.SUBMITTED,
        version=2,
        created_at=NOW,
        updated_at=NOW,
    )
    return replace(task, **changes)


def an_account(provider: Provider, **options: Any) -> Account:
    """An account with a key, at an address of nobody's."""
    given = {"base_url": "https://provider.example/base", "api_key": SECRET} | options
    return provider.account("default", provider.options.model_validate(given))


def sent_to(
    account: Account,
    task: Task,
    body: Mapping[str, Any] | None = None,
    url: str | None = CALLBACK_URL,
) -> Sending:
    """A task about to be created."""
    return Sending(account, task, body or {}, None, url, NOW)


def asked_of(account: Account, *tasks: Task) -> Asking:
    """Tasks that their provider is asked about."""
    return Asking(account, tasks, NOW)


def called_back(body: bytes, headers: Mapping[str, str] | None = None) -> Inbound:
    """A callback as it arrives."""
    return Inbound("POST", "/callbacks/p/0/token", "", headers or {}, body)


class ProviderContract:
    """Inherit it, and name what is tested."""

    provider: Provider
    inputs: Mapping[str, Mapping[str, Any]]
    """A valid input for some operations; at least one."""

    @pytest.fixture
    def account(self) -> Account:
        return an_account(self.provider)

    def operation(self) -> str:
        return next(iter(self.inputs))

    def test_it_is_found_under_its_name_and_knows_the_operations(self) -> None:
        assert self.provider.name.islower()
        account, submits = an_account(self.provider), self.provider.submits
        assert submits.operations
        assert [submits.serves(account, operation) for operation in self.inputs] == (
            [None] * len(self.inputs)
        )
        assert submits.serves(account, "no/such-operation")
        assert self.provider.flaws_of(account) == []

    def test_valid_inputs_pass_and_nonsense_is_refused_by_field(self) -> None:
        for operation, input_ in self.inputs.items():
            assert self.provider.submits.check(operation, input_).body
        for nonsense in ({}, {"no_such_field": 1}):
            with pytest.raises(InvalidRequest) as caught:
                self.provider.submits.check(self.operation(), nonsense)
            assert caught.value.fields

    def test_a_submit_carries_both_ids_of_ours_and_its_credentials_stay_out_of_its_text(
        self, account: Account
    ) -> None:
        for operation, input_ in self.inputs.items():
            task, body = a_task(operation), self.provider.submits.check(operation, input_).body
            build = self.provider.submits.build_submit
            call = build(sent_to(account, task, body))
            assert call == build(sent_to(account, task, body))
            assert call.url.startswith(account.base_url)
            assert all(name == name.lower() for name in call.headers)
            sent = (call.body or b"").decode()
            assert task.external_task_id in sent
            assert CALLBACK_URL in sent
            assert SECRET in str(dict(call.headers))
            assert SECRET not in repr(call) + call.url + sent
            silent = build(sent_to(account, task, body, None))
            assert b"callback" not in (silent.body or b"")

    def test_a_poll_asks_by_their_id_and_without_one_by_ours(self, account: Account) -> None:
        task = a_task(self.operation(), provider_task_id="theirs-1", external_task_id="a/b c?")
        polls = self.provider.polls
        assert polls is not None
        call = polls.build_poll(asked_of(account, task))
        assert call is not None
        assert "theirs-1" in call.url
        unnamed = polls.build_poll(asked_of(account, replace(task, provider_task_id=None)))
        assert unnamed is not None
        assert "a%2Fb%20c%3F" in unnamed.url
        assert call.url.startswith(account.base_url)
        assert SECRET not in repr(call) + call.url

    def test_a_broken_exchange_proves_what_the_break_proves(self) -> None:
        before = HttpFailure(Certainty.NOT_SENT, "refused")
        after = HttpFailure(Certainty.UNKNOWN, "cut")
        assert isinstance(self.submitted(before), NotSent)
        assert isinstance(self.submitted(after), Unknown)
        assert isinstance(self.polled(before), Unanswered)
        assert isinstance(self.polled(after), Unanswered)

    @pytest.mark.parametrize("status", [200, 201, 408, 409, 500, 502, 504])
    def test_an_answer_that_nobody_can_read_proves_nothing_about_a_submit(
        self, status: int
    ) -> None:
        for body in (b"", b"{}", b"[]", b"null", HTML.body):
            assert isinstance(self.submitted(HttpResult(status, {}, body)), Unknown)

    @pytest.mark.parametrize("status", [200, 404, 500, 502, 503])
    def test_a_page_is_no_denial(self, status: int) -> None:
        """The wrong host and a provider that is down answer with pages; no task is lost to them."""
        outcome = self.polled(HttpResult(status, HTML.headers, HTML.body))
        assert isinstance(outcome, Unanswered)

    @given(answer=answers)
    def test_no_answer_breaks_it(self, answer: HttpResult) -> None:
        submitted = self.submitted(answer)
        assert isinstance(submitted, SubmitOutcome)
        if isinstance(submitted, Accepted):
            assert submitted.provider_task_id
        if isinstance(submitted, Refused | Deferred):
            assert answer.status >= 300 or submitted.code
        _check_storable(self.polled(answer))

    @given(body=bodies)
    def test_no_callback_breaks_it(self, body: bytes) -> None:
        calls_back = self.provider.calls_back
        assert calls_back is not None
        try:
            statements = calls_back.parse_callback(called_back(body))
        except CallbackRejected:
            return
        for said in statements:
            if isinstance(said, Observation):
                _check_storable(Observed(said))

    def test_what_we_tell_a_callers_callback_url_reads_as_the_same_verdict(self) -> None:
        for state in sorted(VERDICTS - {TaskState.CANCELLED}):
            task = a_task(
                self.operation(),
                state=state,
                provider_task_id="theirs",
                artifacts=(Artifact("video", "https://media.example/v.mp4", "1", "5.041"),),
                error=TaskError("provider", None, "why") if state is TaskState.FAILED else None,
                finished_at=NOW,
            )
            assert self.provider.render_callback is not None
            body = self.provider.render_callback(task)
            said = callback_of(self.provider, body)
            assert (said.state, said.external_task_id) == (state, task.external_task_id)
            assert "theirs" not in body.decode()

    @given(count=st.integers(1, 60), answer=answers)
    def test_polls_together_cover_every_task_once(self, count: int, answer: HttpResult) -> None:
        polls, account = self.provider.polls, an_account(self.provider)
        if polls is None or polls.together < 2:
            return
        wanted = [
            a_task(self.operation(), key=n, provider_task_id=f"theirs-{n}" if n % 3 else None)
            for n in range(count)
        ]
        groups: dict[str | None, list[Task]] = {}
        for task in wanted:
            groups.setdefault(polls.shares(account, task), []).append(task)
        groups.pop(None, None)
        for group in groups.values():
            asking = asked_of(account, *group[: polls.together])
            call = polls.build_poll(asking)
            assert call is not None
            assert call.url.startswith(account.base_url)
            outcomes = polls.parse_poll(asking, answer)
            assert len(outcomes) == len(asking.tasks)
            for outcome in outcomes:
                _check_storable(outcome)

    def submitted(self, answer: HttpResult | HttpFailure) -> SubmitOutcome:
        account = an_account(self.provider)
        return self.provider.submits.parse_submit(
            sent_to(account, a_task(self.operation())), answer
        )

    def polled(self, answer: HttpResult | HttpFailure) -> PollOutcome:
        polls = self.provider.polls
        assert polls is not None
        account = an_account(self.provider)
        (outcome,) = polls.parse_poll(asked_of(account, a_task(self.operation())), answer)
        return outcome


def callback_of(provider: Provider, body: bytes) -> Observation:
    """The one statement of a callback."""
    assert provider.calls_back is not None
    (said,) = provider.calls_back.parse_callback(called_back(body))
    assert isinstance(said, Observation)
    return said


def _some_operation(provider: Provider) -> str:
    return min(provider.submits.operations)


def check_submit(provider: Provider, sample: Mapping[str, Any]) -> None:
    """A recorded answer to a submit means what is expected."""
    task = a_task(sample.get("operation") or _some_operation(provider))
    sending = sent_to(an_account(provider, **sample.get("account", {})), task)
    outcome = provider.submits.parse_submit(sending, result_of(sample))
    expected = dict(sample["expect"])
    assert type(outcome).__name__ == expected.pop("outcome")
    assert {name: getattr(outcome, name) for name in expected} == expected


def check_poll(provider: Provider, sample: Mapping[str, Any]) -> None:
    """A recorded answer to a poll means what is expected."""
    task = a_task(sample.get("operation") or _some_operation(provider))
    assert provider.polls is not None
    asking = asked_of(an_account(provider, **sample.get("account", {})), task)
    (outcome,) = provider.polls.parse_poll(asking, result_of(sample))
    expected = dict(sample["expect"])
    assert type(outcome).__name__ == expected.pop("outcome")
    told: object = outcome.observation if isinstance(outcome, Observed) else outcome
    assert _fields(told, expected) == expected


def check_callback(provider: Provider, sample: Mapping[str, Any]) -> None:
    """A recorded callback means what is expected."""
    assert provider.calls_back is not None
    inbound = called_back(body_of(sample), sample.get("headers"))
    (said,) = provider.calls_back.parse_callback(inbound)
    assert _fields(said, sample["expect"]) == sample["expect"]


def _fields(told: object, names: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _plain(getattr(told, name)) for name in names}


def _plain(value: Any) -> Any:
    match value:
        case TaskState():
            return value.value
        case datetime():
            return value.isoformat()
        case TaskError():
            return [value.type, value.code, value.message]
        case tuple():
            return [_plain(one) for one in value]
        case Artifact():
            return [value.kind, value.url, value.duration_s]
        case Cost():
            return [value.kind, value.amount, value.unit, value.currency, value.list_price]
        case _:
            return value


def _check_storable(outcome: PollOutcome) -> None:
    if not isinstance(outcome, Observed):
        return
    said = outcome.observation
    for text in _texts(said):
        assert "\x00" not in text
        text.encode()  # no half of a surrogate pair
    assert said.at is None or said.at.tzinfo is not None
    assert said.state is None or said.state in TERMINAL | {TaskState.SUBMITTED, TaskState.RUNNING}


def _texts(said: Observation) -> Iterator[str]:
    yield from filter(None, (said.word, said.message, said.provider_task_id, said.external_task_id))
    for piece in said.artifacts:
        yield from filter(None, (piece.kind, piece.url, piece.id, piece.duration_s))
