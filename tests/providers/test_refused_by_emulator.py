"""Refusals of providers' own, and limits and keys of those that call back, against emulators.

Those of kinds that polls are enough for: emulator_contract.py.
"""

import pytest

from tests.emulator.scene import Scene, play_in
from tests.providers.caller import Caller
from tests.providers.kinds import CALLING, FLUXES, VIDEOS
from tracker.domain.outcome import Deferred, Refused, Unanswered


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
        caller = Caller(stage, name)
        caller.play(scenario)
        _, outcome = await caller.submit()
        assert type(outcome) is kind
        assert stage.emulator.creations() == {}
        if isinstance(outcome, Refused):
            assert outcome.blames_account is blames
        if isinstance(outcome, Deferred) and scenario == "rate_limited":
            assert outcome.retry_after_s is not None

    play()


@pytest.mark.parametrize("name", CALLING)
def test_an_account_is_tried_by_one_harmless_query(name: str) -> None:
    @play_in(Scene)
    async def play(stage: Scene) -> None:
        caller = Caller(stage, name)
        probes, good = caller.provider.probes, caller.account
        assert probes is not None
        given = {"base_url": good.base_url, "api_key": "wrong"} | dict(caller.tried.options)
        bad = caller.provider.account("default", good.options.model_validate(given))
        levels = []
        for account in (good, bad):
            call = probes.build_probe(account, now=caller.now)
            levels.append(probes.parse_probe(account, await caller.send(call)).level)
        assert levels == ["ok", "error"]
        assert stage.emulator.creations() == {}

    play()


@pytest.mark.parametrize("name", CALLING)
def test_a_query_that_is_too_frequent_slows_the_account_down(name: str) -> None:
    @play_in(Scene)
    async def play(stage: Scene) -> None:
        caller = Caller(stage, name)
        caller.play("rate_limited_query=1")
        outcome = await caller.poll(await caller.made())
        assert isinstance(outcome, Unanswered)
        assert outcome.slow_down

    play()
