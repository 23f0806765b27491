"""Put links of ours in the place of the provider's URLs, where an operator wants that."""

from collections.abc import Sequence
from dataclasses import replace

from starlette.requests import Request

from tracker.domain.asset_link import LONGEST
from tracker.domain.custody import (
    Asset,
    AssetState,
    index_by_piece,
    index_pieces,
    replace_task_urls,
)
from tracker.domain.inline_files import is_name
from tracker.domain.task import Task, TaskState
from tracker.providers.ports.front import Shown
from tracker.store import assets
from tracker.web.edge.links import find_base
from tracker.web.edge.state import get_services


async def put_own_urls(request: Request, provider: str, shown: Shown) -> Shown:
    """Return what a command found, with links of ours to files that are kept.

    To all of them where the operator wants that; else to those that have no URL of the provider's
    which a caller can open.
    A file that is not kept (yet) has the provider's URL. A link is good for as long as links are.
    Of files that came within an answer it tells the names as well.
    """
    wants_all = provider in get_services(request).own_asset_urls
    keys = [
        task.key
        for task in shown.tasks
        if task.state is TaskState.SUCCEEDED
        and (wants_all or any(piece.needs_auth or is_name(piece.url) for piece in task.artifacts))
    ]
    if not keys:
        return shown
    found = await get_services(request).store.read(lambda db: assets.list_of_tasks(db, keys))
    tasks, names = [], dict[str, str]()
    for task in shown.tasks:
        urls = _find_own_urls(request, task, found.get(task.key, ()))
        names |= {own: url for url, own in urls.items() if is_name(url)}
        tasks.append(replace_task_urls(task, urls) if urls else task)
    return replace(shown, tasks=tasks, names=names)


def _find_own_urls(request: Request, task: Task, kept: Sequence[Asset]) -> dict[str, str]:
    """Return links to the files of a task that are kept, by the URLs in whose place they stand."""
    serving, base, named = get_services(request).serving, find_base(request), index_by_piece(kept)
    urls = {}
    for name, piece in index_pieces(task.artifacts).items():
        asset = named.get(name)
        if piece.url is not None and asset is not None and asset.state is AssetState.KEPT:
            urls[piece.url] = base + serving.link(asset, LONGEST).path
    return urls
