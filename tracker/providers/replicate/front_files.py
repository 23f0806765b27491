"""Files that clients of Replicate's API upload, list, look at and delete.

Sources: https://github.com/replicate/replicate-python (1.0.7, replicate/file.py) and
https://replicate.com/docs/reference/http#files.list, read 2026-11.
"""

from typing import Any

from tracker.providers.kit.front_answers import format_time
from tracker.providers.kit.front_calls import refuse_method, refuse_path
from tracker.providers.ports.commands import Command, OneFile, PageFiles, Upload
from tracker.providers.ports.front import Shown, UploadedFile
from tracker.providers.ports.front_call import FrontAnswer, FrontCall, FrontRefusal

FILES = "files"
"""The upload, which is passed on where nothing is kept here."""
_PAGE = 100


def read(call: FrontCall, path: str) -> Command | FrontRefusal:
    """Read a call about files."""
    id_ = path.removeprefix(FILES).removeprefix("/")
    if "/" in id_:
        return refuse_path(call)
    match call.method:
        case "GET" | "HEAD":
            after = call.get_parameter("cursor")
            return OneFile(id_) if id_ else PageFiles(_PAGE, after=after or None)
        case "POST" if not id_:
            return Upload(otherwise=FILES)
        case "DELETE" if id_:
            return OneFile(id_, "delete")
        case _:
            return refuse_method(call)


def show(call: FrontCall, command: Command, shown: Shown) -> FrontAnswer:
    """Show a file, a page of them, or the end of one."""
    if isinstance(command, OneFile) and command.action == "delete":
        return FrontAnswer(None, 204)
    if isinstance(command, PageFiles):
        found = [_show_file(one) for one in shown.files]
        last = shown.files[-1].id if shown.has_more else None
        after = f"{call.base}/v1/files?cursor={last}" if last else None
        return FrontAnswer({"previous": None, "next": after, "results": found})
    assert shown.file is not None  # noqa: S101 - the host has found or kept it
    return FrontAnswer(_show_file(shown.file), 201 if isinstance(command, Upload) else 200)


def _show_file(kept: UploadedFile) -> dict[str, Any]:
    """Show a file that is kept here; inputs name it by its URL, as the official clients do."""
    return {
        "id": kept.id,
        "name": kept.name,
        "content_type": kept.media_type,
        "size": kept.size,
        "etag": kept.sha256,
        "checksums": {"sha256": kept.sha256},
        "metadata": {},
        "created_at": format_time(kept.created_at),
        "expires_at": format_time(kept.expires_at),
        "urls": {"get": kept.url},
    }
