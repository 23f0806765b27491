"""Limits that providers document for their creates: what they take is taken, the rest is named.

Sources: those that docs/providers/NAME.md names, read 2026-11.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from tests.providers.support import an_account
from tracker.domain.errors import FieldError, InvalidRequest
from tracker.providers.registry import PROVIDERS

FILE = "data:image/png;base64,aGVsbG8="
MEDIA = {"bytes_base64_encoded": "aGVsbG8="}
LINK = {"url": "https://files.example/a.png"}
VIDEO = {"model": "ray-2", "prompt": "a cat"}
FRAMED = {"media": LINK, "aspect_ratio": "1:1", "model": "ray-2"}
FILMED = {"model": "gen4_turbo", "promptImage": LINK["url"], "promptText": "x", "duration": 5}
SONG = {"customMode": True, "instrumental": False, "model": "V4"}
SONG |= {"prompt": "x", "style": "s", "title": "t"}
SHORT = {"prompt": "x", "seconds": 5}


def text(length: int) -> str:
    return "x" * length


Case = tuple[str, str, Mapping[str, Any], Sequence[Mapping[str, Any]], Sequence[Mapping[str, Any]]]
CASES: Sequence[Case] = [
    (
        "luma",
        "generations/video",
        VIDEO,
        [{"prompt": text(5000)}, {"prompt": text(3)}],
        [{"prompt": text(5001)}, {"prompt": text(2)}],
    ),
    (
        "luma",
        "generations/image",
        {"model": "photon-1", "prompt": "a cat"},
        [
            {"image_ref": [LINK] * 4},
            {"character_ref": {"identity0": {"images": [LINK["url"]] * 4}}},
        ],
        [
            {"image_ref": [LINK] * 5},
            {"character_ref": {"identity0": {"images": [LINK["url"]] * 5}}},
        ],
    ),
    (
        "luma",
        "generations/video/reframe",
        FRAMED,
        [{"grid_position_x": 3, "y_end": 0}],
        [{"grid_position_x": 1.5}, {"y_end": "top"}],
    ),
    (
        "runway",
        "image_to_video",
        FILMED,
        [{"promptText": text(1000)}, {"seed": 2**32 - 1}, {"duration": 10}],
        [{"promptText": text(1001)}, {"seed": 2**32}, {"duration": 7}],
    ),
    (
        "runway",
        "text_to_video",
        {"model": "gen4.5", "promptText": "x"},
        [{"duration": 2}],
        [{"duration": 11}, {"model": "gen4_turbo"}],
    ),
    (
        "pika",
        "2.2/t2v",
        {"promptText": "x"},
        [{"duration": "10"}, {"aspectRatio": "0.4"}, {"seed": 2**32 - 1}],
        [{"duration": "7"}, {"aspectRatio": 2.6}, {"seed": 2**32}],
    ),
    (
        "pika",
        "2.2/pikaframes",
        {"promptText": "x", "keyFrames": [FILE, FILE]},
        [{"duration": 7}],
        [{"duration": 11}, {"keyFrames": [FILE] * 3}],
    ),
    (
        "domo",
        "video/text2video",
        SHORT,
        [{"prompt": text(2000)}, {"seconds": 10}, {"callback_url": f"https://x/{text(2073)}"}],
        [
            {"prompt": text(2001)},
            {"seconds": 11},
            {"seconds": 5.5},
            {"callback_url": f"https://x/{text(2074)}"},
        ],
    ),
    (
        "domo",
        "video/talking-avatar",
        {"image": MEDIA, "audio": MEDIA, "seconds": 5},
        [{"seconds": 60}],
        [{"seconds": 61}],
    ),
    (
        "cogvideox",
        "videos/generations",
        {"model": "cogvideox-3", "prompt": "x"},
        [{"prompt": text(512)}, {"request_id": text(64)}, {"user_id": text(128)}, {"fps": 60}],
        [{"prompt": text(513)}, {"request_id": text(65)}, {"user_id": text(129)}, {"fps": 24}],
    ),
    (
        "suno",
        "generate",
        SONG,
        [{"prompt": text(3000)}, {"style": text(200)}, {"title": text(80)}, {"styleWeight": 0.65}],
        [{"prompt": text(3001)}, {"style": text(201)}, {"title": text(81)}, {"styleWeight": 0.655}],
    ),
    (
        "suno",
        "generate",
        {"negativeTags": "loud", **SONG, "model": "V5"},
        [{"prompt": text(5000)}, {"style": text(1000)}, {"title": text(100)}],
        [{"prompt": text(5001)}, {"style": text(1001)}, {"title": text(101)}],
    ),
    (
        "udio",
        "generate-proxy",
        {"prompt": "x"},
        [{"song_section_start": 1}, {"prompt_strength": 0}, {"seed": -1}],
        [{"song_section_start": 1.1}, {"prompt_strength": -0.1}, {"lyrics_type": "x"}],
    ),
    (
        "midjourney",
        "blend",
        {"base64Array": ["a", "b"]},
        [{"base64Array": ["a"] * 5}],
        [{"base64Array": ["a"] * 6}, {"base64Array": ["a"]}],
    ),
    (
        "midjourney",
        "video",
        {"prompt": "x", "image": "y"},
        [{"batchSize": 4}, {"motion": "high"}],
        [{"batchSize": 3}, {"motion": "mid"}],
    ),
]


@pytest.mark.parametrize(
    "case", CASES, ids=lambda case: f"{case[0]} {case[1]} {next(iter(case[2]))} {len(case[2])}"
)
def test_a_limit_is_where_the_provider_has_it(case: Case) -> None:
    provider, operation, base, taken, refused = case
    submits = PROVIDERS[provider].submits
    for change in taken:
        body = submits.check(operation, {**base, **change})
        sent = {**body.body, "callback_url": body.callback_url, "request_id": body.external_task_id}
        assert {name: sent[name] for name in change} == change
    for change in refused:
        flaws = flaws_of(provider, operation, {**base, **change})
        assert {one.path.split(".")[0] for one in flaws} == set(change)


def flaws_of(name: str, operation: str, input_: Mapping[str, Any]) -> Sequence[FieldError]:
    """Return what an account at the provider's own address refuses."""
    provider = PROVIDERS[name]
    try:
        body = provider.submits.check(operation, input_).body
    except InvalidRequest as error:
        return error.fields
    if provider.check_limits is None:
        return ()
    return provider.check_limits(an_account(provider), operation, body)
