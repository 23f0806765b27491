"""Files that clients of OpenAI's API upload, and inputs that name them.

A provider is given a link: a file's id is good at the account alone that took it in. Sources:
https://github.com/openai/openai-python (3.57.0, resources/files.py, types/file_object.py,
types/image_input_reference_param.py, types/responses/response_input_image_param.py,
types/responses/response_input_file_param.py), read 2026-11.
"""

import re
from typing import Any
from uuid import UUID

from tracker.domain.errors import FieldError, InvalidRequest
from tracker.domain.records import replace_fields
from tracker.providers.kit.front_calls import read_whole_number, refuse_method, refuse_path
from tracker.providers.kit.named_uploads import find_uploads
from tracker.providers.openai.passing import FILES
from tracker.providers.ports.commands import (
    Command,
    Create,
    NamedUpload,
    OneFile,
    PageFiles,
    Upload,
)
from tracker.providers.ports.front import Shown, UploadedFile
from tracker.providers.ports.front_call import Fault, FrontAnswer, FrontCall, FrontRefusal

_PURPOSES = ("assistants", "user_data", "vision")
"""Those of files that an input can name; the others are for training and batches."""
_NAMING, _ECHOED = "file_id", "metadata"
"""The field that names a file, and the one whose content is its caller's own."""
_OURS = re.compile("file-[0-9a-f]{32}")
"""The ids of files that were uploaded here; OpenAI's own are shorter."""
_LIFETIMES_S = (3600, 2_592_000)
"""Bounds of `expires_after` (types/file_create_params.py)."""
_MOST_LISTED = 1000
"""Files in one page; clients ask for the next one by themselves."""


def read(call: FrontCall, path: str) -> Command | FrontRefusal:
    """Read a call about files. Raises InvalidRequest."""
    _, _, rest = path.partition("/")
    if not rest:
        return _read_collection_call(call)
    name, _, action = rest.partition("/")
    if action not in ("", "content"):
        return refuse_path(call)
    id_ = _read_id(name)
    if not call.is_read and (action or call.method != "DELETE"):
        return refuse_method(call)
    if id_ is None:
        return FrontRefusal(Fault.NOT_FOUND, f"No such File object: {name[:128]}")
    if action:
        return OneFile(id_, "send")
    return OneFile(id_) if call.is_read else OneFile(id_, "delete")


def _read_collection_call(call: FrontCall) -> Command | FrontRefusal:
    """Read an upload, or the list. Raises InvalidRequest."""
    if call.method == "POST":
        return Upload(
            otherwise=FILES,
            fields={"purpose": _PURPOSES},
            lifetime_field="expires_after[seconds]",
            lifetimes_s=_LIFETIMES_S,
        )
    if call.method not in ("GET", "HEAD"):
        return refuse_method(call)
    order, purpose, after = (call.get_parameter(name) for name in ("order", "purpose", "after"))
    if order not in (None, "", "asc", "desc"):
        raise InvalidRequest(FieldError("order", "must be asc or desc"), malformed=True)
    limit = read_whole_number(call, "limit", default=_MOST_LISTED, low=1, high=10_000)
    return PageFiles(
        min(limit, _MOST_LISTED),
        after=(_read_id(after) or after) if after else None,
        oldest_first=order == "asc",
        fields={"purpose": purpose} if purpose else {},
    )


def show(command: Command, shown: Shown) -> FrontAnswer:
    """Show a file that was uploaded, the end of one, or a page of them."""
    if isinstance(command, OneFile) and command.action == "delete":
        return FrontAnswer({"id": _find_name(command.id), "object": "file", "deleted": True})
    if isinstance(command, PageFiles):
        files = [_show_file(one) for one in shown.files]
        first, last = (files[0]["id"], files[-1]["id"]) if files else (None, None)
        body = {"object": "list", "data": files, "has_more": shown.has_more}
        return FrontAnswer(body | {"first_id": first, "last_id": last})
    assert shown.file is not None  # noqa: S101 - the host has found or kept it
    return FrontAnswer(_show_file(shown.file))


def _show_file(file: UploadedFile) -> dict[str, Any]:
    return {
        "id": _find_name(file.id),
        "object": "file",
        "bytes": file.size,
        "created_at": int(file.created_at.timestamp()),
        "expires_at": int(file.expires_at.timestamp()),
        "filename": file.name,
        "purpose": file.fields.get("purpose", ""),
        "status": "processed",
    }


def _find_name(id_: str) -> str:
    return f"file-{UUID(id_).hex}"


def put_links(create: Create) -> Create:
    """Return a create whose files of ours stand in the fields of their links.

    Raises InvalidRequest for one in a list of ids, for which there are no links.
    """
    named = {name: value for name, value in create.input.items() if name != _ECHOED}
    found = find_uploads(named, _read_id)
    listed = [one.field for one in found if f".{_NAMING}s." in one.field]
    if listed:
        reason = "the provider has no such file: it was uploaded here, and is given by a link alone"
        raise InvalidRequest(*(FieldError(field, reason) for field in listed))
    uploads = tuple(
        NamedUpload(_find_replaced_text(one.id), one.id, one.field)
        for one in found
        if one.field.rpartition(".")[2] == _NAMING
    )
    if not uploads:
        return create
    input_ = {
        name: value if name == _ECHOED else _link_files(value)
        for name, value in create.input.items()
    }
    return replace_fields(create, input=input_, uploads=uploads)


def _read_id(text: str) -> str | None:
    return text.removeprefix("file-") if _OURS.fullmatch(text) else None


def _find_replaced_text(id_: str) -> str:
    """Return the text whose place the link to a file takes; the id may stand elsewhere too."""
    return f"a link to upload {id_}"


def _link_files(value: Any) -> Any:
    """Return a value whose files of ours stand in the fields of their links."""
    if isinstance(value, list):
        return [_link_files(one) for one in value]
    if not isinstance(value, dict):
        return value
    link = "file_url" if value.get("type") == "input_file" else "image_url"
    found = {}
    for name, one in value.items():
        id_ = _read_id(one) if name == _NAMING and isinstance(one, str) else None
        if id_ is None:
            found[name] = _link_files(one)
        else:
            found[link] = _find_replaced_text(id_)
    return found
