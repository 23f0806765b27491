"""Pass a call on to a provider that makes no task: with our credentials, bounded.

Nothing is kept of it but which tenant made which object.
"""

import asyncio
import json
from collections.abc import AsyncGenerator, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from typing import Any, Protocol
from urllib.parse import parse_qsl, quote

from tracker.domain.access import DEFAULT_TENANT, Scope
from tracker.domain.errors import (
    NO_SUCH_TASK,
    BrokenTransfer,
    FieldError,
    Forbidden,
    InvalidRequest,
    Misuse,
    NotFound,
    Unavailable,
)
from tracker.domain.exchange import Certainty, HttpFailure, HttpStream
from tracker.domain.task import Task
from tracker.providers.ports.passing import ForwardedCall, PassedCall, PassesOn
from tracker.services import intermediaries
from tracker.services.context import Context
from tracker.services.fronts import owning
from tracker.services.provider_calls import StreamingHttp
from tracker.store import tasks
from tracker.store.made_objects import MadeObject

ANSWER_BYTES = 64 * 1024 * 1024
"""More than that of one answer is not passed on."""
READ_BYTES = 4 * 1024 * 1024
"""Of an answer that is read before it is passed on: one that makes or lists objects."""
AT_ONCE, AT_ONCE_OF_TENANT = 48, 24
"""Calls that are passed on at once, in all and for one tenant: a quarter of the 64 connections to a
provider is left to tasks, and no tenant has all of the others."""
WAIT_S = 10.0
"""For a free place among these."""


class WholeBody(Protocol):
    """A body that has come in whole. size: in bytes."""

    @property
    def size(self) -> int:
        """Bytes in all."""
        ...

    def iterate_pieces(self) -> AsyncGenerator[bytes, None]:
        """Yield it from its beginning."""
        ...


@dataclass(frozen=True, slots=True)
class PassedRequest:
    """A client's call.

    path:    a key of the provider's `passes_on.calls`.
    tenant:  whose objects it may name.
    query:   the raw query string.
    headers: lower-case names.
    body:    None for a GET.
    task:    the name of the task that the call is about; None for none.
    named:   the id of the object that its path names; None for none.
    """

    provider: str
    path: str
    tenant: str
    query: str
    headers: Mapping[str, str]
    body: WholeBody | None = None
    task: str | None = None
    named: str | None = None


@dataclass(slots=True)
class _Places:
    """Places among the calls that are passed on at once."""

    all: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(AT_ONCE))
    of_tenant: dict[str, asyncio.Semaphore] = field(default_factory=dict)

    async def take(self, tenant: str, held: AsyncExitStack) -> None:
        """Wait for a place, which `held` gives back. Raises Unavailable."""
        mine = self.of_tenant.setdefault(tenant, asyncio.Semaphore(AT_ONCE_OF_TENANT))
        try:
            async with asyncio.timeout(WAIT_S):
                await held.enter_async_context(mine)
                await held.enter_async_context(self.all)
        except TimeoutError:
            raise Unavailable("too many calls are being passed on to the provider") from None


