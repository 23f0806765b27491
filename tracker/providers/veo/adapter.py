"""Google's accounts: what they need, the upstream of each, the events that the Gemini API sends.

Source: https://ai.google.dev/gemini-api/docs/webhooks, read 2026-11.
"""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from urllib.parse import urlsplit

from tracker.domain.errors import CallbackRejected
from tracker.domain.exchange import HttpCall
from tracker.domain.observation import Observation
from tracker.providers.kit.callbacks import ObjectCallbacks, parse_body
from tracker.providers.kit.default_seconds import build_default_seconds
from tracker.providers.kit.profiles import AdapterByProfile, UpstreamKind
from tracker.providers.kit.reading import find_first_text
from tracker.providers.ports.account import Account
from tracker.providers.ports.callbacks import Hint, Inbound, Scheme
from tracker.providers.ports.keys import KeySource
from tracker.providers.ports.provider import Provider, ResultHosting
from tracker.providers.veo.front import VeoFront
from tracker.providers.veo.inputs import INTERACT, OBJECTS, PREDICT, VERTEX_PREDICT
from tracker.providers.veo.options import (
    REGIONS,
    VeoOptions,
    VeoTokens,
    find_location,
    find_project,
)
from tracker.providers.veo.proof import GeminiProof
from tracker.providers.veo.upstreams import GeminiApi, VertexApi

FILES_LIVE = timedelta(days=2)
_KEYS_PATH = "/.well-known/jwks.json"


class VeoAdapter(AdapterByProfile, ObjectCallbacks):
    """Both kinds of upstream, and the events of the first."""

    def find_flaws(self, account: Account) -> Sequence[str]:
        """Return `key: reason` for credentials that the upstream takes none of, or lacks."""
        options, flaws = account.get_options(VeoOptions), list(super().find_flaws(account))
        if not options.has_credentials():
            return flaws
        if not isinstance(self.find_kind(account).adapter, VertexApi):
            if options.service_account is not None:
                flaws.append("service_account: is for Vertex AI: set region to its location")
            return flaws
        if account.base_url == REGIONS["gemini"]:
            flaws.append("region: is needed for Vertex AI, or base_url")
        if options.service_account is None:
            flaws.append("service_account: is needed for Vertex AI, which takes no key")
        for name, value in (
            ("project", find_project(account)),
            ("location", find_location(account)),
        ):
            if value is None:
                flaws.append(f"{name}: is needed for Vertex AI")
        return flaws

    def has_callbacks(self, account: Account, operation: str | None = None) -> bool:
        """Tell whether every end is called back: of videos of Veo a failure never is.

        An event of these is taken all the same, and nothing is concluded from its absence.
        """
        is_told = operation == INTERACT and account.get_options(VeoOptions).callbacks
        return is_told and super().has_callbacks(account, operation)

    def get_proof_scheme(self, account: Account) -> Scheme | None:
        """Return the proofs of both kinds of webhooks: of a request, and of a project."""
        if not self.find_kind(account).is_calling or not account.get_options(VeoOptions).callbacks:
            return None
        options = account.get_options(VeoOptions)
        url = options.keys_url or account.base_url.rpartition("/")[0] + _KEYS_PATH
        is_operators = bool(options.keys_url or options.base_url)
        proxy = account.set_route(HttpCall("GET", url)).proxy
        source = KeySource(url, is_operators=is_operators, proxy=proxy, kind="RSA")
        return GeminiProof(source, account.webhook_secrets, options.audience)

    def parse_callback(self, inbound: Inbound) -> Sequence[Observation | Hint]:
        """Take an event for a hint: it holds no verdict. Events of batches tell of no task.

        Raises CallbackRejected for what is no event.
        """
        parsed = parse_body(inbound)
        kind = find_first_text(parsed, ("type", "event_type"), limit=200)
        if kind is None:
            raise CallbackRejected("no type: this is not an event")
        if kind.startswith("batch."):
            return ()
        task_id = find_first_text(parsed, ("data.id", "data.name", "id"), limit=500)
        if task_id is None:
            raise CallbackRejected("the event names no task")
        return [Hint(f"the event says {kind}", task_id)]


def _list_credentials(account: Account) -> Mapping[str, Mapping[str, str]]:
    """Return the key for the host of the API alone, which redirects to where the bytes are."""
    host = urlsplit(account.base_url).hostname
    headers = {"x-goog-api-key": account.api_key} if account.api_key else {}
    return {host: headers} if host and headers else {}


def _list_token_hosts(account: Account) -> Sequence[str]:
    host = urlsplit(account.get_options(VeoOptions).storage_url).hostname
    return [host] if host else []


_ADAPTER = VeoAdapter(
    {
        "gemini": UpstreamKind(
            adapter=GeminiApi(),
            cancels=GeminiApi(),
            is_calling=True,
            needs_address=False,
            path_ends=("/v1beta",),
        ),
        "vertex": UpstreamKind(
            adapter=VertexApi(), needs_address=False, path_ends=("/v1", "/v1beta1")
        ),
    }
)
REVISION = 6
PROVIDER = Provider(
    name="veo",
    revision=REVISION,
    regions=REGIONS,
    options=VeoOptions,
    check_account=_ADAPTER.find_flaws,
    objects=OBJECTS,
    submits=_ADAPTER,
    polls=_ADAPTER,
    calls_back=_ADAPTER,
    cancels=_ADAPTER,
    probes=_ADAPTER,
    front=VeoFront(),
    tokens=VeoTokens(),
    results=ResultHosting(
        answers_with_files=lambda operation: operation == VERTEX_PREDICT,
        lifetime=FILES_LIVE,
        credentials=_list_credentials,
        token_hosts=_list_token_hosts,
    ),
    tells_costs=True,
    default_seconds=build_default_seconds({PREDICT: 8, VERTEX_PREDICT: 8}),
    examples={
        "a video from text": {
            "operation": "predictLongRunning",
            "input": {
                "model": "veo-3.1-generate-preview",
                "instances": [{"prompt": "a cat in the rain"}],
                "parameters": {"durationSeconds": 8, "aspectRatio": "16:9"},
            },
        }
    },
)
