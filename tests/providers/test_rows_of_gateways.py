"""Rows of a gateway's own table, as each upstream behind such a gateway is read from them.

Source of the rows: https://github.com/QuantumNous/new-api (model/task.go, relay/relay_task.go),
read 2026-11.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from tests.emulator.scene import Scene, play_in
from tests.providers.caller import Caller
from tests.providers.kinds import KINDS, PICTURE_URL, Kind
from tests.providers.support import a_task, an_account, asked_of, sent_to
from tracker.domain.cost import Cost, Phase
from tracker.domain.exchange import HttpResult
from tracker.domain.observation import Observation
from tracker.domain.outcome import Accepted, Observed, SubmitOutcome, Unknown
from tracker.domain.task import TaskState
from tracker.providers.registry import PROVIDERS

LINK = "https://files.example/v.mp4"
SWEPT = "任务超时（30分钟）"


@dataclass(frozen=True)
class Upstream:
    """An upstream behind a gateway. done, open: its own answers at the end and before."""

    provider: str
    path: str
    operation: str
    done: Mapping[str, Any]
    open: Mapping[str, Any]


UPSTREAMS = {
    "luma": Upstream(
        "luma",
        "luma",
        "generations/web",
        {"id": "theirs", "state": "completed", "video": {"url": LINK}},
        {"id": "theirs", "state": "processing", "video": None},
    ),
    "pika": Upstream(
        "pika",
        "pika",
        "generate",
        {"id": "theirs", "videos": [{"id": "v", "status": "finished", "resultUrl": LINK}]},
        {"id": "theirs", "videos": [{"id": "v", "status": "pending", "resultUrl": ""}]},
    ),
    "runwayml": Upstream(
        "runway",
        "runwayml",
        "image_to_video",
        {"id": "theirs", "status": "SUCCEEDED", "output": [LINK]},
        {"id": "theirs", "status": "RUNNING", "progress": 0.5},
    ),
    "runway": Upstream(
        "runway",
        "runway",
        "tasks",
        {"task": {"id": "theirs", "status": "SUCCEEDED", "artifacts": [{"url": LINK}]}},
        {"task": {"id": "theirs", "status": "RUNNING", "artifacts": []}},
    ),
    "cogvideox": Upstream(
        "cogvideox",
        "cogvideox/v4",
        "videos/generations",
        {"task_status": "SUCCESS", "video_result": [{"url": LINK}]},
        {"task_status": "PROCESSING"},
    ),
}
OVER = [TaskState.SUCCEEDED, [LINK], None]
CASES: Mapping[str, tuple[str, str, Mapping[str, Any], list[Any]]] = {
    "done": ("SUCCESS", "done", {}, OVER),
    "text": ("SUCCESS", "text", {}, OVER),
    "deaf": ("IN_PROGRESS", "done", {}, OVER),
    "denied": ("FAILURE", "done", {"fail_reason": SWEPT}, OVER),
    "link": ("SUCCESS", "none", {"result_url": LINK}, OVER),
    "old link": ("SUCCESS", "open", {"fail_reason": LINK}, OVER),
    "open": ("IN_PROGRESS", "open", {}, [TaskState.RUNNING, [], None]),
    "new": ("", "none", {}, [TaskState.SUBMITTED, [], None]),
    "swept": ("FAILURE", "open", {"fail_reason": SWEPT}, [TaskState.FAILED, [], True]),
    "failed": ("FAILURE", "none", {"fail_reason": "no faces"}, [TaskState.FAILED, [], False]),
}
"""The row's word, what it holds, its other fields; state, links, and whether it is doubted."""


@pytest.mark.parametrize("is_wrapped", [True, False])
@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("name", UPSTREAMS)
def test_a_row_tells_what_it_holds_in_the_upstreams_own_form(
    name: str, case: str, *, is_wrapped: bool
) -> None:
    upstream, (word, held, more, expected) = UPSTREAMS[name], CASES[case]
    data: Any = {"done": upstream.done, "open": upstream.open, "none": None}.get(held)
    row = {
        "id": 77,
        "task_id": "task_1",
        "action": "generate",
        "status": word,
        "fail_reason": "",
        "progress": "50%",
        "data": json.dumps(upstream.done) if held == "text" else data,
        **more,
    }
    said = _observed(upstream, {"code": "success", "data": row} if is_wrapped else row)
    doubt = None if said.error is None else said.error.doubtful
    assert [said.state, [one.url for one in said.artifacts], doubt] == expected
    assert said.provider_task_id == "task_1"


