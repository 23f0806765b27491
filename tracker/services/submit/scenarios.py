"""Scenarios of an emulator: what an account's address plays on demand, where it is one."""

import json
from collections.abc import Mapping
from urllib.parse import urlsplit, urlunsplit

from tracker.domain.exchange import HttpCall, HttpResult
from tracker.services.context import Context

FRESH_S = 30.0
"""How long an answer, or its absence, is believed."""
_ASK_S = 1.0
_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
_MOST = 200


class Scenarios:
    """Asks accounts' addresses on this machine whether they are emulators. One per process."""

    def __init__(self, context: Context) -> None:
        """Nothing is known yet."""
        self._context = context
        self._known: dict[str, tuple[float, Mapping[str, str]]] = {}

    async def list_words(self, provider: str, account: str | None) -> Mapping[str, str]:
        """Return the words of scenarios and what each does; empty where there is no emulator.

        account: None for the provider's main one. Only addresses of this machine are asked.
        """
        if not self._context.list_accounts(provider):
            return {}
        name = account or self._context.main_account(provider)
        known = self._context.accounts.get((provider, name))
        parts = urlsplit("" if known is None else known.base_url)
        if parts.hostname not in _LOOPBACK:
            return {}
        url = urlunsplit((parts.scheme, parts.netloc, "/emulator", "", ""))
        now = self._context.clock.monotonic()
        until, words = self._known.get(url, (now, {}))
        if until <= now:
            words = await self._request_words(url, provider)
            self._known[url] = (now + FRESH_S, words)
        return words

    async def _request_words(self, url: str, provider: str) -> Mapping[str, str]:
        call = HttpCall("GET", url, {"accept": "application/json"}, timeout_s=_ASK_S)
        answer = await self._context.egress.call_provider(call)
        if not isinstance(answer, HttpResult) or answer.status != 200:
            return {}
        try:
            told = json.loads(answer.body)
            own = set(told["providers"][provider]["scenarios"])
            others = {word for one in told["providers"].values() for word in one["scenarios"]}
            words = {
                str(word): str(what)
                for word, what in told["scenarios"].items()
                if word in own or word not in others
            }
            return dict(list(words.items())[:_MOST])
        except (ValueError, KeyError, TypeError, RecursionError):
            return {}
