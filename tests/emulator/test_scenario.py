"""The scenario language."""

import pytest

from tracker.emulator import Scenario, ScenarioError
from tracker.emulator.core.scenario import find_marker
from tracker.emulator.core.words import CORE_WORDS, CoreWord, ParameterKind
from tracker.emulator.providers.kling.words import KLING_WORDS, KlingWord

SPECS = {**CORE_WORDS, **KLING_WORDS}

SAMPLES = {
    ParameterKind.NONE: "",
    ParameterKind.COUNT: "=7",
    ParameterKind.SECONDS: "=1.5",
    ParameterKind.TRIES: "=4s",
    ParameterKind.WORD: "=any",
}


def test_every_word_has_a_spec_and_parses_alone_and_with_its_parameter() -> None:
    assert set(SPECS) == {*CoreWord, *KlingWord}
    for name, spec in SPECS.items():
        assert Scenario.parse(name, SPECS).has(name)
        text = f"{name}={spec.choices[0]}" if spec.choices else f"{name}{SAMPLES[spec.param]}"
        parsed = Scenario.parse(text, SPECS)
        assert Scenario.parse(str(parsed), SPECS) == parsed


def test_words_compose_and_carry_numbers() -> None:
    scenario = Scenario.parse(" slow=30 , duplicated=5,busy=2s ")
    assert scenario.read_seconds(CoreWord.SLOW) == 30
    assert scenario.count(CoreWord.DUPLICATED) == 5
    assert scenario.read_tries(CoreWord.BUSY).seconds == 2
    assert str(scenario) == "slow=30,duplicated=5,busy=2s"


def test_missing_parameter_is_the_default() -> None:
    assert Scenario.parse("duplicated").count(CoreWord.DUPLICATED) == 3
    assert Scenario.parse("").params == {}
    assert str(Scenario.parse("")) == "ok"


def test_aliases_mean_the_word() -> None:
    assert Scenario.parse("silent") == Scenario.parse("no_callback")
    assert Scenario.parse("error_5000", SPECS) == Scenario.parse("error_5000_lost", SPECS)


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
