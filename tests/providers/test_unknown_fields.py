"""Fields that nobody knows are passed on, and named to whoever sent them."""

from typing import Any

import pytest

from tracker.providers.kit.unknown_fields import find_unknown_fields
from tracker.providers.registry import PROVIDERS

T2V = "videos/text2video"
_PASSED_ON = "no such field is known; it is passed on as it is"


def _warnings(provider: str, operation: str, given: dict[str, Any]) -> dict[str, str | None]:
    """Return what each unknown field may have been meant for; None where nothing is like it."""
    model = PROVIDERS[provider].submits.get_input_model(operation)
    assert model is not None
    found: dict[str, str | None] = {}
    for one in find_unknown_fields(model, given):
        assert one.reason.startswith(_PASSED_ON)
        _, is_like, meant = one.reason.removesuffix("?").partition("; did you mean ")
        found[one.path] = meant if is_like else None
    return found


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("durations", "duration"),
        ("Duration", "duration"),
        ("aspectRatio", "aspect_ratio"),
        ("callback", "callback_url"),
        ("model", "model_name"),
        ("negativ_prompt", "negative_prompt"),
        ("zzz", None),
        ("x" * 5000, None),
    ],
)
def test_an_unknown_field_is_named_with_the_known_one_that_is_like_it(
    name: str, meant: str | None
) -> None:
    assert _warnings("kling", T2V, {"prompt": "p", name: "5"}) == {f"input.{name[:64]}": meant}


def test_nested_objects_are_looked_at_too() -> None:
    given = {
        "camera_control": {"type": "simple", "confg": {}, "config": {"pam": 1}},
        "multi_prompt": [{"prompt": "a"}, {"promt": "b", "voice": []}],
        "voice_list": [{"anything": 1}],
    }
    assert _warnings("kling", T2V, given) == {
        "input.camera_control.confg": "config",
        "input.camera_control.config.pam": "pan",
        "input.multi_prompt[1].promt": "prompt",
        "input.multi_prompt[1].voice": None,
    }


def test_of_a_provider_with_more_fields_than_are_listed_only_likely_slips_are_named() -> None:
    given = {"prompts": "p", "image_prompt_strength": 1, "brand_new": True}
    assert _warnings("flux", "flux-pro-1.1", given) == {"input.prompts": "prompt"}
    known = {"prompt": "p", "input_image": "a", "input_image_2": "b"}
    assert _warnings("flux", "flux-2-max", known) == {}


def test_many_unknown_fields_cost_little_and_are_not_all_named() -> None:
    given = {f"field-{number}": number for number in range(20_000)}
    assert len(_warnings("kling", T2V, given)) == 20


def test_no_example_of_ours_is_warned_about() -> None:
    for name, provider in PROVIDERS.items():
        for example in provider.examples.values():
            assert _warnings(name, example["operation"], dict(example["input"])) == {}
