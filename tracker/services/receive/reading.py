"""Read a callback before anything is stored: whose URL it came to, its proofs, its statements.

Nothing here asks the database, so that the writer's thread need not do it.
"""

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from urllib.parse import urlsplit
from uuid import UUID

from tracker.domain import token
from tracker.domain.encoded_secrets import list_spellings, may_hold_callback_url
from tracker.domain.errors import CallbackRejected, Conflict, Unavailable
from tracker.domain.lifecycle import Verdict
from tracker.domain.observation import Observation
from tracker.domain.public_id import build_id
from tracker.domain.records import replace_fields
from tracker.domain.redaction import MASK
from tracker.domain.signature import Proof
from tracker.providers.kit.denials import doubt_denial
from tracker.providers.ports.callbacks import CallsBack, Hint, Inbound
from tracker.providers.ports.keys import KeySource
from tracker.providers.ports.provider import Provider
from tracker.services.context import Context
from tracker.services.receive.callback import ParsedCallback, RawCallback
from tracker.store import receipts
from tracker.store.receipts import Receipt

FORGED_BODY_BYTES = 4096
"""How much of a forged callback's body is kept: anybody can send one."""
KEPT_HEADERS = frozenset(
    {"content-type", "content-length", "content-encoding", "user-agent", "date", "x-forwarded-for"}
    | {"webhook-id", "webhook-timestamp", "webhook-signature", "x-request-id"}
)

