"""Commands that act on tasks which are over, uncertain, or at their provider."""

import json

import httpx
import pytest

from tests.cli.test_reading import FAILING, finished, http, run  # noqa: F401 - a fixture
from tests.support.requests import submit
from tests.support.upstream import Asked, Upstream, build_json_answer


def test_many_are_counted_first_and_then_each_submitted_once(http: httpx.Client) -> None:  # noqa: F811
    first, second = finished(http, input=FAILING), finished(http, input=FAILING)
    submit(http)
    filters = ("--state", "failed", "--since", "1h")
    counted = run(http, "tasks", "resubmit", *filters)
    assert counted.exit_code == 0
    assert "failed=2" in counted.stdout
    assert "add --yes" in counted.stderr
    done = run(http, "tasks", "resubmit", *filters, "--yes", "--output", "json")
    told = json.loads(done.stdout)
    assert [one["resubmit_of"] for one in told["tasks"]] == [first["id"], second["id"]]
    none = run(
        http, "tasks", "resubmit", *filters, "--created-before", first["created_at"], "--yes"
    )
    assert none.exit_code == 0
    assert "resubmitted  0" in none.stdout


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ((), "either a task or filters"),
        (("some-task", "--state", "failed"), "either a task or filters"),
        (("some-task", "--yes"), "either a task or filters"),
        (("--state", "failed", "--wait"), "for one task"),
        (("--yes", "--dry-run"), "--yes excludes --dry-run"),
        (("--since", "1h", "--created-after", "2026-11-28"), "either --since or --created-after"),
        (("--since", "an hour"), "no duration like"),
        (("--state", "faild"), "failed"),
    ],
)
def test_a_contradiction_is_told_before_anything_is_asked(
    arguments: tuple[str, ...], told: str
) -> None:
    with (
        Upstream(lambda _: [build_json_answer(b"{}")]) as service,
        httpx.Client(base_url=service.url, timeout=60) as c,
    ):
        done = run(c, "tasks", "resubmit", *arguments)
    assert done.exit_code == 2
    assert told in done.stderr
    assert service.asked == []


@pytest.mark.parametrize("status", ["200 OK", "202 Accepted"])
def test_a_cancellation_that_the_provider_has_to_grant_says_so(status: str) -> None:
    task = {"id": "t-1", "state": "running", "external_task_id": "t-1", "error": None}
    answer = build_json_answer(
        json.dumps(task | {"cancel_asked_at": "2026-11-28T10:00:00Z"}).encode(), status
    )
    with (
        Upstream(lambda _: [answer]) as service,
        httpx.Client(base_url=service.url, timeout=60) as client,
    ):
        done = run(client, "tasks", "cancel", "t-1")
    assert done.exit_code == 0
    assert "cancel_asked_at" in done.stdout
    assert ("the provider's word ends it" in done.stderr) == (status == "202 Accepted")
    assert ("tracker tasks wait t-1" in done.stderr) == (status == "202 Accepted")


@pytest.mark.parametrize(
    ("arguments", "sent"),
    [
        (("exists", "--provider-task-id", "88"), {"verb": "exists", "provider_task_id": "88"}),
        (("never-made",), {"verb": "never_made"}),
        (("give-up",), {"verb": "give_up"}),
    ],
)
def test_an_uncertain_task_is_settled(arguments: tuple[str, ...], sent: dict[str, str]) -> None:
    bodies = []

    def answer(asked: Asked) -> list[bytes]:
        bodies.append(json.loads(b"".join(asked.body)))
        task = {"id": "t-1", "state": "queued", "external_task_id": "t-1"}
        return [build_json_answer(json.dumps(task).encode())]

    with Upstream(answer) as service, httpx.Client(base_url=service.url, timeout=60) as client:
        done = run(client, "tasks", "resolve", "t-1", *arguments)
    assert done.exit_code == 0, done.stderr
    assert [one.line for one in service.asked] == ["POST /v1/tasks/t-1/resolve HTTP/1.1"]
    assert bodies == [sent]


def test_a_task_that_is_certain_is_not_settled(http: httpx.Client) -> None:  # noqa: F811
    failed = finished(http, input=FAILING)
    refused = run(http, "tasks", "resolve", failed["id"], "give-up")
    assert refused.exit_code == 1
    assert "only an uncertain task is resolved" in refused.stderr
    assert run(http, "tasks", "resolve", failed["id"], "exists").exit_code == 2


def test_the_history_says_who_did_something() -> None:
    task = {"id": "t-1", "state": "cancelled", "external_task_id": "t-1", "stage": "encoding"}
    step = {"version": 1, "from": None, "to": "cancelled", "kind": "cancel_requested"}
    step |= {"source": "client", "at": "2026-11-28T10:00:00Z", "actor": "key ops", "message": None}
    parts: dict[str, object] = {"transitions": [step | {"evidence": None}]}

    def answer(asked: Asked) -> list[bytes]:
        name = asked.line.split()[1].rpartition("/")[2]
        return [
            build_json_answer(
                json.dumps(task if name == "t-1" else {name: parts.get(name, [])}).encode()
            )
        ]

    with Upstream(answer) as service, httpx.Client(base_url=service.url, timeout=60) as client:
        shown = run(client, "tasks", "show", "t-1", "--wide")
    assert shown.exit_code == 0, shown.stderr
    assert "key ops" in shown.stdout
    assert "encoding" in shown.stdout