class PassThrough:
    """Carries calls over. One per process: it bounds how many are on their way."""

    def __init__(self, context: Context, http: StreamingHttp) -> None:
        """http: the way out."""
        self._context = context
        self._http = http
        self._places = _Places()

    async def open(self, passage: PassedRequest) -> HttpStream | HttpFailure:
        """Return the provider's answer, its body still to come.

        Raises Forbidden for a call about the account that is not the operator's; InvalidRequest
        for an object that is not the tenant's, and for `operation` where no account's upstream
        serves such calls; NotFound for a task that is not the tenant's; Unavailable when there is
        no place, or what was made cannot be kept.
        """
        passes, call = self._find_call(passage.provider, passage.path)
        if call.is_account and passage.tenant != DEFAULT_TENANT:
            raise Forbidden(Scope.ADMIN)
        owner = None
        if call.names is not None or call.more_names:
            passage, owner = await self._read_names(passage, call)
        path = passage.path
        if passage.named is not None:
            path = path.format(id=quote(passage.named, safe=""))
        if passage.task is not None:
            about = await self._find_task(passage, passage.task)
            owner, path = (
                about.account,
                path.format(id=quote(about.provider_task_id or "", safe="")),
            )
        account = self._choose_account(passage, passes, owner)
        async with AsyncExitStack() as held:
            await self._places.take(passage.tenant, held)
            answer = await self._ask(passage, passes, account, path)
            if isinstance(answer, HttpFailure):
                return answer
            held.push_async_callback(answer.chunks.aclose)
            if call.makes is not None or (
                call.lists is not None and passage.tenant != DEFAULT_TENANT
            ):
                return await self._read(answer, passage, passes, account)
            return replace(answer, chunks=_iterate_and_give_back(answer.chunks, held.pop_all()))

    async def _find_task(self, passage: PassedRequest, name: str) -> Task:
        """Find the task that a call is about. Raises NotFound."""
        found = await self._context.store.read(
            lambda db: tasks.get_by_name(db, passage.tenant, passage.provider, name)
        )
        if found is None or found.provider_task_id is None:
            raise NotFound(NO_SUCH_TASK)
        return found

    def call(self, provider: str, path: str) -> PassedCall:
        """Return what is known of a call by its path."""
        return self._find_call(provider, path)[1]

    def _find_call(self, provider: str, path: str) -> tuple[PassesOn, PassedCall]:
        passes = self._context.providers[provider].passes_on
        if passes is None:
            raise Misuse(f"{provider} passes no call on")
        return passes, passes.calls[path]

    async def _read_names(
        self, passage: PassedRequest, call: PassedCall
    ) -> tuple[PassedRequest, str | None]:
        """Read what the call names; return it written anew, and the account that has it."""
        given, body = passage.body, dict[str, Any]()
        if given is not None or passage.named is None:
            pieces = [] if given is None else [one async for one in given.iterate_pieces()]
            body = owning.parse_naming(b"".join(pieces))
        if passage.named is not None:
            body[call.field] = passage.named
        owner = await owning.find_account(self._context, _read_caller(passage), call, body)
        if given is None and passage.named is not None:
            return passage, owner
        text = json.dumps(body, ensure_ascii=True).encode()
        asked = {name for name, _ in parse_qsl(passage.query, keep_blank_values=True)}
        # A gateway might read an id from the query and not from the body that was looked at.
        query = "" if asked & {call.field, *call.more_names} else passage.query
        return replace(passage, body=TextBody(text), query=query), owner

    async def _ask(
        self, passage: PassedRequest, passes: PassesOn, account: str, path: str
    ) -> HttpStream | HttpFailure:
        context, body = self._context, passage.body
        asked = context.accounts[passage.provider, account]
        call = passes.build_call(
            ForwardedCall(
                asked,
                path,
                method=passes.calls[passage.path].method,
                query=passage.query,
                headers=passage.headers,
                now=context.clock.now(),
                timeout_s=context.policy.submit_timeout_s,
            )
        )
        if body is not None:
            call = replace(call, headers={**call.headers, "content-length": str(body.size)})
        answer = await context.calls.open(
            self._http,
            passage.provider,
            asked,
            call,
            body=None if body is None else body.iterate_pieces(),
            cap=ANSWER_BYTES,
        )
        if isinstance(answer, HttpFailure) or (failure := _find_failure(answer)) is None:
            return answer
        await answer.chunks.aclose()
        return failure

    async def _read(
        self, answer: HttpStream, passage: PassedRequest, passes: PassesOn, account: str
    ) -> HttpStream | HttpFailure:
        """Read an answer whole: keep what it made, or leave out what is not the tenant's."""
        call, context = passes.calls[passage.path], self._context
        body = bytearray()
        try:
            async for piece in answer.chunks:
                body += piece
                if len(body) > READ_BYTES:
                    reason = f"the answer is larger than {READ_BYTES} bytes"
                    return HttpFailure(Certainty.UNKNOWN, reason)
        except BrokenTransfer as error:
            return HttpFailure(Certainty.UNKNOWN, str(error))
        parsed = owning.read_answer(bytes(body))
        if call.makes is not None and answer.status < 300:
            id_ = owning.read_made_id(parsed, call.made_field or call.field)
            if id_ is not None:
                made = MadeObject(passage.provider, account, call.makes, id_, passage.tenant)
                await owning.keep_made(context, made)
        if call.lists is not None and passage.tenant != DEFAULT_TENANT:
            if parsed is None:
                return HttpFailure(Certainty.UNKNOWN, "the provider's list cannot be read")
            shown = await owning.remove_foreign(
                context, _read_caller(passage), passes, call, parsed
            )
            body = bytearray(json.dumps(shown).encode())
        return replace(answer, chunks=TextBody(bytes(body)).iterate_pieces())

    def _choose_account(self, passage: PassedRequest, passes: PassesOn, owner: str | None) -> str:
        """Return the object's account, else the main one or the first that can be asked."""
        context, provider = self._context, passage.provider
        main = owner or context.main_account(provider)
        names = sorted(context.list_accounts(provider), key=lambda name: (name != main, name))
        if owner is not None:
            names = [name for name in names if name == owner]
        refusals = [
            passes.explain_refusal(context.accounts[provider, name], passage.path) for name in names
        ]
        for name, refusal in zip(names, refusals, strict=True):
            if refusal is None:
                return name
        raise InvalidRequest(
            FieldError("operation", (refusals or [None])[0] or "its account is gone")
        )


def _find_failure(answer: HttpStream) -> HttpFailure | None:
    """Return why the provider did not answer, or perhaps not; None where it did."""
    redirect = intermediaries.describe_redirect(answer.status, answer.headers)
    if redirect is not None:
        return HttpFailure(Certainty.NOT_SENT, redirect)
    if 300 <= answer.status < 400:
        reason = f"HTTP {answer.status}: redirects are not followed; check the base URL"
        return HttpFailure(Certainty.UNKNOWN, reason)
    return intermediaries.find_failure(answer.status, answer.headers)


def _read_caller(passage: PassedRequest) -> owning.Caller:
    return owning.Caller(passage.provider, passage.tenant)


@dataclass(frozen=True, slots=True)
class TextBody:
    """A body that is at hand."""

    content: bytes

    @property
    def size(self) -> int:
        """Bytes in all."""
        return len(self.content)

    async def iterate_pieces(self) -> AsyncGenerator[bytes, None]:
        """Yield it in one piece."""
        yield self.content


async def _iterate_and_give_back(
    chunks: AsyncGenerator[bytes, None], held: AsyncExitStack
) -> AsyncGenerator[bytes, None]:
    """Yield an answer, and give its place back at its end."""
    async with held:
        async for piece in chunks:
            yield piece
