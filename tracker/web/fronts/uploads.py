"""Keep files that clients upload before they name them in a create."""

from collections.abc import AsyncGenerator, Collection, Mapping
from contextlib import aclosing
from datetime import timedelta
from typing import Any

from starlette.requests import Request

from tracker.domain import upload_form
from tracker.domain.asset_link import LONGEST
from tracker.domain.custody import Asset, replace_texts
from tracker.domain.errors import FieldError, InvalidRequest, NotFound
from tracker.domain.media_type import OCTETS
from tracker.domain.upload_label import UploadLabel, label_of
from tracker.providers.ports.commands import Create, OpenForm, Upload
from tracker.providers.ports.front import UploadedFile, UploadForm
from tracker.services.custody.uploading import UploadTerms
from tracker.web.edge import query
from tracker.web.edge.form_file import FormWithFile
from tracker.web.edge.links import find_base
from tracker.web.edge.state import get_services, get_tenant
from tracker.web.edge.uploads import UPLOAD_FORM_PATH, UPLOAD_KEPT_S, open_uploaded_form


def has_reachable_uploads(request: Request) -> bool:
    """Tell whether a link to what is uploaded here would lead a provider to it."""
    our = get_services(request)
    return our.storage is not None and our.public_url is not None


async def keep_upload(request: Request, front: str, asked: Upload) -> UploadedFile:
    """Keep the file of a form. front: the provider whose front it is.

    Raises WrongMediaType, UnsupportedEncoding, InvalidRequest, BodyTooLarge, BodyTooSlow,
    ClientDisconnect, Unavailable.
    """
    our = get_services(request)
    form = open_uploaded_form(request)
    part = await form.find_file(timeout_s=our.limits.body_timeout_s)

    def read_terms() -> UploadTerms:
        said = {name: form.fields[name] for name in asked.fields}
        label = UploadLabel(front, part.filename or "", part.media_type, said)
        return UploadTerms(_choose_lifetime(form.fields, asked), label)

    kept = await our.uploading.keep(
        get_tenant(request), _iterate_checked(form, asked.fields), read_terms
    )
    return make_uploaded_file(request, kept, form.fields)


def make_uploaded_file(request: Request, kept: Asset, fields: Mapping[str, str]) -> UploadedFile:
    """Return a kept file as fronts see it. fields: of its form."""
    our, label = get_services(request), label_of("", kept.label)
    link = our.serving.link(kept, LONGEST)
    return UploadedFile(
        id=str(kept.id),
        url=f"{find_base(request)}{link.path}",
        name=label.name or str(kept.id),
        media_type=kept.media_type or label.media_type or OCTETS,
        size=kept.size or 0,
        sha256=(kept.sha256 or b"").hex(),
        created_at=kept.created_at,
        expires_at=link.ends_at,
        fields=fields,
    )


def _choose_lifetime(given: Mapping[str, str], asked: Upload) -> timedelta:
    """Return how long a file is kept: as its form says, as far as a link can be good."""
    text, (least, most) = given.get(asked.lifetime_field), asked.lifetimes_s
    if text is None:
        return timedelta(seconds=UPLOAD_KEPT_S)
    if not (text.isascii() and text.isdigit() and len(text) < 10 and least <= int(text) <= most):
        reason = f"must be a whole number from {least} to {most}"
        raise InvalidRequest(FieldError(asked.lifetime_field, reason))
    return min(timedelta(seconds=int(text)), LONGEST)


def open_form(request: Request, asked: OpenForm, body: Mapping[str, object]) -> UploadForm:
    """Make a form for a file of the tenant that asks; nothing is written down until it comes.

    body: of the call. Raises InvalidRequest.
    """
    _check(body, asked.fields)
    ticket, token = get_services(request).uploading.promise_upload(get_tenant(request))
    url = find_base(request) + UPLOAD_FORM_PATH
    return UploadForm(str(ticket.asset), url, {upload_form.FIELD: token})


async def load_form_upload(request: Request, id_: str) -> UploadedFile:
    """Return the tenant's file that was sent by a form. Raises NotFound, Unavailable."""
    known = query.parse_uuid(id_)
    wanted = [] if known is None else [known]
    kept = await get_services(request).serving.list_uploads(get_tenant(request), wanted)
    for file in kept.values():
        return make_uploaded_file(request, file, {})
    raise NotFound("no file came, or it is kept no more")


async def put_links(request: Request, asked: Create) -> Mapping[str, Any]:
    """Return the input of a create with links in the place of uploads.

    They are equal at each try: as long as the upload is kept. Raises InvalidRequest for an upload
    that the tenant has not, or has no more; Unavailable.
    """
    if not asked.uploads:
        return asked.input
    our = get_services(request)
    ids = {one.text: query.parse_uuid(one.id) for one in asked.uploads}
    kept = await our.serving.list_uploads(get_tenant(request), {id_ for id_ in ids.values() if id_})
    missing = [one for one in asked.uploads if ids[one.text] not in kept]
    if missing:
        reason = "names no file that was uploaded here and is still kept"
        raise InvalidRequest(*(FieldError(one.field, reason) for one in missing))
    base = find_base(request)
    texts = {
        text: base + our.serving.link(kept[id_], LONGEST).path for text, id_ in ids.items() if id_
    }
    replaced: Mapping[str, Any] = replace_texts(asked.input, texts)
    return replaced


async def _iterate_checked(
    form: FormWithFile, wanted: Mapping[str, Collection[str]]
) -> AsyncGenerator[bytes, None]:
    """Yield the file of a form. Raises InvalidRequest at its end where a field is a wrong one."""
    async with aclosing(form.iterate_content()) as chunks:
        async for chunk in chunks:
            yield chunk
    _check(form.fields, wanted)


def _check(given: Mapping[str, object], wanted: Mapping[str, Collection[object]]) -> None:
    flaws = [
        FieldError(name, f"must be one of {', '.join(sorted(map(str, known)))}")
        for name, known in wanted.items()
        if given.get(name) not in known
    ]
    if flaws:
        raise InvalidRequest(*flaws)