RESERVED = Cost("unit", "150000", unit="quota", phase=Phase.RESERVE)
BILLS: Mapping[str, tuple[str, str, int | str, list[tuple[str, str]]]] = {
    "open": ("IN_PROGRESS", "open", 150000, [("reserve", "150000")]),
    "done": ("SUCCESS", "done", "150000", [("settle", "150000")]),
    "corrected": ("SUCCESS", "done", 90000, [("settle", "90000")]),
    "failed": ("FAILURE", "none", 0, [("settle", "150000"), ("refund", "150000")]),
    "twice": ("FAILURE", "none", -150000, [("settle", "150000"), ("refund", "300000")]),
    "kept": ("FAILURE", "none", 150000, [("settle", "150000")]),
}
"""The row's word, what it holds, its quota; the entries of the bill."""


@pytest.mark.parametrize("case", BILLS)
@pytest.mark.parametrize("name", UPSTREAMS)
def test_the_quota_of_a_row_is_its_bill(name: str, case: str) -> None:
    upstream, (word, held, quota, expected) = UPSTREAMS[name], BILLS[case]
    data = {"done": upstream.done, "open": upstream.open, "none": None}[held]
    row = {"task_id": "task_1", "status": word, "quota": quota, "data": data}
    said = _observed(upstream, {"code": "success", "data": row}, costs=(RESERVED,))
    assert [(one.phase.value, one.amount) for one in said.costs] == expected
    assert {one.unit for one in said.costs} == {"quota"}


CREATED: Mapping[str, Any] = {
    # https://f.openai-hk.com/docs/en/lab/luma-video-v2.html, read 2026-11-30.
    "task_id": {"task_id": "theirs"},
    "taskId": {"taskId": "theirs"},
    "within data": {"code": "success", "message": "", "data": {"task_id": "theirs"}},
    # https://docs.fast-token.com (Luma, submit), read 2026-11-30.
    "beside another id": {"code": 200, "message": "", "request_id": "r", "data": {"id": "theirs"}},
    "text beside another id": {"code": "success", "request_id": "r", "data": "theirs"},
    # https://docs.crazyrouter.com/audio/suno/query, read 2026-11-30.
    "code 1": {"code": 1, "data": {"task_id": "theirs"}},
    "text under code 1": {"code": 1, "data": "theirs"},
    "list": [{"id": "theirs"}],
    "list within data": {"data": [{"id": "theirs"}]},
}


@pytest.mark.parametrize("form", CREATED)
@pytest.mark.parametrize("name", [*UPSTREAMS, "openai"])
def test_a_gateway_names_a_new_task_in_many_forms(name: str, form: str) -> None:
    found = _created(name, CREATED[form])
    assert isinstance(found, Accepted)
    assert found.provider_task_id == "theirs"


@pytest.mark.parametrize(
    "body",
    [
        {"code": "fail", "message": "no", "task_id": "theirs"},
        {"error": {"message": "no"}, "taskId": "theirs"},
        {"code": 500, "data": {"task_id": "theirs"}},
        {"code": 1, "data": "wrong parameters"},
    ],
)
def test_an_id_in_a_foreign_form_beside_a_complaint_is_no_new_task(body: Mapping[str, Any]) -> None:
    assert isinstance(_created("luma", body), Unknown)


def test_a_task_may_be_shown_as_the_one_entry_of_a_list() -> None:
    upstream = UPSTREAMS["luma"]
    said = _observed(upstream, {"data": [{**upstream.done, "artifact": {"video": None}}]})
    assert (said.state, [one.url for one in said.artifacts]) == (TaskState.SUCCEEDED, [LINK])


