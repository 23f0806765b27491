"""Calls in Kling's own two dialects: addresses, credentials, bodies."""

from collections.abc import Sequence
from datetime import datetime
from urllib.parse import quote

from tracker.domain.exchange import HttpCall
from tracker.domain.task import Task
from tracker.providers.kit.calls import build_post
from tracker.providers.kling import standard
from tracker.providers.kling.options import find_key_pair
from tracker.providers.ports.account import Account
from tracker.providers.ports.adapter import Sending

TOGETHER = 20
"""Tasks that one `GET /tasks` may name (solutions page, 2026-08; seen live for the others)."""
_TOKEN_LIFE_S = 1800
_TOKEN_EARLY_S = 5
"""`exp` and `nbf` as the vendor's sample has them (authentication page, 2026-06)."""


def create(sending: Sending) -> HttpCall:
    """Return the call that creates a task, in the dialect of its operation."""
    account, operation = sending.account, sending.task.operation
    name, url = sending.task.external_task_id, sending.callback_url
    if standard.is_standard(operation):
        root = _remove_version(account)
        sent = standard.move_to_options(sending.body, external_task_id=name, callback_url=url)
    else:
        root, sent = build_legacy_root(account), {**sending.body, "external_task_id": name}
        if url is not None:
            sent["callback_url"] = url
    return build_post(f"{root}/{operation}", sent, build_headers(account, sending.now))


def query(account: Account, task: Task, *, now: datetime) -> HttpCall:
    """Return the call that asks for one task on its own dialect's path, where either id will do."""
    if standard.is_standard(task.operation):
        return query_together(account, [task], now=now)
    name = quote(task.provider_task_id or task.external_task_id, safe="")
    url = f"{build_legacy_root(account)}/{task.operation}/{name}"
    return HttpCall("GET", url, build_headers(account, now))


def query_together(account: Account, tasks: Sequence[Task], *, now: datetime) -> HttpCall:
    """Return the call that asks for up to TOGETHER tasks, by the provider's ids or by ours."""
    by_id = tasks[0].provider_task_id is not None
    names = [(t.provider_task_id if by_id else t.external_task_id) or "" for t in tasks]
    path = "solutions" if standard.is_solution(tasks[0].operation) else "tasks"
    field = "task_ids" if by_id else "external_task_ids"
    listed = ",".join(quote(name, safe="") for name in names)
    return HttpCall(
        "GET", f"{_remove_version(account)}/{path}?{field}={listed}", build_headers(account, now)
    )


def build_headers(account: Account, now: datetime) -> dict[str, str]:
    """Return the headers of a call: exactly one space after Bearer (authentication page)."""
    key = account.api_key
    pair = find_key_pair(account)
    if key is None and pair is not None:
        key = _sign_token(*pair, now)
    return {"authorization": f"Bearer {key}"} if key else {}


def build_legacy_root(account: Account) -> str:
    """Return where the legacy paths begin."""
    return f"{_remove_version(account)}/v1"


def _remove_version(account: Account) -> str:
    """Return the base URL without the `/v1` that some write behind it."""
    return account.base_url.removesuffix("/v1")


def _sign_token(access_key: str, secret_key: str, now: datetime) -> str:
    import jwt  # noqa: PLC0415 - brings `cryptography` where it is there: 11 MB

    at = int(now.timestamp())
    claims = {"iss": access_key, "exp": at + _TOKEN_LIFE_S, "nbf": at - _TOKEN_EARLY_S}
    # The vendor's keys are what they are; their length is not ours to warn of.
    signer = jwt.PyJWT({"enforce_minimum_key_length": False})
    return signer.encode(claims, secret_key, algorithm="HS256")
