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
from tracker.domain.records import changed
from tracker.providers.kit.front_calls import wrong_method
from tracker.providers.kit.named_uploads import named_uploads
from tracker.providers.openai.passing import FILES
from tracker.providers.ports.front import Create, NamedUpload, Upload, UploadedFile
from tracker.providers.ports.front_call import Fault, FrontAnswer, FrontCall, Refusal

_PURPOSES = ("assistants", "user_data", "vision")
"""Those of files that an input can name; the others are for training and batches."""
_NAMING, _ECHOED = "file_id", "metadata"
"""The field that names a file, and the one whose content is its caller's own."""
_OURS = re.compile("file-[0-9a-f]{32}")
"""The ids of files that were uploaded here; OpenAI's own are shorter."""


def read(call: FrontCall, path: str) -> Upload | Refusal:
    """Read a call about files."""
    if path != FILES:
        return Refusal(
            Fault.NOT_SERVED,
            "files are uploaded here; they are read, listed and deleted at the provider",
        )
    if call.method != "POST":
        return wrong_method(call)
    return Upload(otherwise=FILES, fields={"purpose": _PURPOSES})


def show(file: UploadedFile) -> FrontAnswer:
    """Show a file that was uploaded."""
    return FrontAnswer(
        {
            "id": f"file-{UUID(file.id).hex}",
            "object": "file",
            "bytes": file.size,
            "created_at": int(file.created_at.timestamp()),
            "expires_at": int(file.expires_at.timestamp()),
            "filename": file.name,
            "purpose": file.fields.get("purpose", ""),
            "status": "processed",
        }
    )


def with_links(create: Create) -> Create:
    """Return a create whose files of ours stand in the fields of their links.

    Raises InvalidRequest for one in a list of ids, for which there are no links.
    """
    named = {name: value for name, value in create.input.items() if name != _ECHOED}
    found = named_uploads(named, _id_of)
    listed = [one.field for one in found if f".{_NAMING}s." in one.field]
    if listed:
        reason = "the provider has no such file: it was uploaded here, and is given by a link alone"
        raise InvalidRequest(*(FieldError(field, reason) for field in listed))
    uploads = tuple(
        NamedUpload(_place_of(one.id), one.id, one.field)
        for one in found
        if one.field.rpartition(".")[2] == _NAMING
    )
    if not uploads:
        return create
    input_ = {
        name: value if name == _ECHOED else _by_link(value) for name, value in create.input.items()
    }
    return changed(create, input=input_, uploads=uploads)


def _id_of(text: str) -> str | None:
    return text.removeprefix("file-") if _OURS.fullmatch(text) else None


def _place_of(id_: str) -> str:
    """Return the text whose place the link to a file takes; the id may stand elsewhere too."""
    return f"a link to upload {id_}"


def _by_link(value: Any) -> Any:
    """Return a value whose files of ours stand in the fields of their links."""
    if isinstance(value, list):
        return [_by_link(one) for one in value]
    if not isinstance(value, dict):
        return value
    link = "file_url" if value.get("type") == "input_file" else "image_url"
    found = {}
    for name, one in value.items():
        id_ = _id_of(one) if name == _NAMING and isinstance(one, str) else None
        if id_ is None:
            found[name] = _by_link(one)
        else:
            found[link] = _place_of(id_)
    return found
