"""The scenario language."""

import pytest

from tracker.emulator import SPECS, Scenario, ScenarioError
from tracker.emulator.core.scenario import find_marker
from tracker.emulator.providers.kling.words import Name, Param

SAMPLES = {
    Param.NONE: "",
    Param.COUNT: "=7",
    Param.SECONDS: "=1.5",
    Param.TRIES: "=4s",
    Param.WORD: "=any",
}


def test_every_word_has_a_spec_and_parses_alone_and_with_its_parameter() -> None:
    assert set(SPECS) == set(Name)
    for name, spec in SPECS.items():
        assert Scenario.parse(name).has(name)
        text = f"{name}={spec.choices[0]}" if spec.choices else f"{name}{SAMPLES[spec.param]}"
        assert Scenario.parse(str(Scenario.parse(text))) == Scenario.parse(text)


def test_words_compose_and_carry_numbers() -> None:
    scenario = Scenario.parse(" slow=30 , duplicated=5,busy=2s ")
    assert scenario.seconds(Name.SLOW) == 30
    assert scenario.count(Name.DUPLICATED) == 5
    assert scenario.tries(Name.BUSY).seconds == 2
    assert str(scenario) == "slow=30,duplicated=5,busy=2s"


def test_missing_parameter_is_the_default() -> None:
    assert Scenario.parse("duplicated").count(Name.DUPLICATED) == 3
    assert Scenario.parse("").params == {}
    assert str(Scenario.parse("")) == "ok"


def test_aliases_mean_the_word() -> None:
    assert Scenario.parse("silent") == Scenario.parse("no_callback")
    assert Scenario.parse("error_5000") == Scenario.parse("error_5000_lost")


@pytest.mark.parametrize(
    "text",
    [
        "nonsense",
        "ok=1",
        "slow=-1",
        "slow=nan",
        "slow=inf",
        "slow=1e99",
        "duplicated=many",
        "duplicated=²",
        "busy=s",
        "callback_first=later",
        "unknown_word=a b",
        "x" * 501,
        "duplicated=" + "9" * 400,
    ],
)
def test_nonsense_is_refused_with_a_reason(text: str) -> None:
    with pytest.raises(ScenarioError, match=r"scenario"):
        Scenario.parse(text)


def test_marker_is_found_anywhere_in_a_text() -> None:
    assert find_marker("根据 [scenario:slow=3,failed] 图片") == "slow=3,failed"
    assert find_marker("[scenario:]") is None
    assert find_marker("scenario:failed") is None
