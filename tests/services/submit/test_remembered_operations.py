"""The accounts that can do an operation are remembered, up to a bound."""

from dataclasses import dataclass, field

import pytest

from tests.support.made_up import NAME, MadeUp
from tests.support.workbench import ScriptedHttp, open_workbench
from tracker.domain.exchange import HttpResult
from tracker.providers.ports.account import Account
from tracker.services.submit.choosing import AccountChooser

pytestmark = pytest.mark.anyio
BOUND = 1024


@dataclass(frozen=True)
class AnyModel(MadeUp):
    """A provider that has an operation for whatever name a caller writes."""

    asked: list[str] = field(default_factory=list)

    def explain_unserved(self, account: Account, operation: str) -> str | None:
        del account
        self.asked.append(operation)
        return None


async def test_a_caller_of_ever_new_names_fills_no_memory(sqlite_url: str) -> None:
    adapter = AnyModel()
    outbound = ScriptedHttp(lambda _call: HttpResult(500, {}, b""))
    async with open_workbench(sqlite_url, outbound, adapter=adapter) as bench:
        choosing = AccountChooser(bench.context)
        names = [f"model-{number}" for number in range(BOUND)]
        for name in [*names, *names]:
            choosing.check(NAME, name)
        assert adapter.asked == names  # each once: all of them are remembered
        choosing.check(NAME, "one more")
        adapter.asked.clear()
        for name in names:
            choosing.check(NAME, name)
        assert len(adapter.asked) >= BOUND - 1  # room was made for it
