"""Endpoints and their deliveries over HTTP, with workers that deliver to a real receiver."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from tests.support.requests import submit
from tests.support.sink import Received, Sink
from tests.support.waiting import wait_until

Json = dict[str, Any]


@pytest.fixture
def api(live: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=live, trust_env=False, timeout=60) as client:
        yield client


@pytest.fixture
def sink() -> Iterator[Sink]:
    with Sink() as running:
        yield running


def create(api: httpx.Client, url: str, **fields: Any) -> Json:
    answer = api.post("/v1/endpoints", json={"url": url} | fields)
    assert answer.status_code == 201, answer.text
    made: Json = answer.json()
    return made


def do(api: httpx.Client, endpoint: Json, action: str, **params: str) -> Json:
    answer = api.post(f"/v1/endpoints/{endpoint['id']}/{action}", params=params)
    assert answer.is_success, answer.text
    done: Json = answer.json()
    return done


def send_test(api: httpx.Client, endpoint: Json) -> str:
    return str(do(api, endpoint, "test")["delivery_id"])


def state(api: httpx.Client, delivery_id: str) -> str:
    return str(show(api, delivery_id)["delivery"]["state"])


def show(api: httpx.Client, delivery_id: str) -> Json:
    shown: Json = api.get(f"/v1/deliveries/{delivery_id}").json()
    return shown


def listed(api: httpx.Client, **params: str) -> list[Json]:
    answer = api.get("/v1/deliveries", params=params)
    assert answer.status_code == 200, answer.text
    found: list[Json] = answer.json()["deliveries"]
    return found


def test_a_test_arrives_signed_and_is_listed_with_its_attempt(
    api: httpx.Client, sink: Sink
) -> None:
    made = create(api, f"{sink.url}/hook", description="mine")
    id_ = send_test(api, made)
    wait_until(lambda: state(api, id_) == "delivered")
    (request,) = sink.received
    assert request.headers["webhook-id"] == id_
    Webhook(made["secret"]).verify(request.body, request.headers)
    whole = show(api, id_)
    assert whole["body"].encode() == request.body
    assert request.parse_json()["type"] == "endpoint.test"
    (attempt,) = whole["attempts"]
    assert (attempt["status"], attempt["error"]) == (200, None)
    assert attempt["latency_ms"] >= 0
    assert [one["id"] for one in listed(api, endpoint_id=made["id"])] == [id_]


def test_a_secret_is_shown_once_and_only_where_it_is_made(api: httpx.Client) -> None:
    made = create(api, "https://example.com/hook")
    assert made["secret"].startswith("whsec_")
    others = [api.get(f"/v1/endpoints/{made['id']}").text, api.get("/v1/endpoints").text]
    assert all("secret" not in text.replace("old_secret_until", "") for text in others)


def test_both_secrets_sign_after_a_rotation_and_only_the_new_one_without_overlap(
    api: httpx.Client, sink: Sink
) -> None:
    made = create(api, sink.url)
    rotated = do(api, made, "rotate-secret")
    first = send_test(api, made)
    wait_until(lambda: state(api, first) == "delivered")
    Webhook(made["secret"]).verify(sink.received[0].body, sink.received[0].headers)
    Webhook(rotated["secret"]).verify(sink.received[0].body, sink.received[0].headers)
    again = do(api, made, "rotate-secret", overlap_s="0")
    second = send_test(api, made)
    wait_until(lambda: state(api, second) == "delivered")
    last = sink.received[1]
    Webhook(again["secret"]).verify(last.body, last.headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(rotated["secret"]).verify(last.body, last.headers)


def test_a_second_rotation_leaves_every_secret_its_own_end(api: httpx.Client, sink: Sink) -> None:
    made = create(api, sink.url)
    secrets = [made["secret"], *(do(api, made, "rotate-secret")["secret"] for _ in range(3))]
    sent = send_test(api, made)
    wait_until(lambda: state(api, sent) == "delivered")
    for secret in secrets:
        Webhook(secret).verify(sink.received[0].body, sink.received[0].headers)
    assert len(sink.received[0].headers["webhook-signature"].split()) == len(secrets)
    leaked, newest = secrets[-1], do(api, made, "rotate-secret", overlap_s="0")["secret"]
    again = send_test(api, made)
    wait_until(lambda: state(api, again) == "delivered")
    last = sink.received[1]
    for secret in (*secrets[:-1], newest):
        Webhook(secret).verify(last.body, last.headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(leaked).verify(last.body, last.headers)


def test_a_secret_ends_at_its_own_end_and_not_with_another(api: httpx.Client, sink: Sink) -> None:
    made = create(api, sink.url)
    first = made["secret"]
    second = do(api, made, "rotate-secret", overlap_s="1")["secret"]
    third = do(api, made, "rotate-secret", overlap_s="600")["secret"]

    def signers() -> list[bool]:
        sent = send_test(api, made)
        wait_until(lambda: state(api, sent) == "delivered")
        return [_verifies(secret, sink.received[-1]) for secret in (first, second, third)]

    wait_until(lambda: signers() == [False, True, True])


def test_so_many_rotations_that_deliveries_would_grow_are_refused(api: httpx.Client) -> None:
    made = create(api, "https://example.com/hook")
    path = f"/v1/endpoints/{made['id']}/rotate-secret"
    answers = [api.post(path) for _ in range(9)]
    assert [answer.status_code for answer in answers] == [200] * 8 + [409]
    assert "overlap_s=0" in answers[-1].json()["detail"]
    assert api.post(path, params={"overlap_s": "0"}).status_code == 200


def _verifies(secret: str, received: Received) -> bool:
    try:
        Webhook(secret).verify(received.body, received.headers)
    except WebhookVerificationError:
        return False
    return True


def test_a_secret_may_be_brought_along(api: httpx.Client, sink: Sink) -> None:
    secret = "whsec_" + "bWluZSBteSBvd24g" * 2
    made = create(api, sink.url, secret=secret)
    assert made["secret"] == secret
    id_ = send_test(api, made)
    wait_until(lambda: state(api, id_) == "delivered")
    Webhook(secret).verify(sink.received[0].body, sink.received[0].headers)


def test_only_what_passes_the_filters_is_told(api: httpx.Client, sink: Sink) -> None:
    wanted = create(api, f"{sink.url}/wanted", event_types=["task.succeeded"], metadata={"n": 1})
    create(api, f"{sink.url}/other", metadata={"n": 2})
    create(api, f"{sink.url}/another", operations=["videos/image2video"])
    create(api, f"{sink.url}/third", providers=["somebody"])
    task = submit(api, metadata={"n": 1})
    wait_until(lambda: [r.path for r in sink.received] == ["/wanted"])
    wait_until(lambda: len(listed(api, undelivered="true")) == 0)
    (owed,) = listed(api)
    assert (owed["endpoint_id"], owed["task_id"]) == (wanted["id"], task["id"])
    assert (owed["event"], owed["state"]) == ("task.succeeded", "delivered")


def test_a_thin_payload_names_the_task_and_no_more(api: httpx.Client, sink: Sink) -> None:
    create(api, sink.url, payload="thin", event_types=["task.succeeded"])
    task = submit(api, external_task_id="mine")
    wait_until(lambda: len(sink.received) == 1)
    told = sink.received[0].parse_json()["data"]
    assert told == {
        "task": {
            "id": task["id"],
            "external_task_id": "mine",
            "provider": "kling",
            "operation": task["operation"],
            "state": "succeeded",
            "version": told["task"]["version"],
            "overdue": False,
        }
    }


def test_what_comes_while_paused_is_listed_and_sent_after_resuming(
    api: httpx.Client, sink: Sink
) -> None:
    made = create(api, sink.url, event_types=["task.succeeded"])
    paused = do(api, made, "pause")
    assert (paused["state"], paused["state_reason"]) == ("paused", "paused by an operator")
    assert api.post(f"/v1/endpoints/{made['id']}/test").status_code == 409
    submit(api)
    wait_until(lambda: [one["state"] for one in listed(api, undelivered="true")] == ["pending"])
    assert sink.received == []
    assert do(api, made, "resume")["state"] == "active"
    wait_until(lambda: len(listed(api, state="delivered")) == 1)
    assert len(sink.received) == 1


def test_a_backlog_may_be_dropped_and_redelivered_by_filter(api: httpx.Client, sink: Sink) -> None:
    made = create(api, sink.url, event_types=["task.succeeded"])
    do(api, made, "pause")
    for _ in range(3):
        submit(api)
    wait_until(lambda: len(listed(api)) == 3)
    do(api, made, "resume", backlog="drop")
    assert {one["state"] for one in listed(api)} == {"cancelled"}
    body = {"endpoint_id": made["id"]}
    would = api.post("/v1/deliveries/redeliver", json=body).json()
    assert (would["dry_run"], would["matching"], would["redelivered"]) == (True, 3, 0)
    assert would["by_event"] == {"task.succeeded": 3}
    assert len(would["sample"]) == 3
    assert {one["state"] for one in listed(api)} == {"cancelled"}
    done = api.post("/v1/deliveries/redeliver", json=body | {"dry_run": False}).json()
    assert (done["matching"], done["redelivered"]) == (3, 3)
    wait_until(lambda: len(listed(api, state="delivered")) == 3)
    assert len({request.headers["webhook-id"] for request in sink.received}) == 3


def test_410_disables_an_endpoint_and_tells_the_others(api: httpx.Client, sink: Sink) -> None:
    create(api, sink.url, event_types=["endpoint.disabled"])
    with Sink(answers=[410]) as gone:
        made = create(api, gone.url)
        id_ = send_test(api, made)
        wait_until(lambda: state(api, id_) == "failed")
    shown = api.get(f"/v1/endpoints/{made['id']}").json()
    assert (shown["state"], shown["state_reason"]) == ("disabled", "it answered 410 Gone")
    (troubled,) = api.get("/v1/attention").json()["endpoints"]
    assert (troubled["endpoint_id"], troubled["state"]) == (made["id"], "disabled")
    wait_until(lambda: len(sink.received) == 1)
    told = sink.received[0].parse_json()
    assert told["type"] == "endpoint.disabled"
    assert told["data"]["endpoint"]["id"] == made["id"]
    assert api.post(f"/v1/deliveries/{id_}/redeliver").status_code == 409


def test_a_redirect_is_a_failure_and_is_not_followed(api: httpx.Client, sink: Sink) -> None:
    with Sink(answers=[302], headers={"location": sink.url}, body=b"over there") as lying:
        id_ = send_test(api, create(api, lying.url))
        wait_until(lambda: len(show(api, id_)["attempts"]) == 1)
    whole = show(api, id_)
    (attempt,) = whole["attempts"]
    assert (attempt["status"], attempt["error"]) == (302, "HTTP 302")
    assert attempt["answer"] == "over there"
    assert whole["delivery"]["state"] == "pending"
    assert [one["id"] for one in listed(api, failing="true")] == [id_]
    assert sink.received == []


def test_answers_are_kept_up_to_four_kibibytes(api: httpx.Client) -> None:
    with Sink(answers=[500], body=b"x" * 100_000) as talkative:
        id_ = send_test(api, create(api, talkative.url))
        wait_until(lambda: len(show(api, id_)["attempts"]) == 1)
    assert show(api, id_)["attempts"][0]["answer"] == "x" * 4096


def test_one_is_redelivered_with_the_same_id_and_bytes(api: httpx.Client, sink: Sink) -> None:
    id_ = send_test(api, create(api, sink.url))
    wait_until(lambda: state(api, id_) == "delivered")
    assert api.post(f"/v1/deliveries/{id_}/redeliver").status_code == 202
    wait_until(lambda: len(show(api, id_)["attempts"]) == 2)
    first, second = sink.received
    assert first.headers["webhook-id"] == second.headers["webhook-id"] == id_
    assert first.body == second.body


def test_an_endpoint_is_changed_and_deleted(api: httpx.Client, sink: Sink) -> None:
    made = create(api, "https://example.com/hook", event_types=["task.failed"])
    changed = api.patch(
        f"/v1/endpoints/{made['id']}", json={"url": sink.url, "providers": ["kling"]}
    ).json()
    assert (changed["url"], changed["providers"]) == (sink.url, ["kling"])
    assert changed["event_types"] == ["task.failed"]
    id_ = send_test(api, made)
    wait_until(lambda: state(api, id_) == "delivered")
    assert api.delete(f"/v1/endpoints/{made['id']}").status_code == 204
    assert api.get(f"/v1/endpoints/{made['id']}").status_code == 404
    assert api.delete(f"/v1/endpoints/{made['id']}").status_code == 404
    assert [one["id"] for one in listed(api)] == [id_]


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({"url": "http://10.0.0.1/"}, "url"),
        ({"url": "http://user:pass@example.com/"}, "url"),
        ({"url": "https://example.com/", "event_types": ["task.exploded"]}, "event_types[0]"),
        ({"url": "https://example.com/", "payload": "fat"}, "payload"),
        ({"url": "https://example.com/", "secret": "whsec_c2hvcnQ="}, "secret"),
        ({"url": "https://example.com/", "colour": "red"}, "colour"),
    ],
)
def test_a_wrong_field_is_named(shared_http: httpx.Client, body: Json, path: str) -> None:
    answer = shared_http.post("/v1/endpoints", json=body)
    assert answer.status_code == 422
    assert [field["path"] for field in answer.json()["errors"]] == [path]


def test_lists_are_paged(http: httpx.Client) -> None:
    made = [create(http, f"https://example.com/{n}")["id"] for n in range(5)]
    first = http.get("/v1/endpoints", params={"limit": "3"}).json()
    rest = http.get("/v1/endpoints", params={"cursor": first["next_cursor"]}).json()
    assert [one["id"] for one in first["endpoints"] + rest["endpoints"]] == made[::-1]
    assert rest["next_cursor"] is None


@pytest.mark.parametrize(
    "params", [{"state": "lost"}, {"failing": "maybe"}, {"endpoint_id": "x"}, {"event": "x"}]
)
def test_a_filter_that_means_nothing_is_refused(shared_http: httpx.Client, params: Json) -> None:
    assert shared_http.get("/v1/deliveries", params=params).status_code == 400
