"""Suno: what services ask is put to the dialect of the account's profile.

Suno itself has no public API. The profiles are `gateway` and `raw` (gateways' `/suno`), `sunoapi`
and `kie` (resellers), and `gcui` (a server of one's own). Sources: see each dialect.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from tracker.domain.exchange import HttpCall
from tracker.domain.observation import Observation
from tracker.domain.task import TaskState
from tracker.providers.kit.callbacks import ObjectCallbacks, parse_body
from tracker.providers.kit.profiles import AdapterByProfile, UpstreamKind
from tracker.providers.kit.proofs import SignedFields
from tracker.providers.kit.reading import find_first_text
from tracker.providers.ports.account import Account
from tracker.providers.ports.adapter import Request, Sending
from tracker.providers.ports.callbacks import Hint, Inbound, Scheme
from tracker.providers.ports.provider import Provider
from tracker.providers.suno.front import SunoFront
from tracker.providers.suno.gateway import GatewayDialect
from tracker.providers.suno.naming import find_parent, put_their_names
from tracker.providers.suno.objects import OBJECTS
from tracker.providers.suno.options import (
    GATEWAY,
    GCUI,
    KIE,
    RAW,
    SUNOAPI,
    SunoOptions,
    find_limits,
    find_profile,
    list_flaws,
)
from tracker.providers.suno.passing import SunoCalls
from tracker.providers.suno.raw import RawDialect, SelfHostedDialect
from tracker.providers.suno.records import read_callback
from tracker.providers.suno.reseller import ResellerDialect

_RESELLER = ResellerDialect()
KINDS: Mapping[str, UpstreamKind] = MappingProxyType(
    {
        GATEWAY: UpstreamKind(adapter=GatewayDialect()),
        RAW: UpstreamKind(adapter=RawDialect()),
        SUNOAPI: UpstreamKind(adapter=_RESELLER, is_calling=True, needs_address=False),
        KIE: UpstreamKind(adapter=_RESELLER, is_calling=True, needs_address=False),
        GCUI: UpstreamKind(adapter=SelfHostedDialect()),
    }
)

NOT_SERVED: Mapping[str, str] = MappingProxyType(
    {
        "raw/uploads/audio": "files are not uploaded through this service",
        "gcui/get_aligned_lyrics": "it makes no task",
        "gcui/persona": "it makes no task",
        "v1/chat/completions": "it answers with a text, and makes no task that could be asked for",
        "api/v2/generate": "udioapi.pro is not served",
    }
)
"""Calls that are known by name, each with the reason why it is not served."""


class SunoAdapter(AdapterByProfile, ObjectCallbacks):
    """Submits, polls, reads callbacks, probes. The Protocols are in providers/ports/adapter.py.

    Nothing finds a lost submit: no dialect has a place for an id of ours, or repeats a mark.
    """

    not_served = NOT_SERVED

    def find_kind(self, account: Account) -> UpstreamKind:
        """Return the kind of the profile, which the host may tell."""
        return KINDS.get(find_profile(account), KINDS[GATEWAY])

    def check(self, operation: str, input_: Mapping[str, Any]) -> Request:
        """Validate by the operation's dialect, and find the task that the input continues."""
        request = super().check(operation, input_)
        named = find_parent(request.body)
        if named is None:
            return request
        return replace(request, parent=named[1], parent_field=named[0])

    def build_submit(self, sending: Sending) -> HttpCall:
        """Build the create, with the provider's names of what it continues."""
        body = put_their_names(sending.body, sending.parent)
        return super().build_submit(replace(sending, body=body))

    def find_flaws(self, account: Account) -> Sequence[str]:
        """Return `key: reason` for options that contradict each other."""
        return [*super().find_flaws(account), *list_flaws(account)]

    def get_proof_scheme(self, account: Account) -> Scheme | None:
        """Return kie.ai's scheme, which signs id and time; nobody else signs."""
        secrets = account.webhook_secrets
        if not secrets:
            return None
        return SignedFields(secrets, ("data.task_id", "data.taskId", "taskId", "task_id"))

    def parse_callback(self, inbound: Inbound) -> Sequence[Observation | Hint]:
        """Read a stage; what a gateway's notify_hook brings is only a hint.

        Raises CallbackRejected for what is neither.
        """
        parsed = parse_body(inbound)
        if isinstance(parsed, dict) and "data" not in parsed:
            task_id = find_first_text(parsed, ("task_id", "taskId", "id"), limit=500)
            if task_id is not None and find_first_text(parsed, ("status",)) is not None:
                return (Hint("a gateway has news; its body is not documented", task_id),)
        said = read_callback(parsed)
        if said.state is TaskState.SUCCEEDED and not said.artifacts:
            return (Hint("it says that all is done, and names nothing", said.provider_task_id),)
        return (said,)


_ADAPTER = SunoAdapter(KINDS)
REVISION = 12
PROVIDER = Provider(
    name="suno",
    revision=REVISION,
    regions={"sunoapi": "https://api.sunoapi.org/api/v1", "kie": "https://api.kie.ai/api/v1"},
    options=SunoOptions,
    check_account=_ADAPTER.find_flaws,
    objects=OBJECTS,
    submits=_ADAPTER,
    polls=_ADAPTER,
    calls_back=_ADAPTER,
    probes=_ADAPTER,
    front=SunoFront(),
    passes_on=SunoCalls(),
    tells_costs=True,
    call_limits=find_limits,
    examples={
        "two songs": {
            "operation": "submit/music",
            "input": {"gpt_description_prompt": "rain on a roof"},
        }
    },
)
