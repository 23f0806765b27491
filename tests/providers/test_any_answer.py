"""No answer and no callback breaks an adapter, whatever it holds."""

from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.providers.support import (
    PROFILES,
    a_task,
    an_account,
    answers,
    asked_of,
    bodies,
    called_back,
    check_storable,
    sent_to,
)
from tracker.domain.errors import CallbackRejected
from tracker.domain.exchange import HttpResult
from tracker.domain.observation import Observation
from tracker.domain.outcome import (
    Accepted,
    CancelOutcome,
    Deferred,
    LookupOutcome,
    Observed,
    Refused,
    SubmitOutcome,
)
from tracker.domain.task import Task
from tracker.providers.ports.account import Account
from tracker.providers.ports.adapter import Asking
from tracker.providers.ports.provider import Provider
from tracker.providers.registry import PROVIDERS

every_provider = pytest.mark.parametrize("name", PROVIDERS)
every_profile = pytest.mark.parametrize(
    ("name", "profile"),
    [(name, profile) for name in PROVIDERS for profile in PROFILES.get(name, (None,))],
)


def _account(provider: Provider, profile: str | None) -> Account:
    return an_account(provider, **({} if profile is None else {"profile": profile}))


def _task(account: Account, provider: Provider) -> Task:
    served = [
        operation
        for operation in provider.submits.operations
        if provider.submits.serves(account, operation) is None
    ]
    return a_task(min(served))


def _asking(provider: Provider, profile: str | None) -> Asking:
    account = _account(provider, profile)
    return asked_of(account, _task(account, provider))


@every_profile
@given(answer=answers)
def test_no_answer_breaks_a_submit(name: str, profile: str | None, answer: HttpResult) -> None:
    provider = PROVIDERS[name]
    account = _account(provider, profile)
    sending = sent_to(account, _task(account, provider))
    submitted = provider.submits.parse_submit(sending, answer)
    assert isinstance(submitted, SubmitOutcome)
    if isinstance(submitted, Accepted):
        assert submitted.provider_task_id or submitted.said
        assert submitted.said is None or check_storable(Observed(submitted.said))
    if isinstance(submitted, Refused | Deferred):
        assert answer.status >= 300 or submitted.code


@every_profile
@given(answer=answers)
def test_no_answer_breaks_a_poll(name: str, profile: str | None, answer: HttpResult) -> None:
    provider = PROVIDERS[name]
    if provider.polls is None:
        return
    (outcome,) = provider.polls.parse_poll(_asking(provider, profile), answer)
    assert check_storable(outcome)


@every_profile
@given(count=st.integers(1, 60), answer=answers)
def test_polls_together_cover_every_task_once(
    name: str, profile: str | None, count: int, answer: HttpResult
) -> None:
    provider = PROVIDERS[name]
    polls, account = provider.polls, _account(provider, profile)
    if polls is None or polls.together < 2:
        return
    wanted = [
        a_task(
            _task(account, provider).operation,
            key=n,
            provider_task_id=f"theirs-{n}" if n % 3 else None,
        )
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
        assert all(check_storable(outcome) for outcome in outcomes)


@every_profile
@given(answer=answers)
def test_no_answer_breaks_a_search_or_a_cancellation(
    name: str, profile: str | None, answer: HttpResult
) -> None:
    provider = PROVIDERS[name]
    asking = _asking(provider, profile)
    if provider.looks is not None:
        outcome = provider.looks.parse_lookup(asking, answer)
        assert isinstance(outcome, get_args(LookupOutcome))
        assert check_storable(outcome)
    if provider.cancels is not None:
        cancelled = provider.cancels.parse_cancel(asking, answer)
        assert isinstance(cancelled, get_args(CancelOutcome))


@every_profile
@given(answer=answers)
def test_no_answer_breaks_a_probe(name: str, profile: str | None, answer: HttpResult) -> None:
    probes = PROVIDERS[name].probes
    assert probes is not None
    probed = probes.parse_probe(_account(PROVIDERS[name], profile), answer)
    assert probed.text
    assert probed.balance is None or answer.status < 300


@every_provider
@given(body=bodies)
def test_no_callback_breaks_it(name: str, body: bytes) -> None:
    calls_back = PROVIDERS[name].calls_back
    if calls_back is None:
        return
    try:
        statements = calls_back.parse_callback(called_back(body))
    except CallbackRejected:
        return
    for said in statements:
        assert not isinstance(said, Observation) or check_storable(Observed(said))
