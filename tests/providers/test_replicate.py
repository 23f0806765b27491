"""Replicate's adapter, held to what every adapter must do and to what was recorded."""

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from tests.providers.provider_contract import (
    CallbackContract,
    CallbackUrlContract,
    CancelContract,
    PollContract,
    ProbeContract,
    ScanContract,
    SubmitContract,
)
from tests.providers.recorded import RecordedContract, callback_of
from tests.providers.support import NOW, a_task, an_account, asked_of, refused_fields, sent_to
from tracker.domain import lifecycle
from tracker.domain.errors import InvalidRequest
from tracker.domain.events import Source
from tracker.domain.exchange import HttpResult
from tracker.domain.outcome import Observed
from tracker.domain.task import ArtifactState, FollowUp, Task, TaskState
from tracker.providers.ports.commands import Create, Page
from tracker.providers.ports.front import Shown
from tracker.providers.ports.front_call import FrontCall
from tracker.providers.registry import PROVIDERS

REPLICATE = PROVIDERS["replicate"]
URL = "https://replicate.delivery/x.png"
INPUT = {"prompt": "rain"}


class TestReplicate(
    SubmitContract,
    CallbackUrlContract,
    PollContract,
    ScanContract,
    CallbackContract,
    CancelContract,
    ProbeContract,
    RecordedContract,
):
    provider = REPLICATE
    url_field = "webhook"
    inputs = {  # noqa: RUF012 - read only
        "predictions": {"version": "acme/pic", "input": INPUT},
        "models/acme/pic": {"input": INPUT},
        "deployments/acme/pic.v-2": {"input": INPUT, "webhook_events_filter": ["start"]},
    }

    def listing(self, urls: Sequence[str | None], *, has_more: bool = False) -> HttpResult:
        entries = [
            {
                "id": f"theirs-{place}",
                "status": "starting",
                "created_at": NOW.isoformat(),
                "webhook": url,
            }
            for place, url in enumerate(urls)
        ]
        following = "https://provider.example/base/predictions?cursor=x" if has_more else None
        return HttpResult(200, {}, json.dumps({"results": entries, "next": following}).encode())


def _body(status: str, **fields: Any) -> bytes:
    return json.dumps({"id": "x", "status": status, "output": None} | fields).encode()


@pytest.mark.parametrize(
    ("operation", "path"),
    [
        ("predictions", "predictions"),
        ("models/acme/pic", "models/acme/pic/predictions"),
        ("deployments/acme/pic", "deployments/acme/pic/predictions"),
    ],
)
def test_every_create_asks_for_the_events_that_bring_news(operation: str, path: str) -> None:
    account = an_account(REPLICATE)
    given = {"version": "acme/pic", "input": INPUT, "webhook_events_filter": ["logs"]}
    body = REPLICATE.submits.check(operation, given).body
    call = REPLICATE.submits.build_submit(sent_to(account, a_task(operation), body))
    assert call.url == f"{account.base_url}/{path}"
    sent = json.loads(call.body or b"")
    assert sent["webhook_events_filter"] == ["start", "output", "completed"]
    assert sent["input"] == INPUT


def test_the_deadline_of_a_clients_header_reaches_the_provider() -> None:
    assert REPLICATE.front is not None
    given = {"version": "acme/pic", "input": INPUT}
    asked = FrontCall(
        *("POST", "v1/predictions", NOW),
        headers={"cancel-after": "90s"},
        body=given,
        base="http://t",
    )
    command = REPLICATE.front.read(asked)
    assert isinstance(command, Create)
    body = REPLICATE.submits.check(command.operation, command.input).body
    sending = sent_to(an_account(REPLICATE), a_task(command.operation), body)
    call = REPLICATE.submits.build_submit(sending)
    assert call.headers["cancel-after"] == "90s"
    assert json.loads(call.body or b"").keys() & {*given, "cancel_after"} == given.keys()


def test_the_list_is_narrowed_by_times_which_its_next_page_keeps() -> None:
    assert REPLICATE.front is not None
    times = {"created_after": NOW.isoformat(), "created_before": "2999-01-01T00:00:00Z"}
    call = FrontCall(*("GET", "v1/predictions", NOW), query=tuple(times.items()), base="http://t")
    page = REPLICATE.front.read(call)
    assert isinstance(page, Page)
    assert (page.created_from, page.created_until) == (NOW, datetime(2999, 1, 1, tzinfo=UTC))
    shown = Shown([], has_more=True, next="c")
    following = REPLICATE.front.show(call, page, shown, "r").body["next"]
    assert dict(parse_qsl(urlsplit(following).query)) == {**times, "cursor": "c"}
    bare = REPLICATE.front.read(replace(call, query=()))
    assert isinstance(bare, Page)
    assert bare.binds != page.binds
    with pytest.raises(InvalidRequest):
        REPLICATE.front.read(replace(call, query=(("created_after", "soon"),)))


