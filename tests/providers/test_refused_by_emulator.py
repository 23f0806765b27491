"""Refusals of providers' own, and limits and keys of those that call back, against emulators.

Those of kinds that polls are enough for: emulator_contract.py.
"""

import pytest

from tests.emulator.scene import Scene, play_in
from tests.providers.caller import Caller
from tests.providers.emulator_contract import AccountContract, check_refusal
from tests.providers.kinds import CALLING, FLUXES, KINDS, VIDEOS
from tracker.domain.outcome import Deferred, Refused


@pytest.mark.parametrize(
    ("name", "scenario", "kind", "blames"),
    [
        ("luma", "refused", Refused, False),
        *((name, "rate_limited", Deferred, False) for name in CALLING),
        ("luma", "insufficient_credits=400", Refused, True),
        ("luma", "insufficient_credits=402", Refused, True),
        ("luma", "busy", Deferred, False),
        ("replicate", "no_credit", Refused, True),
        ("replicate", "unknown_model", Refused, False),
        ("runway", "no_credits", Refused, True),
        ("runway", "daily_cap", Deferred, False),
        *((name, "no_credits", Refused, True) for name in ("runway at kie", "aleph at kie")),
        ("luma agents", "budget_exhausted", Refused, True),
        ("cogvideox", "arrears", Refused, True),
        ("cogvideox", "quota", Deferred, False),
        *((name, "no_credits", Refused, True) for name in FLUXES),
        *((name, "limit_in_body", Deferred, False) for name in FLUXES),
        ("jimeng at a relay", "busy", Deferred, False),
        ("jimeng at a relay", "no_right", Refused, True),
        ("domo", "banned", Refused, True),
        ("domo", "no_credits", Refused, True),
        ("ark", "arrears", Refused, True),
        ("ark", "own_limit", Refused, True),
        ("ark", "no_model", Refused, False),
        ("ark", "overloaded", Deferred, False),
        ("ark", "busy", Deferred, False),
        ("fal", "locked", Refused, True),
        *((name, "no_credits", Refused, True) for name in ("stability", "stability at once")),
        ("stability at once", "refused", Refused, False),
        ("stability at once", "banned", Deferred, False),
        ("wan", "arrears", Refused, True),
        ("wan", "no_model", Refused, False),
        ("wan", "allocation_quota", Deferred, False),
        *((name, "no_billing", Refused, True) for name in ("veo", "interactions")),
        *((name, "key_invalid", Refused, True) for name in ("veo", "interactions")),
        ("veo", "quota", Deferred, False),
        ("vidu", "no_credits", Refused, True),
        ("vidu", "throttled", Deferred, False),
        ("vidu", "busy", Deferred, False),
        ("luma at a gateway", "busy", Deferred, False),
        *((name, "saturated", Deferred, False) for name in VIDEOS),
        *((name, "no_channel", Deferred, False) for name in VIDEOS),
        *((name, "no_quota=403", Refused, True) for name in VIDEOS),
        *((name, "no_quota=429", Refused, True) for name in VIDEOS),
        *((name, "not_implemented", Refused, False) for name in VIDEOS),
    ],
)
def test_a_create_that_makes_nothing_says_whose_fault_it_is(
    name: str, scenario: str, kind: type, *, blames: bool
) -> None:
    @play_in(Scene)
    async def play(stage: Scene) -> None:
        await check_refusal(Caller(stage, name), scenario, kind, blames=blames)

    play()


class TestCalling(AccountContract):
    kinds = {name: KINDS[name] for name in CALLING}  # noqa: RUF012 - read only
