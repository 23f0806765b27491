"""Numbers, flags and ids are taken as clients write them, and sent as the pages have them."""

from collections.abc import Mapping
from typing import Any

import pytest

from tracker.providers.registry import PROVIDERS

TEXT = [{"type": "text", "text": "a cat"}]
CASES: Mapping[str, tuple[str, Mapping[str, Any], Mapping[str, Any], Mapping[str, Any]]] = {
    # By the provider and the operation: what is always there, what a client writes, what is sent.
    "vidu": (
        "text2video",
        {"model": "viduq2", "prompt": "a cat"},
        {"duration": "4", "seed": "0", "bgm": "true", "is_rec": 1, "off_peak": "False"},
        {"duration": 4, "seed": 0, "bgm": True, "is_rec": True, "off_peak": False},
    ),
    "flux": (
        "flux-pro-1.1-ultra",
        {"prompt": "a cat"},
        {"seed": "-1", "raw": "true", "image_prompt_strength": "0.5"},
        {"seed": -1, "raw": True, "image_prompt_strength": 0.5},
    ),
    "hailuo": (
        "v1/video_generation",
        {"model": "MiniMax-Hailuo-02", "prompt": "a cat"},
        {"duration": "10", "prompt_optimizer": 0},
        {"duration": 10, "prompt_optimizer": False},
    ),
    "jimeng": (
        "jimeng_t2v_v30",
        {"prompt": "a cat"},
        {"frames": "121", "seed": "7"},
        {"frames": 121, "seed": 7},
    ),
    "ark": (
        "contents/generations/tasks",
        {"model": "doubao-seedance-1-5-pro-251215", "content": TEXT},
        {"duration": 5.0, "watermark": "false"},
        {"duration": 5, "watermark": False},
    ),
    "wan": (
        "video-generation/video-synthesis",
        {"model": "wan2.6-t2v", "input": {"prompt": "a cat"}},
        {"parameters": {"duration": "5", "prompt_extend": "true", "size": "1280*720"}},
        {"parameters": {"duration": 5, "prompt_extend": True, "size": "1280*720"}},
    ),
    "openai": (
        "images/generations",
        {"model": "gpt-image-2", "prompt": "a cat"},
        {"n": "2", "stream": "false", "output_compression": "80"},
        {"n": 2, "stream": False, "output_compression": 80},
    ),
    "domo": (
        "video/text2video",
        {"prompt": "a cat"},
        {"seconds": "4.0"},
        {"seconds": 4},
    ),
    "recraft": (
        "images/generations",
        {"prompt": "a cat"},
        {"n": "2", "controls": {"artistic_level": "3"}},
        {"n": 2, "controls": {"artistic_level": 3}},
    ),
}


@pytest.mark.parametrize("name", list(CASES))
def test_they_are_sent_as_the_page_has_them(name: str) -> None:
    operation, always, written, sent = CASES[name]
    found = PROVIDERS[name].submits.check(operation, {**always, **written})
    assert {one: found.body[one] for one in sent} == sent
    assert all(type(found.body[one]) is type(sent[one]) for one in sent)


def test_a_text_that_is_wanted_stays_one_and_an_id_becomes_one() -> None:
    veo = PROVIDERS["veo"].submits.check(
        "predictLongRunning",
        {
            "model": "veo-3.1-generate-preview",
            "instances": [{"prompt": "1984"}],
            "parameters": {"durationSeconds": "8", "negativePrompt": "true"},
        },
    )
    assert veo.body["instances"] == [{"prompt": "1984"}]
    assert veo.body["parameters"] == {"durationSeconds": "8", "negativePrompt": "true"}
    again = PROVIDERS["hailuo"].submits.check(
        "v2/video_regeneration", {"source_task_id": 359690885259366}
    )
    assert again.parent == "359690885259366"