@pytest.mark.parametrize(
    "operation",
    ["models/acme", "models/acme/pic/more", "models/../pic", "models/acme/..", "models/a b/c", ""],
)
def test_only_paths_of_models_and_deployments_are_served(operation: str) -> None:
    assert REPLICATE.submits.explain_unserved(an_account(REPLICATE), operation)


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"input": INPUT}, "version"),
        ({"version": "a/b"}, "input"),
        ({"version": "a/b", "input": "rain"}, "input"),
        (
            {"version": "a/b", "input": {}, "webhook_events_filter": ["never"]},
            "webhook_events_filter[0]",
        ),
        ({"version": "a/b", "input": {}, "cancel_after": "soon"}, "cancel_after"),
    ],
)
def test_what_stands_around_the_models_input_is_checked(
    given: dict[str, object], field: str
) -> None:
    assert refused_fields(REPLICATE.submits, "predictions", given) == [field]


def _succeeded() -> Task:
    """A task whose result has come by callback."""
    ended = NOW.isoformat()
    said = callback_of(REPLICATE, _body("succeeded", output=[URL], completed_at=ended))
    step = lifecycle.apply(a_task("predictions"), said.convert_to_event(Source.CALLBACK), now=NOW)
    assert step.task.state is TaskState.SUCCEEDED
    return step.task


@pytest.mark.parametrize("mark", [{"data_removed": True}, {}], ids=["told", "silent"])
def test_a_purge_never_empties_a_stored_result(mark: dict[str, bool]) -> None:
    task, later = _succeeded(), NOW + timedelta(hours=2)
    body = _body("succeeded", completed_at=NOW.isoformat(), **mark)
    late = callback_of(REPLICATE, body)
    step = lifecycle.apply(task, late.convert_to_event(Source.CALLBACK), now=later)
    assert step.task is task
    # Also where no callback has come, and the first poll comes after the purge.
    assert REPLICATE.polls is not None
    asking = replace(asked_of(an_account(REPLICATE), a_task("predictions")), now=later)
    (outcome,) = REPLICATE.polls.parse_poll(asking, HttpResult(200, {}, body))
    assert isinstance(outcome, Observed)
    event = outcome.observation.convert_to_event(Source.POLL)
    assert lifecycle.apply(task, event, now=later).task is task
    unseen = lifecycle.apply(asking.task, event, now=later).task
    assert (unseen.state, unseen.artifacts) == (TaskState.SUCCEEDED, ())
    assert unseen.follow_up is FollowUp.NO_RESULT
    assert unseen.message == "the provider has deleted the result"


def test_results_say_when_they_die() -> None:
    (piece,) = _succeeded().artifacts
    assert piece.expires_at == NOW + timedelta(hours=1)


def test_growing_output_is_news_and_the_verdict_replaces_it() -> None:
    task, states = a_task("predictions"), []
    for status, output in [
        ("processing", [URL]),
        ("processing", [URL]),
        ("processing", [URL, URL + "?2"]),
        ("succeeded", [URL, URL + "?2"]),
    ]:
        said = callback_of(REPLICATE, _body(status, output=output))
        step = lifecycle.apply(task, said.convert_to_event(Source.CALLBACK), now=NOW)
        states.append((step.verdict.value, [piece.state for piece in step.task.artifacts]))
        task = step.task
    preview, ready = ArtifactState.PREVIEW, ArtifactState.READY
    assert states == [
        ("advanced", [preview]),
        ("duplicate", [preview]),
        ("advanced", [preview, preview]),
        ("advanced", [ready, ready]),
    ]


def test_text_in_pieces_is_one_artifact_that_holds_it() -> None:
    said = callback_of(REPLICATE, _body("processing", output=["Once", " upon, 猫"]))
    (piece,) = said.artifacts
    assert (piece.kind, piece.state) == ("text", ArtifactState.PREVIEW)
    assert piece.url == "data:text/plain;charset=utf-8,Once%20upon%2C%20%E7%8C%AB"
    for blank in ("  ", ["", "\n"]):
        assert callback_of(REPLICATE, _body("succeeded", output=blank)).artifacts == ()


def test_the_raw_output_is_kept_until_the_end_and_never_replaced_by_nothing() -> None:
    output = {"video": URL, "seed": 7}
    assert callback_of(REPLICATE, _body("succeeded", output=output)).detail == {"output": output}
    assert callback_of(REPLICATE, _body("succeeded")).detail is None
    huge = callback_of(REPLICATE, b'{"id": "x", "status": "succeeded", "output": [1e999, "a"]}')
    assert huge.detail == {"output": [None, "a"]}
    purged = _body("succeeded", output=output, data_removed=True)
    assert callback_of(REPLICATE, purged).detail is None


def test_a_secret_that_is_none_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match="webhook_secrets: must begin with whsec_"):
        an_account(REPLICATE, webhook_secrets=["not one"])
