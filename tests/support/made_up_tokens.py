"""Tokens of the made-up provider: its key is exchanged for one where an account says so."""

from dataclasses import replace
from datetime import datetime

from tests.support.made_up_answers import explain_silence, parse_answer
from tracker.domain.exchange import HttpCall, HttpResult
from tracker.providers.ports.account import Account
from tracker.providers.ports.adapter import Answer
from tracker.providers.ports.tokens import AccessToken, TokenDelayed, TokenRefused


class MadeUpTokens:
    """See providers/ports/tokens.py."""

    def is_token_needed(self, account: Account) -> bool:
        """Return the option `exchanges`."""
        return bool(getattr(account.options, "exchanges", False))

    def build_exchange(self, account: Account, *, now: datetime) -> HttpCall:
        """POST /token, at the host that the account names."""
        del now
        headers = {"authorization": f"Bearer {account.api_key}"}
        host = getattr(account.options, "tokens_at", None) or account.base_url
        return HttpCall("POST", f"{host}/token", headers)

    def parse_exchange(
        self, account: Account, answer: Answer
    ) -> AccessToken | TokenRefused | TokenDelayed:
        """`{token, lives_s}`, or any other object with 400: it is refused."""
        del account
        said = parse_answer(answer)
        if said is not None and "token" in said:
            return AccessToken(said["token"], said["lives_s"])
        if isinstance(answer, HttpResult) and answer.status == 400:
            return TokenRefused("no such key")
        return TokenDelayed(explain_silence(answer))

    def authorize(self, account: Account, call: HttpCall, token: AccessToken) -> HttpCall:
        """Carry it as Bearer, in the place of the key."""
        del account
        return replace(call, headers={**call.headers, "authorization": f"Bearer {token.value}"})
