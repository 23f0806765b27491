"""/v1/assets, /links, /v1/uploads: the files of results, handed out; and callers' own."""

from collections.abc import Mapping
from datetime import timedelta
from typing import cast
from uuid import UUID

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from tracker.domain import upload_form
from tracker.domain.access import Scope
from tracker.domain.asset_link import LONGEST
from tracker.domain.custody import Asset, AssetState
from tracker.domain.errors import NotFound
from tracker.domain.rendering import format_instant, render_asset
from tracker.domain.task import Task
from tracker.services.custody.serving import AssetLink
from tracker.services.custody.uploading import UploadTerms
from tracker.services.own_tasks import find_own_task
from tracker.store import assets, tasks
from tracker.web.api import asset_views
from tracker.web.edge import params, query
from tracker.web.edge.asset_bytes import iterate_bytes
from tracker.web.edge.browsers import allow_reading, answer_preflight
from tracker.web.edge.links import find_base
from tracker.web.edge.operation import Param, ResponseSpec, describe_operation, read_body
from tracker.web.edge.paging import answer_page, build_list_scope, read_position
from tracker.web.edge.state import get_services, get_tenant
from tracker.web.edge.uploads import UPLOAD_KEPT_S, iterate_upload, open_upload, open_uploaded_form

MAX_PAGE = 500
_FRESH_S = 60
"""How long a browser need not ask again for what it has of a link, but never beyond its end."""
_NO_STORE = {"cache-control": "no-store"}
_FILE_HEADERS = {
    "ETag": "The digest of the bytes: strong, good for `If-Range`.",
    "Accept-Ranges": "`bytes`",
    "Content-Disposition": "`inline` for media; all else is a download of octets.",
}
_RANGE = [
    Param("Range", "One range of bytes, e.g. `bytes=0-1023`; several are answered by the whole."),
    Param("If-Range", "An ETag: the range only where the bytes are still the same."),
    params.IF_NONE_MATCH,
]
_FILE = {
    200: ResponseSpec(None, headers=_FILE_HEADERS),
    206: ResponseSpec(None, headers={**_FILE_HEADERS, "Content-Range": "Which bytes these are."}),
    304: ResponseSpec(None, headers=_FILE_HEADERS),
    412: ResponseSpec(None, headers=_FILE_HEADERS),
    416: ResponseSpec(None, headers={"Content-Range": "How many bytes there are."}),
}
_STATES = Param(
    "state",
    "Only assets in this state.",
    {"type": "string", "enum": [state.value for state in AssetState]},
    repeatable=True,
)


@describe_operation(
    scope=Scope.TASKS_READ,
    tag="assets",
    query=[
        _STATES,
        Param("task", "Only assets of this task, by our id."),
        params.define_limit(default=50, high=MAX_PAGE),
        params.CURSOR,
    ],
    answers={200: asset_views.AssetPage},
    problems=[404],
)
async def list_(request: Request) -> Response:
    """List the files that we keep or are to keep, newest first."""
    limit = query.read_integer(request, "limit", default=50, low=1, high=MAX_PAGE)
    owner, states = get_tenant(request), query.read_words(request, "state", AssetState)
    named = request.query_params.get("task")
    scope = build_list_scope("assets", owner, {"task": named, "state": list(states)})
    before = read_position(request, scope=scope)
    task_key = None
    if named is not None:
        id_ = query.parse_uuid(named)
        task_key = (await find_own_task(get_services(request).store, owner, id_)).key
    found = await get_services(request).store.read(
        lambda db: assets.list_page(
            db, owner, before=before, limit=limit + 1, states=states, task_key=task_key
        )
    )
    page = found[:limit]
    last = page[-1].key if len(found) > limit else None
    body = {"assets": await _build_views(request, page)}
    return answer_page(request, body, last=last, scope=scope)


@describe_operation(scope=Scope.TASKS_READ, tag="assets", answers={200: asset_views.AssetView})
async def get(request: Request) -> Response:
    """Show one file that we keep or are to keep, without its bytes."""
    return await _answer(request, await _find_asset(request))


@describe_operation(
    scope=Scope.TASKS_READ, tag="assets", headers=_RANGE, answers=_FILE, problems=[409]
)
async def content(request: Request) -> Response:
    """Serve the bytes of a file, or one range of them. 409 while it is being fetched."""
    return await iterate_bytes(
        request, await _find_asset(request), {"cache-control": "private, max-age=3600"}
    )


@describe_operation(
    scope=Scope.TASKS_READ,
    tag="assets",
    body=asset_views.LinkBody,
    answers={200: asset_views.LinkView},
    problems=[409],
)
async def link(request: Request) -> Response:
    """Make a link to a file that needs no key: for players, browsers, providers."""
    asked = await read_body(request, asset_views.LinkBody)
    asset, our = await _find_asset(request), get_services(request)
    our.serving.check_kept(asset)
    made = our.serving.link(asset, timedelta(seconds=asked.expires_in_s))
    return JSONResponse(_link_view(request, made), headers=_NO_STORE)


@describe_operation(
    action="assets.fetch",
    scope=Scope.TASKS_WRITE,
    tag="assets",
    answers={202: asset_views.AssetView},
    problems=[409],
)
async def fetch(request: Request) -> Response:
    """Fetch a file once more that is not kept, or sooner than it is due."""
    found = await get_services(request).serving.fetch_again(get_tenant(request), _parse_id(request))
    return await _answer(request, found, status=202)


