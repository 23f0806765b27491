"""Use `openai` from PyPI as its README does; print what it returned as JSON.

Arguments: base URL, key, a prompt, and `all`, `files` for all and uploads, or `list` for what
gateways lack.
"""

import json
import sys
from typing import Any

from openai import APIStatusError, BadRequestError, OpenAI

PICTURE = ("cat.png", b"\x89PNG\r\n\x1a\n", "image/png")
UPLOAD = ("cat.png", b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 300, "image/png")
PAUSE_MS = 50


def begun(client: OpenAI, prompt: str) -> Any:
    """Make a video."""
    return client.videos.create(
        model="sora-2",
        prompt=prompt,
        seconds="8",
        size="1280x720",
        input_reference=PICTURE,
    )


def finished(client: OpenAI, prompt: str) -> Any:
    """Make a video, and let the client poll it until its end."""
    return client.videos.poll(begun(client, prompt).id, poll_interval_ms=PAUSE_MS)


def by_file(client: OpenAI, prompt: str) -> dict[str, Any]:
    """Upload a picture; make a video and a changed picture that name it; be refused."""
    file = client.files.create(file=UPLOAD, purpose="vision")
    named: Any = {"file_id": file.id}
    more = {"input_reference": named}  # its own parameter takes nothing but bytes
    client.videos.create(model="sora-2", prompt=f"{prompt} moves", extra_body=more)
    edit = {"model": "gpt-image-2", "prompt": f"{prompt} in a hat", "images": [named]}
    client.post("/images/edits", body=edit, cast_to=object)
    try:
        client.files.create(file=UPLOAD, purpose="fine-tune")
        param = None
    except APIStatusError as problem:
        param = problem.message
    return {"file": file.to_dict(), "refused": param, **kept(client, file.id)}


def kept(client: OpenAI, name: str) -> dict[str, Any]:
    """Look at an upload among others, read it, delete it."""
    second = client.files.create(file=UPLOAD, purpose="vision")
    listed = [one.id for one in client.files.list(limit=1, order="asc")]
    found = client.files.retrieve(name).to_dict()
    is_same = client.files.content(name).read() == UPLOAD[1]
    deleted = client.files.delete(name).to_dict()
    left = [one.id for one in client.files.list(purpose="vision")]
    return {
        "found": found,
        "is same": is_same,
        "deleted": deleted,
        "listed": [listed.index(one) for one in (name, second.id)],
        "left": second.id in left and name not in left,
    }


def refused(client: OpenAI) -> int:
    """Return the status of a create that cannot be made."""
    try:
        client.videos.create(model="sora-2", prompt="")
    except BadRequestError as problem:
        return int(problem.status_code)
    return 200


def whole_life(client: OpenAI, prompt: str) -> dict[str, Any]:
    """Create, poll, retrieve, download, fail, be refused, remix."""
    done = finished(client, prompt)
    failed = finished(client, "a dog [scenario:failed]")
    remix = client.videos.remix(done.id, prompt="it rains")
    content = client.videos.download_content(done.id)
    return {
        "done": done.to_dict(),
        "retrieved": client.videos.retrieve(done.id).to_dict(),
        "failed": failed.to_dict(),
        "content": content.read()[4:8].decode(),
        "refused": refused(client),
        "remix": client.videos.poll(remix.id, poll_interval_ms=PAUSE_MS).status,
        "models": [one.id for one in client.models.list()],
    }


def listed(client: OpenAI, prompt: str) -> dict[str, Any]:
    """Make three videos, page through the list, delete one."""
    made = [finished(client, f"{prompt} {number}").id for number in range(3)]
    found = [one.id for one in client.videos.list(limit=1)][:3]
    deleted = client.videos.delete(made[0])
    return {"made": made, "listed": found, "deleted": deleted.to_dict()}


def main() -> None:
    """Run what the arguments ask for."""
    url, key, prompt, task = sys.argv[1:]
    client = OpenAI(api_key=key, base_url=url)
    answer = listed(client, prompt) if task == "list" else whole_life(client, prompt)
    if task == "files":
        answer["by file"] = by_file(client, prompt)
    json.dump(answer, sys.stdout, default=str)


main()
