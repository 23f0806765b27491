"""Domo's adapter, held to what every adapter must do and to what was recorded."""

from collections.abc import Mapping
from typing import Any

import pytest

from tests.providers.provider_contract import (
    CallbackContract,
    CallbackUrlContract,
    PollContract,
    ProbeContract,
    SubmitContract,
)
from tests.providers.recorded import RecordedContract
from tests.providers.support import an_account, refused_fields
from tracker.providers.ports.adapter import Finds
from tracker.providers.registry import PROVIDERS

DOMO = PROVIDERS["domo"]
MEDIA = {"bytes_base64_encoded": "aGVsbG8="}
UPLOADED = {"domoai_uri": "domoai://3c90c3cc"}
DOMO_INPUTS: Mapping[str, Mapping[str, Any]] = {
    "video/text2video": {"prompt": "rain", "seconds": 5, "style": None, "aspect_ratio": "16:9"},
    "video/image2video": {"model": "animate-2.4-faster", "image": MEDIA, "seconds": 10},
    "video/template2video": {"template": "360_view", "images": [MEDIA], "seconds": 5},
    "video/video2video": {"model": "illustration-v20", "video": UPLOADED, "seconds": 5},
    "video/talking-avatar": {"image": MEDIA, "audio": UPLOADED, "seconds": 60},
}


class TestDomo(
    SubmitContract,
    CallbackUrlContract,
    PollContract,
    CallbackContract,
    ProbeContract,
    RecordedContract,
):
    provider = DOMO
    inputs = DOMO_INPUTS


@pytest.mark.parametrize(
    ("operation", "changes", "field"),
    [
        ("video/text2video", {"prompt": ""}, "prompt"),
        ("video/text2video", {"prompt": "a" * 2001}, "prompt"),
        ("video/text2video", {"seconds": None}, "seconds"),
        ("video/text2video", {"seconds": None, "duration": 5}, "seconds"),
        ("video/text2video", {"seconds": 11}, "seconds"),
        ("video/text2video", {"seconds": "long"}, "seconds"),
        ("video/text2video", {"style": "oil"}, "style"),
        ("video/text2video", {"aspect_ratio": "2:1"}, "aspect_ratio"),
        ("video/text2video", {"callback_url": "https://c.example/" + "a" * 2083}, "callback_url"),
        ("video/image2video", {"image": "https://p.example/a.png"}, "image"),
        ("video/image2video", {"image": {**MEDIA, **UPLOADED}}, "image"),
        ("video/image2video", {"image": {"bytes_base64_encoded": "data:x"}}, "image"),
        ("video/image2video", {"image": {"bytes_base64_encoded": "a" * 14_000_000}}, "image"),
        ("video/image2video", {"image": {"domoai_uri": "https://x"}}, "image"),
        ("video/template2video", {"template": "dance"}, "template"),
        ("video/template2video", {"images": [MEDIA, MEDIA]}, "images"),
        ("video/talking-avatar", {"seconds": 61}, "seconds"),
        ("video/talking-avatar", {"image": None}, "image"),
    ],
)
def test_a_field_that_domo_would_refuse_is_named(
    operation: str, changes: Mapping[str, Any], field: str
) -> None:
    assert refused_fields(DOMO.submits, operation, {**DOMO_INPUTS[operation], **changes}) == [field]


def test_an_avatar_is_made_of_a_video_too() -> None:
    input_ = {"video": UPLOADED, "audio": UPLOADED, "seconds": 5}
    assert DOMO.submits.check("video/talking-avatar", input_).body == input_


def test_a_lost_submit_is_never_found_and_nothing_is_cancelled() -> None:
    assert DOMO.submits.get_lookup_kind(an_account(DOMO)) is Finds.NEVER
    assert DOMO.looks is None
    assert DOMO.cancels is None


@pytest.mark.parametrize(
    "options", [{"profile": "gateway"}, {"webhook_secrets": ["whsec_c2VjcmV0"]}]
)
def test_options_that_mean_nothing_are_refused_by_name(options: Mapping[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(options))):
        an_account(DOMO, **options)
