"""The limits of calls that providers document."""

import pytest

from tests.providers.support import an_account
from tracker.domain.call_rate import CallLimits, CallRate
from tracker.providers.registry import PROVIDERS

_EACH_TEN_S = CallLimits(CallRate(20, 10))
DOCUMENTED = {
    ("jimeng", None): CallLimits(CallRate(10, 1)),
    ("recraft", None): CallLimits(CallRate(5, 1)),
    ("replicate", None): CallLimits(CallRate(3000, 60), creates=CallRate(600, 60)),
    ("stability", None): CallLimits(CallRate(150, 10)),
    ("suno", "kie"): _EACH_TEN_S,
    ("suno", "sunoapi"): _EACH_TEN_S,
    ("suno", "gateway"): CallLimits(),
    ("wan", None): CallLimits(CallRate(20, 1)),
}


def test_what_is_documented_is_kept_to() -> None:
    for (name, profile), limits in DOCUMENTED.items():
        provider = PROVIDERS[name]
        assert provider.get_limits(an_account(provider, profile=profile)) == limits, name


@pytest.mark.parametrize("name", sorted(set(PROVIDERS) - {name for name, _ in DOCUMENTED}))
def test_no_limit_is_made_up(name: str) -> None:
    assert PROVIDERS[name].call_limits is None
