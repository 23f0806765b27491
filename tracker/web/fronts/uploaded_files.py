"""List, show, send and delete the files that a front's clients uploaded before."""

from starlette.requests import Request
from starlette.responses import Response

from tracker.domain.custody import Asset
from tracker.domain.upload_label import label_of
from tracker.providers.ports.commands import OneFile, PageFiles
from tracker.providers.ports.front import Shown, UploadedFile
from tracker.services.custody.front_files import Owner
from tracker.web.edge.asset_bytes import iterate_bytes
from tracker.web.edge.state import get_services, get_tenant
from tracker.web.fronts.uploads import load_form_upload, make_uploaded_file

NOTHING_KEPT = "uploads need TRACKER_PUBLIC_URL, and TRACKER_ASSETS to be on"
NOT_KEPT_HERE = "files are passed on: they are read, listed and deleted at the provider"


async def list_files(request: Request, front: str, asked: PageFiles) -> Shown:
    """Return a page of a tenant's files. Raises NotFound for an unknown `after`, Unavailable."""
    found, has_more = await get_services(request).front_files.list_page(
        _find_owner(request, front), asked
    )
    return Shown(files=[_show(request, one) for one in found], has_more=has_more)


async def find_file(request: Request, front: str, asked: OneFile) -> UploadedFile:
    """Return a file, deleted where that was asked for. Raises NotFound, Unavailable."""
    if asked.action == "complete":
        return await load_form_upload(request, asked.id)
    files, owner = get_services(request).front_files, _find_owner(request, front)
    found = await files.get(owner, asked.id)
    if asked.action == "delete":
        await files.withdraw(owner, asked.id)
    return _show(request, found)


async def send_file(request: Request, front: str, asked: OneFile) -> Response:
    """Return the bytes of a file, or a range of them. Raises NotFound, Unavailable."""
    found = await get_services(request).front_files.get(_find_owner(request, front), asked.id)
    return await iterate_bytes(request, found, {"cache-control": "no-store"})


def _show(request: Request, found: Asset) -> UploadedFile:
    return make_uploaded_file(request, found, label_of("", found.label).fields)


def _find_owner(request: Request, front: str) -> Owner:
    return Owner(get_tenant(request), front)
