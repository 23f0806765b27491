"""The duties of every adapter: a contract for each capability, inherited by a provider's tests."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any

import pytest

from tests.providers.recorded import callback_of
from tests.providers.support import (
    CALLBACK_URL,
    HTML,
    NOW,
    SECRET,
    a_task,
    an_account,
    asked_of,
    called_back,
    refused_fields,
    sent_to,
)
from tracker.domain.errors import CallbackRejected, InvalidRequest
from tracker.domain.exchange import Certainty, HttpCall, HttpFailure, HttpResult
from tracker.domain.lifecycle import create_task
from tracker.domain.outcome import (
    CancelOutcome,
    CancelUnknown,
    Gone,
    More,
    NotSeen,
    NotSent,
    Observed,
    PollOutcome,
    SubmitOutcome,
    Unanswered,
    Unknown,
)
from tracker.domain.task import VERDICTS, Artifact, Task, TaskError, TaskState
from tracker.providers.ports.account import Account
from tracker.providers.ports.adapter import Asking, Cancels, Finds, Looks, Polls, Probes
from tracker.providers.ports.callbacks import CallsBack
from tracker.providers.ports.provider import Provider

BEFORE = HttpFailure(Certainty.NOT_SENT, "refused")
AFTER = HttpFailure(Certainty.UNKNOWN, "cut")


class _Tested:
    """Inherit contracts, and name what is tested.

    inputs:  a valid input for some operations; at least one.
    options: of the account that is asked about, besides its key and its address.
    """

    provider: Provider
    inputs: Mapping[str, Mapping[str, Any]]
    options: Mapping[str, Any] = MappingProxyType({})

    @pytest.fixture
    def account(self) -> Account:
        return self.asked()

    def asked(self) -> Account:
        return an_account(self.provider, **self.options)

    def operation(self) -> str:
        return next(iter(self.inputs))

    def known_task(self, **changes: Any) -> Task:
        return a_task(self.operation(), **({"provider_task_id": "theirs/1"} | changes))


def check_call(account: Account, call: HttpCall | None) -> HttpCall:
    """A call goes to the account's own address, with the key in its headers alone."""
    assert call is not None
    assert call.url.startswith(account.base_url)
    assert all(name == name.lower() for name in call.headers)
    assert SECRET in str(dict(call.headers))
    assert SECRET not in repr(call) + call.url + (call.body or b"").decode()
    return call


class SubmitContract(_Tested):
    """Creates tasks. no_operation: is served by no account."""

    no_operation = "no/such-operation"

    def test_it_is_found_under_its_name_and_knows_the_operations(self) -> None:
        assert self.provider.name.islower()
        account, submits = self.asked(), self.provider.submits
        assert submits.operations
        assert [submits.explain_unserved(account, operation) for operation in self.inputs] == (
            [None] * len(self.inputs)
        )
        assert submits.explain_unserved(account, self.no_operation)
        assert self.provider.find_flaws(account) == []

    def test_valid_inputs_pass_and_nonsense_is_refused_by_field(self) -> None:
        for operation, input_ in self.inputs.items():
            assert self.provider.submits.check(operation, input_).body
        for nonsense in ({}, {"no_such_field": 1}):
            with pytest.raises(InvalidRequest) as caught:
                self.provider.submits.check(self.operation(), nonsense)
            assert caught.value.fields

    def test_a_submit_goes_to_the_accounts_own_address_with_its_key(self, account: Account) -> None:
        for operation, input_ in self.inputs.items():
            task, body = a_task(operation), self.provider.submits.check(operation, input_).body
            build = self.provider.submits.build_submit
            call = check_call(account, build(sent_to(account, task, body)))
            assert call == build(sent_to(account, task, body))

    def test_a_broken_submit_proves_what_the_break_proves(self) -> None:
        assert isinstance(self.submitted(BEFORE), NotSent)
        assert isinstance(self.submitted(AFTER), Unknown)

    @pytest.mark.parametrize("status", [200, 201, 408, 409, 500, 502, 504])
    def test_an_answer_that_nobody_can_read_proves_nothing_about_a_submit(
        self, status: int
    ) -> None:
        for body in (b"", b"{}", b"[]", b"null", HTML.body):
            assert isinstance(self.submitted(HttpResult(status, {}, body)), Unknown)

    def submitted(self, answer: HttpResult | HttpFailure) -> SubmitOutcome:
        account = self.asked()
        return self.provider.submits.parse_submit(
            sent_to(account, a_task(self.operation())), answer
        )


