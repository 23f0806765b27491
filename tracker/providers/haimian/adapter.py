"""Haimian music: what its web page calls, Volcengine's official API, and a shape of one's own."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from tracker.domain.errors import CallbackRejected
from tracker.domain.observation import Observation
from tracker.providers.haimian.custom import CustomDialect
from tracker.providers.haimian.options import CUSTOM, VOLC, WEB, HaimianOptions
from tracker.providers.haimian.tables import OBJECTS
from tracker.providers.haimian.volc import VolcDialect
from tracker.providers.haimian.web import WebDialect
from tracker.providers.kit.callbacks import ObjectCallbacks, parse_body
from tracker.providers.kit.profiles import AdapterByProfile, UpstreamKind
from tracker.providers.kit.reading import find_first_text
from tracker.providers.ports.callbacks import Hint, Inbound
from tracker.providers.ports.provider import Provider

NOT_SERVED: Mapping[str, str] = MappingProxyType(
    {
        "generate/lyric_tool_stream": "it answers with a stream of broken JSON that no page shows",
        "submit/music": "the gateway's page is not known; set an account with profile custom",
    }
)
"""Calls that are known by name and cannot be served, each with the reason."""


class HaimianAdapter(AdapterByProfile, ObjectCallbacks):
    """Submits, polls, probes. A callback is a hint: its body is documented nowhere."""

    not_served = NOT_SERVED

    def parse_callback(self, inbound: Inbound) -> Sequence[Observation | Hint]:
        """Take any JSON object for news. Raises CallbackRejected for anything else."""
        parsed = parse_body(inbound)
        if not isinstance(parsed, dict) or not parsed:
            raise CallbackRejected("this is not an object with fields")
        task_id = find_first_text(parsed, ("TaskID", "Result.TaskID", "Data.TaskID"), limit=200)
        return (Hint("its body is documented nowhere", task_id),)


KINDS: Mapping[str, UpstreamKind] = MappingProxyType(
    {
        VOLC: UpstreamKind(adapter=VolcDialect(), is_calling=True, needs_address=False),
        WEB: UpstreamKind(adapter=WebDialect(), path_ends=("/jd/api/v1",), needs_address=False),
        CUSTOM: UpstreamKind(adapter=CustomDialect()),
    }
)
_ADAPTER = HaimianAdapter(KINDS)
REVISION = 5
PROVIDER = Provider(
    name="haimian",
    revision=REVISION,
    regions={
        "volcengine": "https://open.volcengineapi.com",
        "web": "https://www.haimian.com/jd/api/v1",
    },
    options=HaimianOptions,
    check_account=_ADAPTER.find_flaws,
    objects=OBJECTS,
    submits=_ADAPTER,
    polls=_ADAPTER,
    calls_back=_ADAPTER,
    probes=_ADAPTER,
    examples={
        "background music": {
            "operation": "generate/text2bgm",
            "input": {"prompt": "rain on a roof"},
        }
    },
)