@describe_operation(scope=None, tag="assets", headers=_RANGE, answers=_FILE, problems=[404, 409])
async def linked(request: Request) -> Response:
    """Serve the bytes behind a link, which dies one second after its time at the latest."""
    asset, left = await get_services(request).serving.find_by_link(request.path_params["token"])
    fresh_s = min(_FRESH_S, int(left.total_seconds()))
    open_to_all = {
        "cache-control": f"private, max-age={fresh_s}",
        "access-control-allow-origin": "*",
        "access-control-expose-headers": "content-range, content-length, etag, accept-ranges",
        "cross-origin-resource-policy": "cross-origin",
    }
    return await iterate_bytes(request, asset, open_to_all)


@describe_operation(scope=None, tag="assets", answers={204: None})
async def may_read(request: Request) -> Response:
    """Tell a browser that a page of any site may read ranges of a file by its link.

    A player asks before it sends a `Range` of its own, as for the end of a file.
    """
    headers = {"allow": "GET, HEAD, OPTIONS"}
    return answer_preflight(request) or Response(status_code=204, headers=headers)


@describe_operation(
    scope=Scope.TASKS_WRITE,
    tag="assets",
    query=[
        Param(
            "expires_in_s",
            "How long the file is kept and its link is good, in seconds.",
            {
                "type": "integer",
                "minimum": 60,
                "maximum": int(LONGEST.total_seconds()),
                "default": UPLOAD_KEPT_S,
            },
        )
    ],
    answers={201: asset_views.UploadView},
    problems=[400, 408, 409, 413, 415, 422],
)
async def upload(request: Request) -> Response:
    """Take a file in, as the raw body or in a form, and give a link that a provider can fetch."""
    our = get_services(request)
    lifetime_s = query.read_integer(
        request,
        "expires_in_s",
        default=UPLOAD_KEPT_S,
        low=60,
        high=int(LONGEST.total_seconds()),
    )
    lifetime = timedelta(seconds=lifetime_s)
    asset = await our.uploading.keep(
        get_tenant(request), await open_upload(request), UploadTerms(lifetime)
    )
    view = (await _build_views(request, [asset]))[0]
    made = our.serving.link(asset, lifetime)
    body: asset_views.UploadView = {**view, "link": _link_view(request, made)}
    return JSONResponse(body, 201, {**_NO_STORE, "location": f"/v1/assets/{asset.id}"})


@describe_operation(
    scope=None,
    tag="assets",
    answers={204: None},
    problems=[400, 404, 408, 409, 413, 415, 422],
)
async def upload_by_form(request: Request) -> Response:
    """Take in the file of a form that a front gave a client: its token is the key.

    The same file again is the first one; another file under the same token is refused.
    """
    our, form = get_services(request), open_uploaded_form(request)
    await form.find_file(timeout_s=our.limits.body_timeout_s)
    ticket = our.uploading.read_ticket(form.fields.get(upload_form.FIELD, ""))
    lifetime = timedelta(seconds=UPLOAD_KEPT_S)
    await our.uploading.keep_promised(ticket, form.iterate_content(), lifetime)
    return Response(status_code=204, headers=_NO_STORE)


@describe_operation(
    scope=None,
    tag="assets",
    answers={200: None},
    problems=[400, 404, 408, 409, 413, 415, 422],
)
async def upload_by_link(request: Request) -> Response:
    """Take in a file, as the raw body, at the place that a front gave a client for it.

    The token in the path is the key, so pages of any site may send it. See `upload_by_form`.
    """
    our = get_services(request)
    ticket = our.uploading.read_ticket(request.path_params["token"])
    lifetime = timedelta(seconds=UPLOAD_KEPT_S)
    kept = await our.uploading.keep_promised(ticket, iterate_upload(request), lifetime)
    answer = Response(headers={**_NO_STORE, "etag": f'"{(kept.sha256 or b"").hex()}"'})
    answer.headers["access-control-expose-headers"] = "etag"
    allow_reading(request, answer)
    return answer


@describe_operation(scope=None, tag="assets", answers={204: None})
async def may_upload(request: Request) -> Response:
    """Tell a browser that a page of any site may send a file there."""
    return answer_preflight(request) or Response(status_code=204, headers={"allow": "OPTIONS, PUT"})


async def _find_asset(request: Request) -> Asset:
    return await get_services(request).serving.get(get_tenant(request), _parse_id(request))


def _parse_id(request: Request) -> UUID:
    return query.read_path_id(request, NotFound("there is no such asset"))


async def _answer(request: Request, asset: Asset, *, status: int = 200) -> Response:
    view = (await _build_views(request, [asset]))[0]
    return JSONResponse(view, status, _NO_STORE)


async def _build_views(request: Request, found: list[Asset]) -> list[asset_views.AssetView]:
    keys = {asset.task_key for asset in found if asset.task_key is not None}
    owners = await get_services(request).store.read(lambda db: tasks.get_by_keys(db, keys))
    base = find_base(request)
    return [_build_view(asset, owners, base) for asset in found]


def _build_view(asset: Asset, owners: Mapping[int, Task], base: str) -> asset_views.AssetView:
    more = {
        "task_id": None if asset.task_key is None else str(owners[asset.task_key].id),
        "position": asset.position,
        "kind": asset.kind,
        "attempts": asset.attempts,
        "url_expires_at": format_instant(asset.url_expires_at),
        "created_at": format_instant(asset.created_at),
        "ended_at": format_instant(asset.ended_at),
    }
    return cast("asset_views.AssetView", render_asset(asset, base=base) | more)


def _link_view(request: Request, made: AssetLink) -> asset_views.LinkView:
    return {"url": find_base(request) + made.path, "expires_at": format_instant(made.ends_at)}