class CallbackUrlContract(_Tested):
    """Tells the provider where to call back."""

    url_field = "callback_url"

    @pytest.mark.parametrize("value", [5, True, ["https://caller.example"], {"url": "x"}])
    def test_a_callback_url_of_a_wrong_type_is_refused_by_its_field(self, value: object) -> None:
        for operation, input_ in self.inputs.items():
            assert refused_fields(
                self.provider.submits, operation, {**input_, self.url_field: value}
            ) == [self.url_field]

    def test_a_callers_callback_url_is_not_what_the_provider_gets(self, account: Account) -> None:
        theirs = "https://caller.example/hook"
        for operation, input_ in self.inputs.items():
            request = self.provider.submits.check(operation, {**input_, self.url_field: theirs})
            assert request.callback_url == theirs
            call = self.provider.submits.build_submit(
                sent_to(account, a_task(operation), request.body)
            )
            assert theirs not in (call.body or b"").decode()

    def test_a_submit_carries_our_callback_url(self, account: Account) -> None:
        """Except where the operation calls nobody back."""
        calls_back = self.provider.calls_back
        for operation, input_ in self.inputs.items():
            task, body = a_task(operation), self.provider.submits.check(operation, input_).body
            call = self.provider.submits.build_submit(sent_to(account, task, body))
            is_called = calls_back is None or calls_back.has_callbacks(account, operation)
            assert CALLBACK_URL in (call.body or b"").decode() or not is_called
            self.check_silence(account, task, body)

    def check_silence(self, account: Account, task: Task, body: Mapping[str, Any]) -> None:
        """Without a URL of ours none is told."""
        silent = self.provider.submits.build_submit(sent_to(account, task, body, None)).body or b""
        assert b"callback" not in silent
        assert self.url_field.encode() not in silent


class OwnIdContract(_Tested):
    """Finds lost submits by our external id: Finds.BY_ID."""

    def test_a_submit_carries_our_external_id(self, account: Account) -> None:
        submits = self.provider.submits
        assert submits.get_lookup_kind(account) is Finds.BY_ID
        for operation, input_ in self.inputs.items():
            task, body = a_task(operation), submits.check(operation, input_).body
            call = submits.build_submit(sent_to(account, task, body))
            assert task.external_task_id in (call.body or b"").decode()

    def test_a_poll_without_their_id_asks_by_ours(self, account: Account) -> None:
        assert self.provider.polls is not None
        task = self.known_task(provider_task_id=None, external_task_id="a/b c?")
        call = check_call(account, self.provider.polls.build_poll(asked_of(account, task)))
        assert "a%2Fb%20c%3F" in call.url


class PollContract(_Tested):
    """Asks how tasks stand."""

    @property
    def polls(self) -> Polls:
        assert self.provider.polls is not None
        return self.provider.polls

    def test_a_poll_asks_by_their_id(self, account: Account) -> None:
        call = check_call(account, self.polls.build_poll(asked_of(account, self.known_task())))
        assert (call.method, call.body or b"") == ("GET", b"")
        assert "theirs%2F1" in call.url

    def test_a_broken_poll_tells_nothing(self) -> None:
        assert isinstance(self.polled(BEFORE), Unanswered)
        assert isinstance(self.polled(AFTER), Unanswered)

    @pytest.mark.parametrize("status", [200, 404, 500, 502, 503])
    def test_a_page_is_no_denial(self, status: int) -> None:
        """The wrong host and a provider that is down answer with pages; no task is lost to them."""
        page = HttpResult(status, HTML.headers, HTML.body)
        assert isinstance(self.polled(page), Unanswered)
        assert isinstance(self.polled(page, cancel_asked_at=NOW), Unanswered)

    def polled(self, answer: HttpResult | HttpFailure, **changes: Any) -> PollOutcome:
        account = self.asked()
        task = a_task(self.operation(), **changes)
        (outcome,) = self.polls.parse_poll(asked_of(account, task), answer)
        return outcome


