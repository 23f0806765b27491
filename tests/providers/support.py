"""Tasks, accounts, exchanges and arbitrary answers for tests of adapters."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import strategies as st

from tracker.clock import make_id
from tracker.domain.errors import InvalidRequest
from tracker.domain.exchange import HttpResult
from tracker.domain.observation import Observation
from tracker.domain.outcome import Observed
from tracker.domain.task import TERMINAL, Task, TaskState
from tracker.providers.ports.account import Account
from tracker.providers.ports.adapter import Asking, Sending, Submits
from tracker.providers.ports.callbacks import Inbound
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
ODD_DATES = (
    "Fri, 01 May 2026 10:00:00 GMT",
    "Fri, 1 May 99999999999999999999 10:00:00 GMT",
    f"Fri, 01 May 2026 10:00:00 +{'9' * 40}",
    "Sat, 01 Jan 0001 00:00:00 +2359",
)
"""Times of headers, of which some are beyond what a date or an integer holds."""
answers = st.builds(
    HttpResult,
    st.integers(100, 599),
    st.dictionaries(
        st.sampled_from(["retry-after", "date", "content-type"]),
        st.text(max_size=30) | st.sampled_from(ODD_DATES),
    ),
    bodies,
)


def profiles_of(provider: Provider) -> Sequence[str | None]:
    """Return the profiles for which a key will do; None alone where one adapter serves all."""
    known = getattr(provider.submits, "profiles", (None,))
    keyed = {"base_url": "https://provider.example/base", "api_key": SECRET}
    options = {one: provider.options.model_validate(keyed | {"profile": one}) for one in known}
    return [
        one
        for one, given in options.items()
        if not provider.find_flaws(Account("default", "https://provider.example/base", given))
    ]


def a_task(operation: str, **changes: Any) -> Task:
    """A task at the provider."""
    id_ = make_id()
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
    return provider.make_account("default", provider.options.model_validate(given))


def refused_fields(submits: Submits, operation: str, input_: Mapping[str, Any]) -> list[str]:
    """The fields for which an input is refused."""
    with pytest.raises(InvalidRequest) as caught:
        submits.check(operation, input_)
    return [one.path for one in caught.value.fields]


def sent_to(
    account: Account,
    task: Task,
    body: Mapping[str, Any] | None = None,
    url: str | None = CALLBACK_URL,
    parent: Task | None = None,
) -> Sending:
    """A task about to be created."""
    return Sending(account, task, body or {}, parent, url, NOW)


def asked_of(account: Account, *tasks: Task) -> Asking:
    """Tasks that their provider is asked about."""
    return Asking(account, tasks, NOW)


def called_back(body: bytes, headers: Mapping[str, str] | None = None) -> Inbound:
    """A callback as it arrives."""
    return Inbound("POST", "/callbacks/p/0/token", "", headers or {}, body)


def check_storable(outcome: object) -> bool:
    """Check that an outcome's statement, if it has one, can be written down; True when it can."""
    if not isinstance(outcome, Observed):
        return True
    said = outcome.observation
    for text in _texts(said):
        assert "\x00" not in text
        text.encode()  # no half of a surrogate pair
    json.dumps(said.detail, allow_nan=False).encode()
    assert said.at is None or said.at.tzinfo is not None
    assert said.state is None or said.state in TERMINAL | {TaskState.SUBMITTED, TaskState.RUNNING}
    return True


def _texts(said: Observation) -> Iterator[str]:
    yield from filter(None, (said.word, said.message, said.provider_task_id, said.external_task_id))
    for piece in said.artifacts:
        yield from filter(None, (piece.kind, piece.url, piece.id, piece.duration_s))
