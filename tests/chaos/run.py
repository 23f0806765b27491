"""One chaos run: traffic, strikes, healing, a table. The seed decides everything that we decide."""

import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from random import Random

from tests.chaos.deployment import LEASE_S, built
from tests.chaos.traffic import Callers
from tests.chaos.verdict import Verdict, is_settled, judge
from tests.support.waiting import wait_until

HEAL_S = 300.0


def run(
    kind: str, folder: Path, *, seed: int, seconds: float, say: Callable[[str], object]
) -> Verdict:
    """Strike for so many seconds, heal, and judge.

    kind: `sqlite`, `postgres` or `pgbouncer`.
    """
    chance = Random(seed)
    with built(kind, folder, seed) as deployment:
        callers = Callers(deployment.urls, deployment.sink.url, seed)
        callers.start()
        until = time.monotonic() + seconds
        strikes: Counter[str] = Counter()
        while time.monotonic() < until:
            # Long enough for work to go on, and at times for a lease to run out.
            pause = chance.uniform(0.2, 2.2 * LEASE_S)
            time.sleep(min(pause, max(until - time.monotonic(), 0)))  # chaos has no condition
            strikes[deployment.strike(chance)] += 1
        deployment.heal()
        callers.finish(timeout_s=HEAL_S)
        wait_until(lambda: is_settled(deployment), timeout_s=HEAL_S)
        verdict = judge(deployment, callers)
        struck = ", ".join(f"{count} x {what}" for what, count in sorted(strikes.items()))
        say(f"strikes: {struck or 'none'}; {callers.repeated} submits were repeated")
        return verdict
