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
    Absent,
    Accepted,
    Deferred,
    NotSent,
    Observed,
    Refused,
    SubmitOutcome,
    Unanswered,
    Unknown,
)
from tracker.domain.task import TERMINAL, VERDICTS, Artifact, Task, TaskError, TaskState
from tracker.providers.base import Account, PollsTogether, Provider

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


class ProviderContract:
    """Inherit it, and name what is tested."""

    provider: Provider
    inputs: Mapping[str, Mapping[str, Any]]
    """A valid input for some operations; at least one."""

    @pytest.fixture
    def account(self) -> Account:
        return Account("default", "https://provider.example/base", api_key=SECRET)

    def operation(self) -> str:
        return next(iter(self.inputs))

    def test_it_is_found_under_its_name_and_knows_the_operations(self) -> None:
        assert self.provider.name.islower()
        account = Account("default", "https://provider.example", api_key=SECRET)
        assert self.provider.operations
        assert [self.provider.refusal(account, operation) for operation in self.inputs] == (
            [None] * len(self.inputs)
        )
        assert self.provider.refusal(account, "no/such-operation")
        assert self.provider.flaws_of(account) == []

    def test_valid_inputs_pass_and_nonsense_is_refused_by_field(self) -> None:
        for operation, input_ in self.inputs.items():
            assert self.provider.check(operation, input_).body
        for nonsense in ({}, {"no_such_field": 1}):
            with pytest.raises(InvalidRequest) as caught:
                self.provider.check(self.operation(), nonsense)
            assert caught.value.fields

    def test_a_submit_carries_both_ids_of_ours_and_its_credentials_stay_out_of_its_text(
        self, account: Account
    ) -> None:
        for operation, input_ in self.inputs.items():
            task, body = a_task(operation), self.provider.check(operation, input_).body
            build = self.provider.build_submit
            call = build(account, task, body, callback_url=CALLBACK_URL, now=NOW)
            assert call == build(account, task, body, callback_url=CALLBACK_URL, now=NOW)
            assert call.url.startswith(account.base_url)
            assert all(name == name.lower() for name in call.headers)
            sent = (call.body or b"").decode()
            assert task.external_task_id in sent
            assert CALLBACK_URL in sent
            assert SECRET in str(dict(call.headers))
            assert SECRET not in repr(call) + call.url + sent
            silent = build(account, task, body, callback_url=None, now=NOW)
            assert b"callback" not in (silent.body or b"")

    def test_a_poll_asks_by_their_id_and_without_one_by_ours(self, account: Account) -> None:
        task = a_task(self.operation(), provider_task_id="theirs-1", external_task_id="a/b c?")
        call = self.provider.build_poll(account, task, now=NOW)
        assert call is not None
        assert "theirs-1" in call.url
        unnamed = self.provider.build_poll(account, replace(task, provider_task_id=None), now=NOW)
        assert unnamed is not None
        assert "a%2Fb%20c%3F" in unnamed.url
        assert call.url.startswith(account.base_url)
        assert SECRET not in repr(call) + call.url

    def test_a_broken_exchange_proves_what_the_break_proves(self) -> None:
        before = HttpFailure(Certainty.NOT_SENT, "refused")
        after = HttpFailure(Certainty.UNKNOWN, "cut")
        assert isinstance(self.provider.parse_submit(before), NotSent)
        assert isinstance(self.provider.parse_submit(after), Unknown)
        assert isinstance(self.provider.parse_poll(before), Unanswered)
        assert isinstance(self.provider.parse_poll(after), Unanswered)

    @pytest.mark.parametrize("status", [200, 201, 408, 409, 500, 502, 504])
    def test_an_answer_that_nobody_can_read_proves_nothing_about_a_submit(
        self, status: int
    ) -> None:
        for body in (b"", b"{}", b"[]", b"null", HTML.body):
            assert isinstance(self.provider.parse_submit(HttpResult(status, {}, body)), Unknown)

    @pytest.mark.parametrize("status", [200, 404, 500, 502, 503])
    def test_a_page_is_no_denial(self, status: int) -> None:
        """The wrong host and a provider that is down answer with pages; no task is lost to them."""
        outcome = self.provider.parse_poll(HttpResult(status, HTML.headers, HTML.body))
        assert isinstance(outcome, Unanswered)

    @given(answer=answers)
    def test_no_answer_breaks_it(self, answer: HttpResult) -> None:
        submitted = self.provider.parse_submit(answer)
        assert isinstance(submitted, SubmitOutcome)
        if isinstance(submitted, Accepted):
            assert submitted.provider_task_id
        if isinstance(submitted, Refused | Deferred):
            assert answer.status >= 300 or submitted.code
        _check_storable(self.provider.parse_poll(answer))

    @given(body=bodies)
    def test_no_callback_breaks_it(self, body: bytes) -> None:
        try:
            said = self.provider.parse_callback(body, {})
        except CallbackRejected:
            return
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
            said = self.provider.parse_callback(self.provider.render_callback(task), {})
            assert (said.state, said.external_task_id) == (state, task.external_task_id)
            assert "theirs" not in self.provider.render_callback(task).decode()

    @given(count=st.integers(1, 60), answer=answers)
    def test_polls_together_cover_every_task_once(self, count: int, answer: HttpResult) -> None:
        if not isinstance(self.provider, PollsTogether):
            return
        account = Account("default", "https://provider.example/base", api_key=SECRET)
        wanted = [
            a_task(self.operation(), key=n, provider_task_id=f"theirs-{n}" if n % 3 else None)
            for n in range(count)
        ]
        groups = self.provider.group_polls(account, wanted)
        assert sorted(task.key for group in groups for task in group) == list(range(count))
        for group in groups:
            if len(group) == 1:
                continue
            assert self.provider.build_polls(account, group, now=NOW).url.startswith(
                account.base_url
            )
            outcomes = self.provider.parse_polls(answer, group)
            assert len(outcomes) == len(group)
            for outcome in outcomes:
                _check_storable(outcome)


def check_submit(provider: Provider, sample: Mapping[str, Any]) -> None:
    """A recorded answer to a submit means what is expected."""
    outcome = provider.parse_submit(result_of(sample))
    expected = dict(sample["expect"])
    assert type(outcome).__name__ == expected.pop("outcome")
    assert {name: getattr(outcome, name) for name in expected} == expected


def check_poll(provider: Provider, sample: Mapping[str, Any]) -> None:
    """A recorded answer to a poll means what is expected."""
    outcome = provider.parse_poll(result_of(sample))
    expected = dict(sample["expect"])
    assert type(outcome).__name__ == expected.pop("outcome")
    told: object = outcome.observation if isinstance(outcome, Observed) else outcome
    assert _fields(told, expected) == expected


def check_callback(provider: Provider, sample: Mapping[str, Any]) -> None:
    """A recorded callback means what is expected."""
    said = provider.parse_callback(body_of(sample), sample.get("headers", {}))
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


def _check_storable(outcome: Observed | Absent | Unanswered) -> None:
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
