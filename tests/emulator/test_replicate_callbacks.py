"""Replicate's emulator calls back: events, signatures, repeats and lies about them."""

from typing import Any

import httpx
import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from tracker.emulator import EmulatorConfig
from tracker.emulator.core.signing import EXAMPLE_SECRET, build_signature_headers
from tracker.emulator.registry import REGISTRY

from .replicate_scene import ALL_EVENTS, BASE, OWN_SECRET, ReplicateScene, scene
from .scene import HOST, play_in


def verified(call: httpx.Request, secret: str = EXAMPLE_SECRET) -> Any:
    """Return a callback's body after the public verifier has accepted it; raises its error."""
    return Webhook(secret).verify(call.content, dict(call.headers))


@scene
async def test_events_come_by_filter_and_the_default_is_output_and_completed(
    stage: ReplicateScene,
) -> None:
    for events, statuses in (
        (None, ["processing", "succeeded"]),
        (ALL_EVENTS, ["processing"] * 3 + ["succeeded"]),
        (["start"], ["processing"]),
        (["logs"], ["processing"]),
        (["completed"], ["succeeded"]),
    ):
        stage.bodies.clear()
        made = await stage.create(webhook_events_filter=events)
        assert made.get("webhook_events_filter") == events
        await stage.advance(2)
        assert stage.told("status") == statuses
    await stage.create(webhook=None)
    stage.bodies.clear()
    await stage.advance(2)
    assert stage.bodies == []


@scene
async def test_output_grows_and_each_growth_is_told(stage: ReplicateScene) -> None:
    await stage.create(scenario="slow=4", input={"num_outputs": 3})
    await stage.advance(8)
    assert [len(output) for output in stage.told("output")] == [1, 2, 3, 3]


@scene
async def test_output_and_logs_are_throttled_to_one_in_500_ms(stage: ReplicateScene) -> None:
    await stage.create(input={"num_outputs": 4}, webhook_events_filter=ALL_EVENTS)
    await stage.advance(1)
    start = len(stage.bodies)
    await stage.advance(1)
    # Four growths 200 ms apart: the first and the fourth are told, each as output and as logs.
    assert [len(output) for output in stage.told("output")[start:]] == [1, 1, 4, 4, 4]
    assert stage.told("status")[start:] == ["processing"] * 4 + ["succeeded"]


@scene
async def test_the_output_has_the_form_that_the_scenario_names(stage: ReplicateScene) -> None:
    for form, kind in (
        ("list", list),
        ("url", str),
        ("video", str),
        ("object", dict),
        ("text", str),
        ("tokens", list),
    ):
        made = await stage.create(f"output={form}")
        await stage.advance(2)
        output = (await stage.get(made))["output"]
        assert type(output) is kind
        is_address = isinstance(output, str) and output.startswith(f"{HOST}/media/")
        assert is_address == (form in {"url", "video"})
        if form == "tokens":
            assert output == ["A cat", " sits", " on", " a mat."]


def test_the_published_vector_is_signed_alike() -> None:
    raw = b'{"id":"ufawqhfyn","status":"succeeded","output":["https://replicate.delivery/x.png"]}'
    headers = build_signature_headers(
        [EXAMPLE_SECRET], message_id="msg_rep_1", timestamp=1777629600, body=raw
    )
    assert headers == {
        "webhook-id": "msg_rep_1",
        "webhook-timestamp": "1777629600",
        "webhook-signature": "v1,bV4c7uOcO8uLM4/j2hPajngDyFVRHYmc8aCoeg2HNKk=",
    }


@scene
async def test_callbacks_are_signed_with_the_secret_that_the_api_tells(
    stage: ReplicateScene,
) -> None:
    assert (await stage.found(f"{BASE}/webhooks/default/secret")) == {"key": EXAMPLE_SECRET}
    made = await stage.create(webhook_events_filter=ALL_EVENTS)
    await stage.advance(2)
    assert {verified(call)["id"] for call in stage.calls} == {made["id"]}
    ids = [call.headers["webhook-id"] for call in stage.calls]
    assert (len(set(ids)), all(each.startswith("msg_") for each in ids)) == (4, True)
    for word in ("bad_signature", "stale_signature", "unsigned"):
        stage.calls.clear()
        await stage.create(f"{word},final_only")
        await stage.advance(2)
        with pytest.raises(WebhookVerificationError):
            verified(stage.calls[0])


@play_in(ReplicateScene, REGISTRY, EmulatorConfig(manual_clock=True, webhook_secret=OWN_SECRET))
async def test_a_configured_secret_signs(stage: ReplicateScene) -> None:
    assert (await stage.found(f"{BASE}/webhooks/default/secret")) == {"key": OWN_SECRET}
    await stage.create()
    await stage.advance(2)
    assert verified(stage.calls[0], OWN_SECRET)


@scene
async def test_only_completed_is_tried_again_for_about_a_minute(stage: ReplicateScene) -> None:
    stage.answers += [500] * 100
    await stage.create(webhook_events_filter=ALL_EVENTS)
    await stage.advance(2)
    assert stage.told("status") == ["processing"] * 3 + ["succeeded"]
    await stage.advance(60)
    assert len(stage.calls) == 3 + 6
    await stage.advance(3600)
    completed = stage.calls[3:]
    assert len(completed) == 7
    assert len({call.headers["webhook-id"] for call in completed}) == 1
    stage.answers.clear()


@scene
async def test_a_redirect_loses_a_callback(stage: ReplicateScene) -> None:
    stage.answers += [301]
    await stage.create("final_only")
    await stage.advance(3600)
    assert len(stage.calls) == 1


@scene
async def test_callbacks_may_stay_away_be_the_last_alone_or_come_twice(
    stage: ReplicateScene,
) -> None:
    for scenario, statuses in (
        ("no_callback", []),
        ("final_only", ["succeeded"]),
        ("duplicated=2,final_only", ["succeeded"] * 2),
        ("reordered", ["succeeded", "processing"]),
    ):
        stage.bodies.clear()
        stage.calls.clear()
        await stage.create(scenario)
        await stage.advance(2)
        assert stage.told("status") == statuses
        if scenario.startswith("duplicated"):
            assert len({call.headers["webhook-id"] for call in stage.calls}) == 1


@scene
async def test_a_success_may_be_told_in_12_megabytes(stage: ReplicateScene) -> None:
    made = await stage.create("large_webhook,final_only")
    await stage.advance(2)
    (call,) = stage.calls
    assert len(call.content) > 12_000_000
    assert verified(call)["status"] == "succeeded"
    assert len((await stage.get(made))["logs"]) < 100


@scene
async def test_a_callback_may_come_before_the_answer_of_the_create(stage: ReplicateScene) -> None:
    stage.answers += [204]
    answer = await stage.post("callback_first")
    assert stage.told("status")[-1] == "succeeded"
    assert answer.json()["id"] == stage.told("id")[-1]


@scene
async def test_a_forgery_neither_verifies_nor_spoils_the_true_callback(
    stage: ReplicateScene,
) -> None:
    made = await stage.create("forged")
    await stage.advance(2)
    forged, swapped, *true = stage.calls
    for call in (forged, swapped):
        with pytest.raises(WebhookVerificationError):
            verified(call)
    assert [verified(call)["status"] for call in true] == ["processing", "succeeded"]
    assert {verified(call)["id"] for call in true} == {made["id"]}
