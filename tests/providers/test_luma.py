"""Luma's adapter, held to what every adapter must do and to what was recorded."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

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
from tests.providers.recorded import RecordedContract
from tests.providers.support import (
    CALLBACK_URL,
    NOW,
    a_task,
    an_account,
    asked_of,
    called_back,
    refused_fields,
    sent_to,
)
from tracker.domain.errors import InvalidRequest, Misuse
from tracker.domain.exchange import HttpResult
from tracker.domain.outcome import Accepted
from tracker.domain.task import TaskState
from tracker.providers.ports.adapter import Finds
from tracker.providers.ports.callbacks import Hint
from tracker.providers.registry import PROVIDERS

LUMA = PROVIDERS["luma"]
PICTURE = {"type": "image", "url": "https://pictures.example/a.png"}
MEDIA = {"url": "https://videos.example/a.mp4"}
CALLER = "https://caller.example/hook"


class TestLuma(
    SubmitContract,
    CallbackUrlContract,
    PollContract,
    ScanContract,
    CallbackContract,
    CancelContract,
    ProbeContract,
    RecordedContract,
):
    provider = LUMA
    inputs = {  # noqa: RUF012 - read only
        "generations/video": {"model": "ray-2", "prompt": "rain", "keyframes": {"frame0": PICTURE}},
        "generations": {"model": "ray-2", "prompt": "rain"},
        "generations/image": {"model": "photon-1", "prompt": "rain", "sync": True},
        "generations/video/modify": {"model": "ray-2", "media": MEDIA, "mode": "flex_1"},
        "generations/video/reframe": {"model": "ray-2", "media": MEDIA, "aspect_ratio": "1:1"},
        "generations/image/reframe": {"model": "photon-1", "media": MEDIA, "aspect_ratio": "1:1"},
    }

    def listing(self, urls: Sequence[str | None], *, has_more: bool = False) -> HttpResult:
        entries = [
            {
                "id": f"theirs-{place}",
                "state": "queued",
                "created_at": NOW.isoformat(),
                "request": None if url is None else {"callback_url": url},
            }
            for place, url in enumerate(urls)
        ]
        return HttpResult(
            200, {}, json.dumps({"generations": entries, "has_more": has_more}).encode()
        )


def _sent(operation: str, input_: Mapping[str, Any], theirs: str | None) -> tuple[str, Any]:
    """Return path and body of a create that continues a task, and check that it names it."""
    account, request = an_account(LUMA), LUMA.submits.check(operation, input_)
    assert request.parent == "ours"
    parent = a_task("generations/video", provider_task_id=theirs)
    call = LUMA.submits.build_submit(
        sent_to(account, a_task(operation), request.body, parent=parent)
    )
    return call.url.removeprefix(account.base_url), json.loads(call.body or b"")


@pytest.mark.parametrize("name", ["upscale", "audio"])
def test_a_follow_up_names_a_task_of_ours_and_sends_their_id(name: str) -> None:
    path, body = _sent(f"generations/{name}", {"id": "ours", "prompt": "rain"}, "their/s")
    assert path == f"/generations/their%2Fs/{name}"
    assert "id" not in body
    assert body["prompt"] == "rain"


def test_a_keyframe_names_a_task_of_ours_and_sends_their_id() -> None:
    frames = {"frame0": {"type": "generation", "id": "ours"}, "frame1": PICTURE}
    path, body = _sent("generations/video", {"model": "ray-2", "keyframes": frames}, "theirs")
    assert path == "/generations/video"
    assert body["keyframes"] == {
        "frame0": {"type": "generation", "id": "theirs"},
        "frame1": PICTURE,
    }


def test_the_older_path_alone_takes_a_video_without_a_model() -> None:
    """The first clients named none (https://github.com/lumalabs/lumaai-python, 2026-11-30)."""
    given = {"prompt": "rain", "aspect_ratio": "9:16", "loop": False}
    assert LUMA.submits.check("generations", given).body == given
    with pytest.raises(InvalidRequest, match="model: is required"):
        LUMA.submits.check("generations/video", given)


def test_what_is_continued_without_an_id_of_theirs_is_never_sent() -> None:
    with pytest.raises(Misuse):
        _sent("generations/upscale", {"id": "ours"}, None)


@pytest.mark.parametrize(
    ("frames", "field"),
    [
        ({"frame0": {"type": "generation", "url": "https://x.example"}}, "keyframes.frame0.id"),
        ({"frame1": {"type": "image", "id": "ours"}}, "keyframes.frame1.url"),
        ({"frame0": {"type": "video", "url": "https://x.example"}}, "keyframes.frame0.type"),
        (
            {
                "frame0": {"type": "generation", "id": "ours"},
                "frame1": {"type": "generation", "id": "another"},
            },
            "keyframes.frame1.id",
        ),
    ],
)
def test_a_keyframe_that_cannot_be_sent_is_refused_by_its_field(frames: object, field: str) -> None:
    assert refused_fields(
        LUMA.submits, "generations/video", {"model": "ray-2", "keyframes": frames}
    ) == [field]


def test_an_image_that_is_done_when_its_create_is_answered_is_a_result() -> None:
    body = {"id": "x", "state": "completed", "assets": {"image": "https://storage.example/i.jpg"}}
    outcome = LUMA.submits.parse_submit(
        sent_to(an_account(LUMA), a_task("generations/image")),
        HttpResult(201, {}, json.dumps(body).encode()),
    )
    assert isinstance(outcome, Accepted)
    assert outcome.said is not None
    assert outcome.said.state is TaskState.SUCCEEDED
    assert [piece.kind for piece in outcome.said.artifacts] == ["image"]


def test_lack_of_credits_is_the_accounts_fault_whatever_the_status() -> None:
    blames = LUMA.submits.is_account_fault
    assert blames("insufficient_credits", 400)
    assert not blames(None, 400)
    assert blames(None, 401)


class TestLumaGateway(SubmitContract, PollContract, ProbeContract):
    provider = LUMA
    inputs = {"generations/web": {"user_prompt": "rain", "loop": True}}  # noqa: RUF012 - read only
    options = {"profile": "gateway"}  # noqa: RUF012 - read only


def test_a_gateway_has_no_list_no_cancel_and_no_callbacks() -> None:
    account = an_account(LUMA, base_url="https://gateway.example/luma")
    task = a_task("generations/web", provider_task_id="theirs")
    assert LUMA.cancels is not None
    assert LUMA.calls_back is not None
    assert LUMA.submits.get_lookup_kind(account) is Finds.NEVER
    assert LUMA.cancels.build_cancel(asked_of(account, task)) is None
    assert not LUMA.calls_back.has_callbacks(account)
    assert LUMA.calls_back.has_callbacks(an_account(LUMA))
    assert LUMA.submits.explain_unserved(account, "generations/video") is not None
    assert LUMA.submits.explain_unserved(an_account(LUMA), "generations/web") is not None


def test_an_extension_names_a_task_of_ours_and_sends_the_gateways_id() -> None:
    account = an_account(LUMA, profile="gateway")
    request = LUMA.submits.check("generations/extend", {"id": "ours", "user_prompt": "rain"})
    assert (request.parent, request.parent_field) == ("ours", "id")
    task = a_task("generations/extend")
    for theirs, is_known in (("their/s", True), (None, False)):
        parent = a_task("generations/web", provider_task_id=theirs)
        sending = sent_to(account, task, request.body, parent=parent)
        if not is_known:
            with pytest.raises(Misuse):
                LUMA.submits.build_submit(sending)
            continue
        call = LUMA.submits.build_submit(sending)
        assert call.url == f"{account.base_url}/generations/their%2Fs/extend"
        assert json.loads(call.body or b"")["user_prompt"] == "rain"


def test_a_hook_of_a_gateway_is_the_callers_own_and_what_it_brings_a_hint() -> None:
    request = LUMA.submits.check("generations/web", {"user_prompt": "x", "notify_hook": CALLER})
    assert (request.callback_url, dict(request.body)) == (CALLER, {"user_prompt": "x"})
    account = an_account(LUMA, profile="gateway")
    call = LUMA.submits.build_submit(sent_to(account, a_task("generations/web"), request.body))
    assert json.loads(call.body or b"")["notify_hook"] == CALLBACK_URL
    body = {"id": "theirs", "status": "succeed", "type": "video", "output": {"video_url": CALLER}}
    assert LUMA.calls_back is not None
    (hint,) = LUMA.calls_back.parse_callback(called_back(json.dumps(body).encode()))
    assert isinstance(hint, Hint)
    assert hint.provider_task_id == "theirs"