class ScanContract(_Tested):
    """Finds lost submits by a mark in the provider's list: Finds.BY_SCAN."""

    @property
    def looks(self) -> Looks:
        assert self.provider.looks is not None
        return self.provider.looks

    def listing(self, urls: Sequence[str | None], *, has_more: bool = False) -> HttpResult:
        """Return a page of tasks made at NOW, by the callback URLs that their creates carried."""
        raise NotImplementedError

    def searching(self, url: str | None = CALLBACK_URL, since: datetime = NOW) -> Asking:
        asking = asked_of(self.asked(), self.known_task(provider_task_id=None))
        return replace(asking, callback_url=url, since=since)

    def test_a_search_needs_our_url_and_goes_to_the_accounts_own_address(
        self, account: Account
    ) -> None:
        assert self.provider.submits.get_lookup_kind(account) is Finds.BY_SCAN
        call = check_call(account, self.looks.build_lookup(self.searching()))
        assert (call.method, call.body or b"") == ("GET", b"")
        assert self.looks.build_lookup(self.searching(None)) is None

    def test_the_entry_with_our_url_is_the_task(self) -> None:
        others = ["https://tracker.example/callbacks/p/1/token", "https://tracker.example", None]
        found = self.looks.parse_lookup(self.searching(), self.listing([*others, CALLBACK_URL]))
        assert isinstance(found, Observed)
        assert found.observation.provider_task_id == "theirs-3"

    def test_it_is_found_also_after_our_address_and_our_secrets_have_changed(self) -> None:
        before = CALLBACK_URL.replace("tracker.example", "old.example").replace("token", "older")
        found = self.looks.parse_lookup(self.searching(), self.listing([before]))
        assert isinstance(found, Observed)

    def test_a_list_without_it_is_no_denial(self) -> None:
        for urls in ([], [None], ["https://tracker.example/callbacks/p/1/token"]):
            outcome = self.looks.parse_lookup(self.searching(), self.listing(urls))
            assert isinstance(outcome, NotSeen)

    def test_it_walks_on_while_the_list_is_younger_than_the_submit(self) -> None:
        page = self.listing([None, None], has_more=True)
        asking = self.searching()
        for _ in range(3):
            outcome = self.looks.parse_lookup(asking, page)
            assert isinstance(outcome, More)
            asking = replace(asking, page=outcome.page)
            check_call(asking.account, self.looks.build_lookup(asking))
        later = self.searching(since=NOW + timedelta(hours=1))
        assert isinstance(self.looks.parse_lookup(later, page), NotSeen)

    def test_a_broken_search_tells_nothing(self) -> None:
        for answer in (BEFORE, AFTER, HTML, HttpResult(500, {}, b"{}"), HttpResult(404, {}, b"{}")):
            assert isinstance(self.looks.parse_lookup(self.searching(), answer), Unanswered)


class CallbackContract(_Tested):
    """Reads callbacks."""

    @property
    def calls_back(self) -> CallsBack:
        assert self.provider.calls_back is not None
        return self.provider.calls_back

    def test_nothing_is_proved_without_a_secret(self, account: Account) -> None:
        assert self.calls_back.get_proof_scheme(account) is None

    @pytest.mark.parametrize("body", [b"", b"{}", b"[]", b"null", b"{", HTML.body, b"\xff\xfe"])
    def test_what_is_no_task_is_rejected(self, body: bytes) -> None:
        with pytest.raises(CallbackRejected):
            self.calls_back.parse_callback(called_back(body))


class RenderContract(_Tested):
    """Renders callbacks for callers in the provider's own shape."""

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
            front = self.provider.front
            assert front is not None
            step = create_task(replace(task, state=TaskState.QUEUED, version=1)).transition
            assert step is not None
            body = front.tell(task, step, {}, base="https://us.example")
            assert body is not None
            said = callback_of(self.provider, body)
            assert (said.state, said.external_task_id) == (state, task.external_task_id)
            assert "theirs" not in body.decode()


class CancelContract(_Tested):
    """Asks the provider to stop."""

    @property
    def cancels(self) -> Cancels:
        assert self.provider.cancels is not None
        return self.provider.cancels

    def test_a_cancellation_names_the_task_by_their_id(self, account: Account) -> None:
        call = self.cancels.build_cancel(asked_of(account, self.known_task()))
        assert "theirs%2F1" in check_call(account, call).url
        unnamed = asked_of(account, self.known_task(provider_task_id=None))
        assert self.cancels.build_cancel(unnamed) is None

    def test_only_the_providers_own_words_say_that_there_is_no_such_task(self) -> None:
        assert isinstance(self.cancelled(HttpResult(404, {}, b'{"detail": "no"}')), Gone)
        for status in (200, 302, 400, 403, 404, 405, 502):
            assert isinstance(self.cancelled(replace(HTML, status=status)), CancelUnknown)

    @pytest.mark.parametrize(
        "answer", [BEFORE, AFTER, *(HttpResult(status, {}, b"{}") for status in (429, 500, 503))]
    )
    def test_what_broke_may_be_asked_again(self, answer: HttpResult | HttpFailure) -> None:
        assert isinstance(self.cancelled(answer), CancelUnknown)

    def cancelled(self, answer: HttpResult | HttpFailure) -> CancelOutcome:
        account = self.asked()
        return self.cancels.parse_cancel(asked_of(account, self.known_task()), answer)


class ProbeContract(_Tested):
    """Tries an account."""

    @property
    def probes(self) -> Probes:
        assert self.provider.probes is not None
        return self.provider.probes

    def test_a_probe_changes_nothing(self, account: Account) -> None:
        call = check_call(account, self.probes.build_probe(account, now=NOW))
        assert (call.method, call.body or b"") == ("GET", b"")

    def test_it_tells_a_bad_address_from_a_bad_moment(self, account: Account) -> None:
        levels = [
            self.probes.parse_probe(account, answer).level
            for answer in (BEFORE, AFTER, HTML, HttpResult(503, {}, b"{}"))
        ]
        assert levels == ["error", "error", "error", "note"]
