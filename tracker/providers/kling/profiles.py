"""Profiles of the server at the base URL: Kling itself, or a kind of gateway in front of it.

A profile knows what its side serves, how a create and a query look there, and how its callbacks
are proved. How answers are read is common to all (parsing.py).
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import lru_cache
from types import MappingProxyType
from typing import Protocol
from urllib.parse import urlsplit
from uuid import UUID

from tracker.domain.exchange import HttpCall
from tracker.domain.task import Task, TaskState
from tracker.providers.kit.proofs import (
    SharedHeader,
    StandardWebhooks,
    find_secret_flaws,
)
from tracker.providers.kling import acedata, calls, piapi, standard
from tracker.providers.kling.options import KlingOptions, find_key_pair
from tracker.providers.ports.account import Account
from tracker.providers.ports.adapter import Sending
from tracker.providers.ports.callbacks import Scheme

REGIONS: Mapping[str, str] = MappingProxyType(
    {"global": "https://api-singapore.klingai.com", "china": "https://api-beijing.klingai.com"}
)
"""Authentication page, 2026-09. A key belongs to one region."""
OFFICIAL = "official"
GATEWAY = "gateway"
_KLINGS_HOSTS = (".klingai.com", ".kling.ai")
_OLD_HOST = "api.klingai.com"
"""Still answers legacy paths, but not `/tasks`: an HTML 404 (live check, 2026-09-28)."""


class Profile(Protocol):
    """The differences between kinds of upstream. Pure.

    lists: whether each operation's path lists its tasks.
    """

    lists: bool

    def explain_unserved(self, account: Account, operation: str) -> str | None:
        """Return why this account cannot create tasks of an operation; None when it can."""
        ...

    def create(self, sending: Sending) -> HttpCall:
        """Return the call that creates a task."""
        ...

    def query(self, account: Account, task: Task, *, now: datetime) -> HttpCall | None:
        """Return the call that asks for one task; None when it cannot be named there."""
        ...

    def can_poll_together(self, account: Account, task: Task) -> bool:
        """Return true if a task may be polled together with others."""
        ...

    def probe(self, account: Account, *, now: datetime) -> HttpCall:
        """Return a query for a task that nobody has."""
        ...

    def get_proof_scheme(self, account: Account) -> Scheme:
        """Return how callbacks prove their origin; the account has secrets."""
        ...

    def find_flaws(self, account: Account) -> Sequence[str]:
        """Return why an account cannot work here: `key: reason` each."""
        ...


class _Gateway:
    """Kling's own shapes behind another address: the most of the gateways."""

    lists = True

    def explain_unserved(self, account: Account, operation: str) -> str | None:
        """Return the reason why the account does not serve the operation; None when it does."""
        is_new = standard.is_standard(operation)
        if is_new and account.api_key is None and find_key_pair(account) is not None:
            return (
                f"the new standard takes an API key; account {account.name!r} has an access-key/"
                "secret-key pair, which it refuses (401, code 1002)"
            )
        dialect = account.get_options(KlingOptions).dialect
        if dialect not in (None, "both", "standard" if is_new else "legacy"):
            return f"account {account.name!r} speaks the {dialect} dialect only"
        return None

    def create(self, sending: Sending) -> HttpCall:
        """Create in the operation's own dialect."""
        return calls.create(sending)

    def query(self, account: Account, task: Task, *, now: datetime) -> HttpCall | None:
        """Ask by either id. An adopted task's operation, and its legacy path, are not known."""
        if task.operation == UNKNOWN or _is_nameless(account, task):
            return None
        return calls.query(account, task, now=now)

    def can_poll_together(self, account: Account, task: Task) -> bool:
        """Ask together only for what is of the new standard anyway."""
        return standard.is_standard(task.operation) and not _is_nameless(account, task)

    def probe(self, account: Account, *, now: datetime) -> HttpCall:
        """Ask on the legacy path, unless the account speaks the new standard alone."""
        is_new = account.get_options(KlingOptions).dialect == "standard"
        operation = "text-to-video/none" if is_new else "videos/text2video"
        asked = self.query(account, replace(_NOBODYS, operation=operation), now=now)
        assert asked is not None  # noqa: S101 - it has an id of theirs
        return asked

    def get_proof_scheme(self, account: Account) -> Scheme:
        """Return Standard Webhooks, which gateways that forward the callback URL pass on."""
        return StandardWebhooks.make_scheme(account.webhook_secrets)

    def find_flaws(self, account: Account) -> Sequence[str]:
        """Find secrets that are not `whsec_` and base64."""
        return find_secret_flaws(account.webhook_secrets)


UNKNOWN = "unknown"
"""The operation of a task that others created upstream."""


class _Official(_Gateway):
    """Kling itself, where `/tasks` shows the tasks of both dialects to whoever has an API key."""

    def query(self, account: Account, task: Task, *, now: datetime) -> HttpCall | None:
        """Find an adopted task of either dialect through `/tasks`."""
        if task.operation == UNKNOWN and self._has_tasks(account):
            return calls.query_together(account, [task], now=now)
        return super().query(account, task, now=now)

    def can_poll_together(self, account: Account, task: Task) -> bool:
        """Tell whether legacy tasks may be asked for together: those that it accepted.

        Whether one exists at all is asked on its own path: what `/tasks` does not show of the
        other dialect proves nothing, and believing it might send a task twice.
        """
        if _is_nameless(account, task):
            return False
        if standard.is_standard(task.operation):
            return True
        return self._has_tasks(account) and task.state is not TaskState.UNCERTAIN

    def _has_tasks(self, account: Account) -> bool:
        host = urlsplit(account.base_url).hostname
        return (
            account.api_key is not None
            and account.get_options(KlingOptions).dialect != "legacy"
            and host != _OLD_HOST
        )


