"""The shapes of answers about assets."""

from pydantic import BaseModel, ConfigDict, Field, with_config
from typing_extensions import TypedDict

from tracker.domain.asset_link import LONGEST, USUAL
from tracker.web.api.views import EXACT, Instant, KeptFile, Uuid


@with_config(EXACT)
class AssetView(KeptFile):
    """A file in our custody, with where it comes from."""

    task_id: Uuid | None
    """The task whose result it is; null for an upload."""
    position: int
    """The place of its artifact in the task's result."""
    kind: str
    """Of the artifact, e.g. `video`; `upload` for a caller's file, `withdrawn` once deleted."""
    attempts: int
    """How often it was fetched or tried."""
    url_expires_at: Instant | None
    """When the provider's URL dies, by all that is known of it."""
    created_at: Instant
    ended_at: Instant | None
    """When it was kept or given up; null while it is wanted."""


@with_config(EXACT)
class AssetPage(TypedDict):
    """A page of assets, newest first."""

    assets: list[AssetView]
    next_cursor: str | None


@with_config(EXACT)
class LinkView(TypedDict):
    """A link that needs no key."""

    url: str
    """Good for whoever has it, until its end."""
    expires_at: Instant


@with_config(EXACT)
class UploadView(AssetView):
    """A file that was taken in, with a link that a provider can fetch."""

    link: LinkView


class LinkBody(BaseModel):
    """`POST /v1/assets/{id}/link`: for how long, in seconds."""

    model_config = ConfigDict(extra="forbid", strict=True)

    expires_in_s: int = Field(int(USUAL.total_seconds()), ge=1, le=int(LONGEST.total_seconds()))
