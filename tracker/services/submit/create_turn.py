"""The turn of one create among the calls of its account."""

from typing import Self

from tracker.domain.work import split_lane
from tracker.services.call_turns import CallPurpose, CallTurns
from tracker.services.context import Context


class CreateTurn:
    """Waited for before an attempt is opened: an open one that is found must count as sent.

    is_used: to be set where a create leaves with it; otherwise it is given back.
    """

    def __init__(self, context: Context, lane: str) -> None:
        """lane: of the job, which names the account."""
        name = split_lane(lane)
        account = context.accounts.get(name)
        self._turns: CallTurns | None = (
            None if account is None else context.calls.get_turns(name[0], account)
        )
        self.is_used = False

    async def __aenter__(self) -> Self:
        """Wait for it. It comes at once where the account is no longer in the settings."""
        if self._turns is not None:
            await self._turns.take(CallPurpose.CREATE)
        return self

    async def __aexit__(self, *_raised: object) -> None:
        """Give it back if it is not used."""
        if self._turns is not None and not self.is_used:
            self._turns.put_back(CallPurpose.CREATE)