@pytest.mark.parametrize("word", ["succeed", "SUCCESS", "complete", "finished"])
@pytest.mark.parametrize(
    "file",
    [
        {"output": {"video_url": LINK, "cover_url": "https://files.example/c.png"}},
        {"result_url": LINK},
        {"metadata": {"url": LINK}},
        {"task_result": {"videos": [{"url": LINK}]}},
    ],
    ids=lambda file: next(iter(file)),
)
@pytest.mark.parametrize("name", UPSTREAMS)
def test_a_gateway_puts_the_file_where_its_upstream_does_not(
    name: str, file: Mapping[str, Any], word: str
) -> None:
    said = _observed(UPSTREAMS[name], {"id": "theirs", "status": word, **file})
    assert (said.state, [one.url for one in said.artifacts]) == (TaskState.SUCCEEDED, [LINK])


@pytest.mark.parametrize("name", UPSTREAMS)
def test_a_cover_is_no_file_of_a_success(name: str) -> None:
    cover = {"thumbnail": {"url": LINK}, "cover_url": LINK, "last_frame": {"url": LINK}}
    said = _observed(UPSTREAMS[name], {"id": "theirs", "status": "succeed", **cover})
    assert (said.state, said.artifacts) == (TaskState.RUNNING, ())


def _created(name: str, body: Any) -> SubmitOutcome:
    upstream = UPSTREAMS.get(name)
    provider = PROVIDERS[upstream.provider if upstream else name]
    path, operation = (upstream.path, upstream.operation) if upstream else ("v1", "videos")
    account = an_account(provider, base_url=f"https://gateway.example/{path}")
    answer = HttpResult(200, {}, json.dumps(body).encode())
    return provider.submits.parse_submit(sent_to(account, a_task(operation)), answer)


def test_a_row_that_answers_a_create_tells_what_is_reserved() -> None:
    provider = PROVIDERS["pika"]
    account = an_account(provider, base_url="https://gateway.example/pika")
    row = {"task_id": "task_1", "status": "NOT_START", "quota": 150000, "data": None}
    answer = HttpResult(200, {}, json.dumps({"code": "success", "data": row}).encode())
    outcome = provider.submits.parse_submit(sent_to(account, a_task("generate")), answer)
    assert isinstance(outcome, Accepted)
    assert (outcome.provider_task_id, outcome.costs) == ("task_1", (RESERVED,))


GATEWAYS = {
    "luma": KINDS["luma at a gateway"],
    "pika": KINDS["pika at a gateway"],
    "runwayml": Kind(
        "runway",
        "/runwayml",
        "image_to_video",
        {"model": "gen4_turbo", "promptImage": PICTURE_URL, "promptText": "a cat"},
    ),
    "runway": Kind("runway", "/runway", "tasks", {"taskType": "gen3a_turbo", "options": {}}),
    "cogvideox": Kind(
        "cogvideox",
        "/cogvideox/v4",
        "videos/generations",
        {"model": "cogvideox-3", "prompt": "a cat"},
    ),
}


@pytest.mark.parametrize("how", ["whole", "link", "deaf"])
@pytest.mark.parametrize("name", GATEWAYS)
def test_a_gateway_that_answers_with_rows_hides_no_result(name: str, how: str) -> None:
    @play_in(Scene)
    async def play(stage: Scene) -> None:
        caller = Caller(stage, GATEWAYS[name])
        caller.play(f"gateway_row={how}")
        done = await caller.polled_to_its_end(await caller.made())
        assert (done.state, len(done.artifacts) > 0) == (TaskState.SUCCEEDED, True)
        assert {one.amount for one in done.costs} == {"150000"}

    play()


def _observed(upstream: Upstream, body: Mapping[str, Any], **changes: Any) -> Observation:
    provider = PROVIDERS[upstream.provider]
    account = an_account(provider, base_url=f"https://gateway.example/{upstream.path}")
    task = a_task(upstream.operation, provider_task_id="task_1", **changes)
    assert provider.polls is not None
    answer = HttpResult(200, {}, json.dumps(body).encode())
    (outcome,) = provider.polls.parse_poll(asked_of(account, task), answer)
    assert isinstance(outcome, Observed)
    return outcome.observation