_KEPT_CHARS = 512
"""Of each header."""
_ADVANCED = Verdict.ADVANCED
_NOT_OURS = "its address holds a token that this service did not issue"
_NO_KEYS = "the keys that callbacks are signed with cannot be fetched now: send it again"
_NO_KEYS_PAUSE_S = 60
_LIKE_A_TOKEN = re.compile(rf"(?<![\w-])[A-Za-z0-9_-]{{{token.LENGTH}}}(?![\w-])", re.ASCII)
"""A word that may be the token of any task of ours: nobody can tell without trying all."""
_CANONICAL = re.compile("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class _Receivers(dict[str, CallsBack | None]):
    """The reader of callbacks of each provider; None for one that sends none, or is unknown.

    Unknown names are not remembered: anybody can make them up.
    """

    def __init__(self, providers: Mapping[str, Provider]) -> None:
        super().__init__()
        self._providers = providers

    def __missing__(self, provider: str) -> CallsBack | None:
        found = self._providers.get(provider)
        if found is None:
            return None
        self[provider] = found.calls_back
        return found.calls_back


class CallbackReader:
    """Reads callbacks. One per process."""

    def __init__(self, context: Context) -> None:
        """Collect who reads the callbacks of each provider, and how each account proves them."""
        self._context, self._key_sets = context, context.key_sets
        self.receivers = _Receivers(context.providers)
        self._schemes = [
            (owner, account.name, scheme)
            for (owner, _), account in context.accounts.items()
            if (calls_back := context.providers[owner].calls_back) is not None
            and (scheme := calls_back.get_proof_scheme(account)) is not None
        ]
        self._public_path = urlsplit(context.public_url or "").path.rstrip("/")
        self._kept_headers = KEPT_HEADERS.union(*(scheme.headers for _, _, scheme in self._schemes))

    def is_ours(self, raw: RawCallback) -> bool:
        """Tell whether it came to a URL that we gave away, or to one that needs no token."""
        if self._is_addressed(raw, _parse_task_id(raw.subject)):
            return True
        calls_back = self.receivers[raw.provider]
        return calls_back is not None and _is_untokened(calls_back, raw)

    def read(self, raw: RawCallback) -> ParsedCallback:
        """Return what it says and proves; FORGED where nothing shows that it is meant for us."""
        return self.read_all((raw,))[0]

    def read_all(self, raws: Sequence[RawCallback]) -> list[ParsedCallback]:
        """Return what each of them says and proves; see `read`.

        Each step is taken for all before the next one: while the processor still holds the code of
        a step and what it needs, the step takes half the time.
        """
        ids = [_parse_task_id(raw.subject) for raw in raws]
        origins = [self._find_origin(raw, id_) for raw, id_ in zip(raws, ids, strict=True)]
        are_genuine = [calls_back is not None for calls_back, _ in origins]
        digests = [
            _hash_callback(raw, is_genuine=is_) for raw, is_ in zip(raws, are_genuine, strict=True)
        ]
        kept = [
            self._reduce_to_kept(raw, is_genuine=is_)
            for raw, is_ in zip(raws, are_genuine, strict=True)
        ]
        return [
            ParsedCallback(raw, digest, headers, None, None, Verdict.FORGED, _NOT_OURS, proofs)
            if calls_back is None
            else _read_observations(calls_back, raw, digest, headers, id_, proofs)
            for (calls_back, proofs), (raw, headers), digest, id_ in zip(
                origins, kept, digests, ids, strict=True
            )
        ]

    def _find_origin(
        self, raw: RawCallback, task_id: UUID | None
    ) -> tuple[CallsBack | None, dict[str, Proof]]:
        """Return who reads it, None where nothing shows that it is meant for us, and its proofs."""
        calls_back = self.receivers[raw.provider]
        if calls_back is None:
            return None, {}
        proofs: dict[str, Proof] = {}
        is_genuine = self._is_addressed(raw, task_id)
        if self._schemes and (is_genuine or _is_untokened(calls_back, raw)):
            now = self._context.clock.now()
            proofs = self._verify_proofs(raw.provider, raw.inbound, raw.signed, now=now)
        # Nothing else says where it comes from when its URL has no secret.
        if is_genuine or any(proof.flaw is None for proof in proofs.values()):
            return calls_back, proofs
        return None, proofs

    def _reduce_to_kept(
        self, raw: RawCallback, *, is_genuine: bool
    ) -> tuple[RawCallback, dict[str, str]]:
        """Return the callback and its headers as they are kept."""
        kept = self._kept_headers
        headers = {name: text for name, text in raw.inbound.headers.items() if name in kept}
        if is_genuine:
            return self._redact(raw, headers, sought=(raw.token,))
        return self._redact(*self._remove_tokens(_shorten_forged(raw), headers), sought=())

    @property
    def key_sources(self) -> set[KeySource]:
        """Return where the keys are published that the accounts' callbacks are signed with."""
        return {scheme.key_source for _, _, scheme in self._schemes if scheme.key_source}

    async def read_by_newer_keys(
        self, item: ParsedCallback, read: Callable[[], Awaitable[ParsedCallback]]
    ) -> ParsedCallback:
        """Fetch the keys that a callback awaits, and read it once more by `read`.

        Raises Unavailable where no newer keys can be had now: it may be genuine.
        """
        since_s, provider = self._context.clock.monotonic(), item.raw.provider
        sources = {
            scheme.key_source
            for owner, name, scheme in self._schemes
            if owner == provider and scheme.key_source and item.proofs[name].awaits_keys
        }
        are_newer = [await self._key_sets.fetch_newer(one, since_s) for one in sources]
        item = await read()
        if item.awaits_keys and not all(are_newer):
            raise Unavailable(_NO_KEYS, retry_after_s=_NO_KEYS_PAUSE_S)
        return item

    def read_again(self, kept: Receipt, task_id: UUID | None) -> ParsedCallback:
        """Read a callback once more that was kept, by the provider's adapter as it is today.

        task_id: of the task that it was found to be about. Raises Conflict where nothing can.
        """
        calls_back = self.receivers[kept.provider]
        if calls_back is None:
            raise Conflict("no provider of this name sends callbacks here")
        headers, body = kept.headers or {}, kept.body or b""
        inbound = Inbound("POST", "", "", headers, body)
        raw = RawCallback(kept.provider, token.SHARED, "", inbound, size_bytes=kept.size_bytes)
        paths = [""] if task_id is None else self._list_paths(kept.provider, task_id)
        addressed = [replace(inbound, path=path) for path in paths]
        proofs = self._verify_candidates(kept.provider, addressed, now=kept.received_at)
        digest = receipts.digest_of(kept.fingerprint)
        return _read_observations(calls_back, raw, digest, headers, task_id, proofs)

    def _is_addressed(self, raw: RawCallback, task_id: UUID | None) -> bool:
        """Tell whether its URL is one that we gave away. task_id: that its URL holds."""
        if task_id is None and raw.subject != token.SHARED:
            return False
        return token.is_valid(self._context.secrets, raw.provider, raw.subject, raw.token)

    def _redact(
        self, raw: RawCallback, headers: dict[str, str], *, sought: Sequence[str]
    ) -> tuple[RawCallback, dict[str, str]]:
        """Return the callback, and the headers that are kept, without the secrets of the service.

        sought: further secrets. The token of its URL is one: whoever reads the receipt could send
                verdicts with it.
        What needs the bytes as they came, digests and signatures, has been done before.
        """
        redactor, inbound = self._context.redactor, raw.inbound
        text = "\n".join((inbound.body.decode("latin-1"), *headers.values()))
        also = tuple(sought)
        if may_hold_callback_url(text):
            also += tuple(spelling for one in sought for spelling in list_spellings(one))
        if not redactor.may_hold_secret(text, *also):
            if len(text) - len(inbound.body) <= _KEPT_CHARS:  # all headers together
                return raw, headers
            return raw, {name: text[:_KEPT_CHARS] for name, text in headers.items()}
        body = redactor.redact_bytes(inbound.body, *also)
        # Cut behind that: half of a secret would not be found.
        headers = {
            name: redactor.redact(text, *also)[:_KEPT_CHARS] for name, text in headers.items()
        }
        if body is not inbound.body:
            raw = replace(raw, inbound=replace(inbound, body=body))
        return raw, headers

    def _remove_tokens(
        self, raw: RawCallback, headers: dict[str, str]
    ) -> tuple[RawCallback, dict[str, str]]:
        """Return a forged callback without the token of its URL, and the one that is right for it.

        They are looked for as they are, and the former where it is as long as ours, since it may be
        another task's; so may every word of that length in it. Everybody can send one, and finding
        it however it is spelt takes seconds where it is as long as a URL may be.
        """
        body = raw.inbound.body
        secrets, subject = self._context.secrets, raw.subject
        found = {token.sign(secret, raw.provider, subject) for secret in secrets}
        if len(raw.token) == token.LENGTH:
            found.add(raw.token)
        for one in found:
            body = body.replace(one.encode("utf-8", "replace"), MASK.encode())
            headers = {name: text.replace(one, MASK) for name, text in headers.items()}
        body = _LIKE_A_TOKEN.sub(MASK, body.decode("latin-1")).encode("latin-1")
        headers = {name: _LIKE_A_TOKEN.sub(MASK, text) for name, text in headers.items()}
        # Of a URL that lacks a part, what stands in the place of another may be the token.
        provider, subject = (
            _LIKE_A_TOKEN.sub(MASK, self._context.redactor.redact(part[:_KEPT_CHARS]))
            for part in (raw.provider, raw.subject)
        )
        inbound = replace(raw.inbound, body=body)
        return replace(raw, provider=provider, subject=subject, inbound=inbound), headers

    def _verify_proofs(
        self, provider: str, inbound: Inbound, signed: Sequence[bytes], *, now: datetime
    ) -> dict[str, Proof]:
        """Verify the signature for each account whose callbacks are signed.

        signed: what it may be of where that is not the body. now: when it came.

        Here and not once the task is known, which is in the writer's thread: digests take time.
        """
        public = self._restore_public_path(inbound.path)
        inbounds = [inbound] if public == inbound.path else [replace(inbound, path=public), inbound]
        candidates = [replace(one, body=body) for one in inbounds for body in signed] or inbounds
        return self._verify_candidates(provider, candidates, now=now)

    def _verify_candidates(
        self, provider: str, candidates: Sequence[Inbound], *, now: datetime
    ) -> dict[str, Proof]:
        """Return the best proof for each account; candidates: how it may have been signed."""
        found: dict[str, Proof] = {}
        for owner, name, scheme in self._schemes:
            if owner == provider:
                source = scheme.key_source
                keys = None if source is None else self._key_sets.get_keys(source)
                proofs = [scheme.verify(one, now=now, keys=keys) for one in candidates]
                found[name] = max(proofs, key=_rank_proof)
        return found

    def _list_paths(self, provider: str, task_id: UUID) -> Sequence[str]:
        """Return the paths that callbacks about a task were given: one for each secret of ours.

        Receipts keep none, for the token in it; some schemes cover it, or make a secret of it.
        """
        root, subject = f"{self._public_path}/callbacks/{provider}", str(task_id)
        tokens = (token.sign(one, provider, subject) for one in self._context.secrets)
        return [f"{root}/{subject}/{one}" for one in tokens]

    def _restore_public_path(self, path: str) -> str:
        """Return the path as senders have it: a proxy in front may have changed it."""
        root, here, rest = self._public_path, *path.partition("/callbacks/")[1:]
        return f"{root}{here}{rest}" if here and self._context.public_url is not None else path


def _read_observations(  # noqa: PLR0913, PLR0917 - what is known of a callback before it is read
    calls_back: CallsBack,
    raw: RawCallback,
    digest: bytes,
    headers: Mapping[str, str],
    task_id: UUID | None,
    proofs: Mapping[str, Proof],
) -> ParsedCallback:
    """Return a callback that is meant for us with what it says; MALFORMED where nobody can tell."""
    flaw = raw.flaw
    statements: Sequence[Observation | Hint] = ()
    if flaw is None:
        try:
            statements = calls_back.parse_callback(raw.inbound)
        except CallbackRejected as error:
            flaw = str(error)
    if flaw is not None:
        return ParsedCallback(raw, digest, headers, task_id, None, Verdict.MALFORMED, flaw, proofs)
    if len(statements) == 1 and isinstance(one := statements[0], Observation):  # most are
        one = doubt_denial(one)
        return ParsedCallback(raw, digest, headers, task_id, one, _ADVANCED, None, proofs)
    items = [
        ParsedCallback(
            *(raw, digest, headers, task_id),
            doubt_denial(one) if isinstance(one, Observation) else None,
            *(_ADVANCED, None, proofs),
            one if isinstance(one, Hint) else None,
        )
        for one in statements or (None,)
    ]
    return items[0] if len(items) == 1 else replace_fields(items[0], more=tuple(items[1:]))


def _hash_callback(raw: RawCallback, *, is_genuine: bool) -> bytes:
    """Return the digest of what was said; of a forgery, of as much as is kept."""
    body = raw.inbound.body if is_genuine else raw.inbound.body[:FORGED_BODY_BYTES]
    return receipts.digest(raw.provider, raw.subject, body)


def _rank_proof(proof: Proof) -> int:
    """Rank what a proof shows: nothing, the sender, the body as well."""
    return 0 if proof.flaw is not None else 1 + proof.covers_body


def _is_untokened(calls_back: CallsBack, raw: RawCallback) -> bool:
    """Tell whether it came to the URL without a token, and its provider calls one for all tasks."""
    return calls_back.per == "project" and raw.subject == token.SHARED and not raw.token


def _shorten_forged(raw: RawCallback) -> RawCallback:
    """Return a forged callback with little more of its body than is kept.

    What is behind it is not searched for secrets: anybody can send much of it.
    """
    inbound = raw.inbound
    if len(inbound.body) <= 2 * FORGED_BODY_BYTES:
        return raw
    begin = replace(inbound, body=inbound.body[: 2 * FORGED_BODY_BYTES])
    return replace(raw, inbound=begin, size_bytes=len(inbound.body))


def _parse_task_id(subject: str) -> UUID | None:
    """Return the public id in a URL, in its canonical spelling only: one task, one URL."""
    if _CANONICAL.fullmatch(subject) is None:
        return None
    return build_id(int(subject.replace("-", ""), 16))
