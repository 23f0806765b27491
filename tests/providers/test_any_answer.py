"""No answer and no callback breaks an adapter, whatever it holds.

Drawing an answer costs more than parsing it: each is put to every profile of every provider.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import get_args

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.providers.support import (
    a_task,
    an_account,
    answers,
    asked_of,
    bodies,
    called_back,
    check_storable,
    profiles_of,
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

EXAMPLES = settings(max_examples=200)


def _profiles(has: Callable[[Provider], object] = bool) -> list[tuple[str, str | None]]:
    """Name each profile of each provider that has what is tried."""
    return [
        (name, profile)
        for name, provider in PROVIDERS.items()
        if has(provider)
        for profile in profiles_of(provider)
    ]


@contextmanager
def _of(name: str, profile: str | None = None) -> Iterator[None]:
    """Say whose adapter it was that failed."""
    try:
        yield
    except BaseException as error:
        error.add_note(f"provider {name}, profile {profile}")
        raise


@cache
def _account(name: str, profile: str | None) -> Account:
    return an_account(PROVIDERS[name], **({} if profile is None else {"profile": profile}))


@cache
def _task(name: str, profile: str | None) -> Task:
    submits, account = PROVIDERS[name].submits, _account(name, profile)
    return a_task(
        min(one for one in submits.operations if submits.explain_unserved(account, one) is None)
    )


@cache
def _asking(name: str, profile: str | None) -> Asking:
    return asked_of(_account(name, profile), _task(name, profile))


@EXAMPLES
@given(answer=answers)
def test_no_answer_breaks_a_submit(answer: HttpResult) -> None:
    for name, profile in _profiles():
        with _of(name, profile):
            sending = sent_to(_account(name, profile), _task(name, profile))
            submitted = PROVIDERS[name].submits.parse_submit(sending, answer)
            assert isinstance(submitted, SubmitOutcome)
            if isinstance(submitted, Accepted):
                assert submitted.provider_task_id or submitted.said
                assert submitted.said is None or check_storable(Observed(submitted.said))
            if isinstance(submitted, Refused | Deferred):
                assert answer.status >= 300 or submitted.code


@EXAMPLES
@given(answer=answers)
def test_no_answer_breaks_a_poll(answer: HttpResult) -> None:
    for name, profile in _profiles(lambda provider: provider.polls):
        polls = PROVIDERS[name].polls
        assert polls is not None
        with _of(name, profile):
            (outcome,) = polls.parse_poll(_asking(name, profile), answer)
            assert check_storable(outcome)


@EXAMPLES
@given(count=st.integers(1, 60), answer=answers)
def test_polls_together_cover_every_task_once(count: int, answer: HttpResult) -> None:
    for name, profile in _profiles(lambda one: one.polls and one.polls.together > 1):
        with _of(name, profile):
            _poll_together(name, profile, count, answer)


def _poll_together(name: str, profile: str | None, count: int, answer: HttpResult) -> None:
    polls, account = PROVIDERS[name].polls, _account(name, profile)
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
        groups.setdefault(polls.get_poll_group(account, task), []).append(task)
    groups.pop(None, None)
    for group in groups.values():
        asking = asked_of(account, *group[: polls.together])
        call = polls.build_poll(asking)
        assert call is not None
        assert call.url.startswith(account.base_url)
        outcomes = polls.parse_poll(asking, answer)
        assert len(outcomes) == len(asking.tasks)
        assert all(check_storable(outcome) for outcome in outcomes)


@EXAMPLES
@given(answer=answers)
def test_no_answer_breaks_a_search_or_a_cancellation(answer: HttpResult) -> None:
    for name, profile in _profiles(lambda one: one.looks or one.cancels):
        provider, asking = PROVIDERS[name], _asking(name, profile)
        with _of(name, profile):
            if provider.looks is not None:
                outcome = provider.looks.parse_lookup(asking, answer)
                assert isinstance(outcome, get_args(LookupOutcome))
                assert check_storable(outcome)
            if provider.cancels is not None:
                cancelled = provider.cancels.parse_cancel(asking, answer)
                assert isinstance(cancelled, get_args(CancelOutcome))


@EXAMPLES
@given(answer=answers)
def test_no_answer_breaks_a_probe(answer: HttpResult) -> None:
    for name, profile in _profiles():
        probes = PROVIDERS[name].probes
        assert probes is not None
        with _of(name, profile):
            probed = probes.parse_probe(_account(name, profile), answer)
            assert probed.text
            assert probed.balance is None or answer.status < 300


@EXAMPLES
@given(body=bodies)
def test_no_callback_breaks_it(body: bytes) -> None:
    callback = called_back(body)
    for name, provider in PROVIDERS.items():
        if provider.calls_back is None:
            continue
        with _of(name):
            try:
                statements = provider.calls_back.parse_callback(callback)
            except CallbackRejected:
                continue
            for said in statements:
                assert not isinstance(said, Observation) or check_storable(Observed(said))
