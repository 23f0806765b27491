"""Keep files that clients upload before they name them in a create."""

from datetime import timedelta

from starlette.requests import Request

from tracker.domain.media_type import OCTETS
from tracker.providers.ports.front import UploadedFile
from tracker.web.edge.body_errors import WrongMediaType
from tracker.web.edge.encoding import UnsupportedEncoding
from tracker.web.edge.form_file import FormWithFile
from tracker.web.edge.forms import MULTIPART
from tracker.web.edge.state import services, tenant
from tracker.web.edge.uploads import UPLOAD_KEPT_S, uploaded


def keeps_uploads(request: Request) -> bool:
    """Tell whether a link to what is uploaded here would lead a provider to it."""
    our = services(request)
    return our.storage is not None and our.public_url is not None


async def keep_upload(request: Request) -> UploadedFile:
    """Keep the file of a form.

    Raises WrongMediaType, UnsupportedEncoding, InvalidRequest, BodyTooLarge, BodyTooSlow,
    ClientDisconnect, Unavailable.
    """
    our = services(request)
    content_type = request.headers.get("content-type", "")
    if content_type.partition(";")[0].strip().lower() != MULTIPART:
        raise WrongMediaType("send the file in a multipart form")
    encoding = request.headers.get("content-encoding", "identity").strip().lower()
    if encoding != "identity":
        raise UnsupportedEncoding(encoding)
    form = FormWithFile(content_type, uploaded(request))
    part = await form.find_file()
    lifetime = timedelta(seconds=UPLOAD_KEPT_S)
    kept = await our.uploading.keep(tenant(request), form.content(), lifetime=lifetime)
    link = our.serving.link(kept, lifetime)
    return UploadedFile(
        id=str(kept.id),
        url=f"{our.public_url}{link.path}",
        name=part.filename or str(kept.id),
        media_type=kept.media_type or part.media_type or OCTETS,
        size=kept.size or 0,
        sha256=(kept.sha256 or b"").hex(),
        created_at=kept.created_at,
        expires_at=link.ends_at,
        fields=form.fields,
    )
