"""OpenAI's formats, at OpenAI itself and at gateways: the account's profile says which."""

from collections.abc import Mapping, Sequence
from urllib.parse import urlsplit

from tracker.providers.kit.profiles import AdapterByProfile, UpstreamKind
from tracker.providers.kit.proofs import find_secret_flaws
from tracker.providers.kit.useless_options import NO_CALLBACKS
from tracker.providers.openai.front import OpenAIFront
from tracker.providers.openai.gateway import NewApi, TasksPath
from tracker.providers.openai.images import IMAGES
from tracker.providers.openai.objects import OBJECTS
from tracker.providers.openai.official import OFFICIAL, ImageStreams, Official, ProjectEvents
from tracker.providers.openai.operations import get_seconds
from tracker.providers.openai.passing import GatewayCalls
from tracker.providers.openai.responses import RESPONSES
from tracker.providers.ports.account import Account, AccountOptions
from tracker.providers.ports.provider import Provider, ResultHosting


class OpenAIOptions(AccountOptions):
    """A key, the address of OpenAI or of a gateway, and its profile.

    webhook_secrets: of the project's endpoint, at OpenAI itself alone.
    """

    def find_flaws(self) -> Sequence[str]:
        """Return `key: reason` for secrets that nothing is signed with, or of another form."""
        secrets = [one.get_secret_value() for one in self.webhook_secrets]
        if secrets and self.profile != OFFICIAL:
            return [f"webhook_secrets: {NO_CALLBACKS}"]
        return find_secret_flaws(secrets)


def _list_credentials(account: Account) -> Mapping[str, Mapping[str, str]]:
    """Return the header that opens `/content`, for the upstream's own host alone."""
    host = urlsplit(account.base_url).hostname
    return {host: _NEW_API.build_headers(account)} if host else {}


_NEW_API, _OFFICIAL = NewApi(), Official()
_ADAPTER = AdapterByProfile(
    {
        "new-api": UpstreamKind(adapter=_NEW_API),
        "tasks": UpstreamKind(adapter=TasksPath()),
        OFFICIAL: UpstreamKind(adapter=_OFFICIAL, cancels=_OFFICIAL, is_calling=True),
    }
)
REVISION = 12
PROVIDER = Provider(
    name="openai",
    revision=REVISION,
    regions={"openai-next": "https://api.openai-next.com/v1"},
    options=OpenAIOptions,
    check_account=_ADAPTER.find_flaws,
    objects=OBJECTS,
    submits=_ADAPTER,
    streams=ImageStreams(),
    polls=_ADAPTER,
    calls_back=ProjectEvents(),
    cancels=_ADAPTER,
    probes=_ADAPTER,
    tells_costs=True,
    default_seconds=get_seconds,
    front=OpenAIFront(),
    passes_on=GatewayCalls(),
    results=ResultHosting(
        answers_with_files=lambda operation: operation in IMAGES or operation == RESPONSES,
        credentials=_list_credentials,
    ),
    examples={
        "a video from text": {
            "operation": "videos",
            "input": {"model": "sora-2", "prompt": "a cat in the rain", "seconds": "4"},
        }
    },
)
