"""Recorded samples: what arrived, and what it means.

They stand in samples/{provider}/*.json, each with its source and date:

kind:    submit, poll, lookup, cancel, probe or callback
status, headers, body (JSON) or text: what arrived
operation: of the task that was asked about; without it, the first by name
task:    other fields of that task, where they matter
account: options of the account, where they matter
secret, received_at: of a signed callback, when it was taken for genuine
departs: how it differs from the form that the source shows, as relays make answers differ
page:    of the call before, where this answer is that of a further one
expect:  `outcome` names the class; every other key is a field of it, or of the observation
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from enum import Enum
from typing import Any

import pytest

from tests.providers.support import (
    CALLBACK_URL,
    NOW,
    SAMPLES,
    a_task,
    an_account,
    asked_of,
    called_back,
    sent_to,
)
from tracker.domain.cost import Cost
from tracker.domain.exchange import HttpResult
from tracker.domain.observation import Observation
from tracker.domain.outcome import Observed
from tracker.domain.task import Artifact, ArtifactState, Task, TaskError, TaskState
from tracker.providers.ports.adapter import Asking
from tracker.providers.ports.callbacks import Covers
from tracker.providers.ports.provider import Provider


class RecordedContract:
    """Every recorded sample of the provider means what it says there."""

    provider: Provider

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        if "sample" in metafunc.fixturenames:
            metafunc.parametrize("sample", samples(self.provider.name))

    def test_what_was_recorded_means(self, sample: Mapping[str, Any]) -> None:
        assert sample["source"]
        assert sample["date"]
        CHECKS[sample["kind"]](self.provider, sample)


def samples(provider: str) -> list[Any]:
    """Return a provider's recorded samples, as pytest parameters."""
    paths = sorted((SAMPLES / provider).glob("*.json"))
    assert paths
    return [pytest.param(json.loads(path.read_text()), id=path.stem) for path in paths]


def result_of(sample: Mapping[str, Any]) -> HttpResult:
    """The answer that was recorded."""
    return HttpResult(sample.get("status", 200), sample.get("headers", {}), body_of(sample))


def body_of(sample: Mapping[str, Any]) -> bytes:
    """The bytes that were recorded."""
    text = sample.get("text")
    return json.dumps(sample["body"]).encode() if text is None else text.encode()


def callback_of(provider: Provider, body: bytes) -> Observation:
    """The one statement of a callback."""
    assert provider.calls_back is not None
    (said,) = provider.calls_back.parse_callback(called_back(body))
    assert isinstance(said, Observation)
    return said


def check_submit(provider: Provider, sample: Mapping[str, Any]) -> None:
    """A recorded answer to a submit means what is expected."""
    sending = sent_to(an_account(provider, **sample.get("account", {})), _task_of(provider, sample))
    _compare(provider.submits.parse_submit(sending, result_of(sample)), sample)


def check_poll(provider: Provider, sample: Mapping[str, Any]) -> None:
    """A recorded answer to a poll means what is expected."""
    assert provider.polls is not None
    (outcome,) = provider.polls.parse_poll(asking_of(provider, sample), result_of(sample))
    _compare(outcome, sample)


def check_lookup(provider: Provider, sample: Mapping[str, Any]) -> None:
    """A recorded list means what is expected to whoever looks for a lost submit."""
    assert provider.looks is not None
    asking = replace(asking_of(provider, sample), callback_url=CALLBACK_URL, since=NOW)
    _compare(provider.looks.parse_lookup(asking, result_of(sample)), sample)


def check_cancel(provider: Provider, sample: Mapping[str, Any]) -> None:
    """A recorded answer to a cancellation means what is expected."""
    assert provider.cancels is not None
    _compare(provider.cancels.parse_cancel(asking_of(provider, sample), result_of(sample)), sample)


def check_probe(provider: Provider, sample: Mapping[str, Any]) -> None:
    """A recorded answer to a probe means what is expected."""
    assert provider.probes is not None
    account = an_account(provider, **sample.get("account", {}))
    _compare(provider.probes.parse_probe(account, result_of(sample)), sample)


def check_callback(provider: Provider, sample: Mapping[str, Any]) -> None:
    """A recorded callback means what is expected."""
    assert provider.calls_back is not None
    inbound = called_back(body_of(sample), sample.get("headers"))
    if "secret" in sample:
        options = dict(sample.get("account", {})) | {"webhook_secrets": [sample["secret"]]}
        account = an_account(provider, **options)
        scheme = provider.calls_back.get_proof_scheme(account)
        assert scheme is not None
        at = datetime.fromisoformat(sample["received_at"])
        assert scheme.verify(inbound, now=at).flaw is None
        other = replace(inbound, body=inbound.body + b" ")
        assert bool(scheme.verify(other, now=at).flaw) is (scheme.covers is Covers.BODY)
    (said,) = provider.calls_back.parse_callback(inbound)
    assert _fields(said, sample["expect"]) == sample["expect"]


CHECKS: Mapping[str, Callable[[Provider, Mapping[str, Any]], None]] = {
    "submit": check_submit,
    "poll": check_poll,
    "lookup": check_lookup,
    "cancel": check_cancel,
    "probe": check_probe,
    "callback": check_callback,
}


def _task_of(provider: Provider, sample: Mapping[str, Any]) -> Task:
    changes = dict(sample.get("task", {}))
    assert "operation" not in changes, "`operation` stands beside `task` in a sample"
    if "state" in changes:
        changes["state"] = TaskState(changes["state"])
    if "cancel_asked_at" in changes:
        changes["cancel_asked_at"] = datetime.fromisoformat(changes["cancel_asked_at"])
    return a_task(sample.get("operation") or min(provider.submits.operations), **changes)


def asking_of(provider: Provider, sample: Mapping[str, Any]) -> Asking:
    """Return the question whose answer was recorded."""
    account = an_account(provider, **sample.get("account", {}))
    asking = asked_of(account, _task_of(provider, sample))
    return replace(asking, page=sample.get("page"))


def _compare(outcome: object, sample: Mapping[str, Any]) -> None:
    expected = dict(sample["expect"])
    assert type(outcome).__name__ == expected.pop("outcome")
    told: object = outcome.observation if isinstance(outcome, Observed) else outcome
    assert _fields(told, expected) == expected


def _fields(told: object, names: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _plain(getattr(told, name)) for name in names}


def _plain(value: Any) -> Any:
    match value:
        case Enum():
            return value.value
        case datetime():
            return value.isoformat()
        case TaskError():
            return [value.type, value.code, value.message]
        case tuple():
            return [_plain(one) for one in value]
        case Artifact():
            piece = [value.kind, value.url, value.duration_s]
            return piece if value.state is ArtifactState.READY else [*piece, value.state.value]
        case Cost():
            return [value.kind, value.amount, value.unit, value.currency, value.list_price]
        case _:
            return dict(value) if isinstance(value, Mapping) else value
