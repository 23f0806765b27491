"""No answer and no callback breaks an adapter, whatever it holds."""

from collections.abc import Callable
from functools import cache
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


def every_profile(has: Callable[[Provider], object] = bool) -> pytest.MarkDecorator:
    """Name each profile of each provider that has what is tried."""
    return pytest.mark.parametrize(
        ("name", "profile"),
        [
            (name, profile)
            for name, provider in PROVIDERS.items()
            if has(provider)
            for profile in PROFILES.get(name, (None,))
        ],
    )


@cache
def _account(name: str, profile: str | None) -> Account:
    return an_account(PROVIDERS[name], **({} if profile is None else {"profile": profile}))


@cache
def _task(name: str, profile: str | None) -> Task:
    submits, account = PROVIDERS[name].submits, _account(name, profile)
    return a_task(min(one for one in submits.operations if submits.serves(account, one) is None))


@cache
def _asking(name: str, profile: str | None) -> Asking:
    return asked_of(_account(name, profile), _task(name, profile))


@every_profile()
@given(answer=answers)
def test_no_answer_breaks_a_submit(name: str, profile: str | None, answer: HttpResult) -> None:
    provider = PROVIDERS[name]
    account = _account(name, profile)
    sending = sent_to(account, _task(name, profile))
    submitted = provider.submits.parse_submit(sending, answer)
    assert isinstance(submitted, SubmitOutcome)
    if isinstance(submitted, Accepted):
        assert submitted.provider_task_id or submitted.said
        assert submitted.said is None or check_storable(Observed(submitted.said))
    if isinstance(submitted, Refused | Deferred):
        assert answer.status >= 300 or submitted.code


@every_profile(lambda provider: provider.polls)
@given(answer=answers)
def test_no_answer_breaks_a_poll(name: str, profile: str | None, answer: HttpResult) -> None:
    provider = PROVIDERS[name]
    assert provider.polls is not None
    (outcome,) = provider.polls.parse_poll(_asking(name, profile), answer)
    assert check_storable(outcome)


@every_profile(lambda provider: provider.polls and provider.polls.together > 1)
@given(count=st.integers(1, 60), answer=answers)
def test_polls_together_cover_every_task_once(
    name: str, profile: str | None, count: int, answer: HttpResult
) -> None:
    provider = PROVIDERS[name]
    polls, account = provider.polls, _account(name, profile)
    assert polls is not None
    wanted = [
        a_task(
            _task(name, profile).operation,
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


@every_profile(lambda provider: provider.looks or provider.cancels)
@given(answer=answers)
def test_no_answer_breaks_a_search_or_a_cancellation(
    name: str, profile: str | None, answer: HttpResult
) -> None:
    provider = PROVIDERS[name]
    asking = _asking(name, profile)
    if provider.looks is not None:
        outcome = provider.looks.parse_lookup(asking, answer)
        assert isinstance(outcome, get_args(LookupOutcome))
        assert check_storable(outcome)
    if provider.cancels is not None:
        cancelled = provider.cancels.parse_cancel(asking, answer)
        assert isinstance(cancelled, get_args(CancelOutcome))


@every_profile()
@given(answer=answers)
def test_no_answer_breaks_a_probe(name: str, profile: str | None, answer: HttpResult) -> None:
    probes = PROVIDERS[name].probes
    assert probes is not None
    probed = probes.parse_probe(_account(name, profile), answer)
    assert probed.text
    assert probed.balance is None or answer.status < 300


@pytest.mark.parametrize("name", [name for name in PROVIDERS if PROVIDERS[name].calls_back])
@given(body=bodies)
def test_no_callback_breaks_it(name: str, body: bytes) -> None:
    calls_back = PROVIDERS[name].calls_back
    assert calls_back is not None
    try:
        statements = calls_back.parse_callback(called_back(body))
    except CallbackRejected:
        return
    for said in statements:
        assert not isinstance(said, Observation) or check_storable(Observed(said))