class _NewApi(_Gateway):
    """new-api (QuantumNous): two operations, ids of its own, and no notion of external ids."""

    lists = False
    _served = frozenset({"videos/text2video", "videos/image2video"})

    def find_flaws(self, account: Account) -> Sequence[str]:
        """Find key pairs too: the keys here are static."""
        return [*super().find_flaws(account), *_refuse_pair(account, find_profile_name(account))]

    def explain_unserved(self, account: Account, operation: str) -> str | None:
        """Refuse all that it does not route."""
        if operation not in self._served:
            return f"new-api serves {' and '.join(sorted(self._served))} only"
        return None

    def create(self, sending: Sending) -> HttpCall:
        """Create as Kling does, under `/kling`."""
        return calls.create(replace(sending, account=_add_kling_path(sending.account)))

    def query(self, account: Account, task: Task, *, now: datetime) -> HttpCall | None:
        """Ask by its own id. It would deny an external id that it never looked at."""
        if task.provider_task_id is None:
            return None
        return calls.query(_add_kling_path(account), task, now=now)

    def can_poll_together(self, account: Account, task: Task) -> bool:
        """Never."""
        return False


class _PiApi(_NewApi):
    """PiAPI: one path, a key header of its own, a secret that comes back as it is."""

    def explain_unserved(self, account: Account, operation: str) -> str | None:
        """Refuse all that has no task type there."""
        return piapi.explain_refusal(operation)

    def create(self, sending: Sending) -> HttpCall:
        """`POST /api/v1/task`."""
        return piapi.create(sending)

    def query(self, account: Account, task: Task, *, now: datetime) -> HttpCall | None:
        """`GET /api/v1/task/{id}`."""
        return piapi.query(account, task)

    def get_proof_scheme(self, account: Account) -> Scheme:
        """Compare a header with the secret: nothing is signed, but only PiAPI was told it."""
        return SharedHeader(piapi.SECRET_HEADER, account.webhook_secrets)

    def find_flaws(self, account: Account) -> Sequence[str]:
        """Find secrets that a header cannot carry, and key pairs."""
        usable = all(one.isascii() and one.isprintable() for one in account.webhook_secrets)
        flaws = [] if usable else ["webhook_secrets: must be printable ASCII"]
        return [*flaws, *_refuse_pair(account, "piapi")]


class _AceData(_NewApi):
    """AceDataCloud: creates that block unless told otherwise, queries by POST."""

    def explain_unserved(self, account: Account, operation: str) -> str | None:
        """Refuse all that has no action there."""
        return acedata.explain_refusal(operation)

    def create(self, sending: Sending) -> HttpCall:
        """`POST /kling/videos`."""
        return acedata.create(sending)

    def query(self, account: Account, task: Task, *, now: datetime) -> HttpCall | None:
        """`POST /kling/tasks`."""
        return acedata.query(account, task, now=now)


_NOBODYS = Task(
    key=0,
    id=UUID(int=0),
    tenant="",
    provider="kling",
    account="",
    operation="",
    external_task_id="",
    provider_task_id=str(UUID(int=0)),
    state=TaskState.SUBMITTED,
    version=1,
    created_at=datetime.min.replace(tzinfo=UTC),
    updated_at=datetime.min.replace(tzinfo=UTC),
)
"""A task that exists nowhere, to ask for."""


def _add_kling_path(account: Account) -> Account:
    """new-api serves Kling's paths under `/kling`, whether or not the base URL says so."""
    base = account.base_url.removesuffix("/v1").removesuffix("/kling")
    return replace(account, base_url=f"{base}/kling")


def _refuse_pair(account: Account, profile: str) -> list[str]:
    """Gateways of other houses know nothing of Kling's key pairs."""
    return [f"access_key: profile {profile} takes an api_key"] if find_key_pair(account) else []


PROFILES: Mapping[str, Profile] = MappingProxyType(
    {
        OFFICIAL: _Official(),
        GATEWAY: _Gateway(),
        "new-api": _NewApi(),
        "piapi": _PiApi(),
        "acedata": _AceData(),
    }
)


def _is_nameless(account: Account, task: Task) -> bool:
    """Return true if a task cannot be queried there: it would deny an external id unseen."""
    return (
        task.provider_task_id is None and not account.get_options(KlingOptions).finds_external_ids
    )


def find_profile_name(account: Account) -> str:
    """Return the account's profile: the one that was chosen, else by the host of its base URL."""
    if account.profile is not None:
        return account.profile
    return _find_profile(account.base_url)


@lru_cache(maxsize=256)
def _find_profile(base_url: str) -> str:
    host = urlsplit(base_url).hostname or ""
    return OFFICIAL if host.endswith(_KLINGS_HOSTS) else GATEWAY


def find_profile(account: Account) -> Profile:
    """Return the account's profile."""
    return PROFILES[find_profile_name(account)]


def group_of(account: Account, task: Task) -> str | None:
    """Name the group of tasks that one query may ask for; None when a task is asked for alone."""
    if not find_profile(account).can_poll_together(account, task):
        return None
    path = "solutions" if standard.is_solution(task.operation) else "tasks"
    return f"{path} by {'ours' if task.provider_task_id is None else 'theirs'}"
