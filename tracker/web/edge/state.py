"""Access of handlers to the services and to the request's principal."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from starlette.requests import Request

from tracker.clock import Clock
from tracker.domain.access import Holder, Principal
from tracker.domain.errors import Misuse
from tracker.providers.ports.account import Account
from tracker.providers.ports.provider import Provider
from tracker.services.access.keyring import Keyring
from tracker.services.access.keys import Keys
from tracker.services.access.sessions import Sessions
from tracker.services.custody.front_files import FrontFiles
from tracker.services.custody.serving import AssetReader
from tracker.services.custody.uploading import UploadReceiver
from tracker.services.deliver.endpoints import Endpoints
from tracker.services.deliver.redelivery import Redelivery
from tracker.services.expectations import Expectations
from tracker.services.fronts.lost_answers import LostAnswers
from tracker.services.fronts.passing import PassThrough
from tracker.services.latest_looks import LatestLooks
from tracker.services.read.previewing import Previews
from tracker.services.read.watch import Watch
from tracker.services.receive.comparing import RereadComparer
from tracker.services.receive.dismissing import ReceiptDismisser
from tracker.services.receive.reception import Reception
from tracker.services.receive.rejudging import ReceiptRejudger
from tracker.services.receive.rereads import Rereads
from tracker.services.storage import Storage
from tracker.services.submit.actions import TaskActions
from tracker.services.submit.bulk import BulkActions
from tracker.services.submit.runs import BulkRuns
from tracker.services.submit.scenarios import Scenarios
from tracker.services.submit.submission import SubmissionIntake
from tracker.services.upkeep.presence import ProcessPresence
from tracker.services.upkeep.probing import AccountProber
from tracker.services.upkeep.stalls import Stalls
from tracker.services.upkeep.state_counts import StateCounting
from tracker.services.upkeep.sweeping import Sweeper
from tracker.store.store import Store
from tracker.web.edge.auth import Authenticator
from tracker.web.edge.connections import ConnectionRegistry


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits of inbound requests, and the timeouts of streams.

    body_bytes, callback_bytes: one more byte is refused.
    upload_bytes: of a file that a caller uploads.
    body_timeout_s: for a whole body to arrive.
    heartbeat_s: after so long without a change a stream says that it is there.
    slow_reader_s: a stream's reader who takes nothing for so long is cut.
    """

    body_bytes: int
    callback_bytes: int
    body_timeout_s: float
    heartbeat_s: float
    slow_reader_s: float
    upload_bytes: int


@dataclass(frozen=True, slots=True)
class Services:
    """Everything that handlers call. Made in `app`.

    public_url:  where others reach us; None where they cannot, or nobody has said.
    storage:     keeps the files of results; None where custody is off.
    own_asset_urls: providers whose fronts show links of ours to files that are kept.
    connections: those of this process, where a server runs that bounds them.
    callback_secret: signs what is sent to URLs that came with tasks; None where nothing does.
    attention_looks: what needs a person, per tenant, for pages that show only how much it is.
    events:      what streams were last sent, by feed number; readers share it.
    """

    store: Store
    public_url: str | None
    storage: Storage | None
    intake: SubmissionIntake
    actions: TaskActions
    bulk: BulkActions
    runs: BulkRuns
    reception: Reception
    passing: PassThrough
    lost_answers: LostAnswers
    endpoints: Endpoints
    redelivery: Redelivery
    serving: AssetReader
    uploading: UploadReceiver
    front_files: FrontFiles
    own_asset_urls: Collection[str]
    stalls: Stalls
    state_counting: StateCounting
    sweeping: Sweeper
    presence: ProcessPresence
    dismissing: ReceiptDismisser
    rejudging: ReceiptRejudger
    rereads: Rereads
    probing: AccountProber
    previews: Previews
    comparing: RereadComparer
    scenarios: Scenarios
    clock: Clock
    keyring: Keyring
    keys: Keys
    sessions: Sessions
    authenticator: Authenticator
    cursor_secrets: Sequence[bytes]
    accounts: Mapping[tuple[str, str], Account]
    providers: Mapping[str, Provider]
    expectations: Expectations
    watch: Watch
    limits: Limits
    connections: ConnectionRegistry
    callback_secret: str | None = None
    attention_looks: LatestLooks[str, Mapping[str, Any]] = field(default_factory=LatestLooks)
    events: dict[int, bytes] = field(default_factory=dict)


def get_services(request: Request) -> Services:
    """Return the services of the process that answers this request."""
    found: Services = request.scope["state"]["services"]  # `request.state` takes 1 µs each time
    return found


def get_principal(request: Request) -> Principal:
    """Return the request's principal. Raises Misuse when the handler has no guard."""
    found: Principal | None = request.scope["state"].get("principal")
    if found is None:
        raise Misuse(f"{request.scope['path']} asks for a principal, and its route has no scope")
    return found


def get_holder(request: Request) -> Holder | None:
    """Return for whom a request waits; None where no key will ever be asked for."""
    found: Holder | None = request.scope["state"]["holder"]
    return found


def get_tenant(request: Request) -> str:
    """Return whose data this request may see."""
    return get_principal(request).tenant
