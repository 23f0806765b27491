"""Use `runwayml` from PyPI as its README does; print what it returned as JSON.

Arguments: base URL, key, and `all`; or a prompt behind `create` for one task until its end, or
behind `uploads` for all and a task of an uploaded picture.
"""

import json
import sys
import time
from typing import Any

from runwayml import NotFoundError, RunwayML

LONGEST_S = 120.0
PICTURE = "https://pictures.example/cat.png"
UPLOAD = ("cat.png", b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 300, "image/png")


def finished(client: RunwayML, task_id: str) -> Any:
    """Poll a task until its end."""
    deadline = time.monotonic() + LONGEST_S
    task = client.tasks.retrieve(task_id)
    while task.status not in {"SUCCEEDED", "FAILED", "CANCELLED"}:
        if time.monotonic() > deadline:
            raise TimeoutError(f"task {task_id} is still {task.status}")
        time.sleep(0.05)  # its own `wait_for_task_output` pauses for 6 s
        task = client.tasks.retrieve(task_id)
    return task


def create(client: RunwayML, prompt: str, picture: str = PICTURE) -> Any:
    """Make a video."""
    return client.image_to_video.create(
        model="gen4_turbo",
        prompt_image=picture,
        prompt_text=prompt,
        ratio="1280:720",
        duration=5,
    )


def class_of(task: Any) -> str:
    """Return the name of the class that the SDK takes an answer for."""
    return type(task).__name__.removeprefix("Awaitable")


def told(client: RunwayML, prompt: str, picture: str = PICTURE) -> dict[str, Any]:
    """Return a task at its end, with the class that the SDK takes it for."""
    task = finished(client, create(client, prompt, picture).id)
    return {**task.to_dict(), "class": class_of(task)}


def whole_life(client: RunwayML) -> dict[str, Any]:
    """Create, look, fail, cancel, ask for a task that is not there."""
    open_ = create(client, "a bird [scenario:hold]")
    seen = client.tasks.retrieve(open_.id)
    client.tasks.delete(open_.id)
    cancelled = finished(client, open_.id)
    try:
        client.tasks.retrieve("17f20503-6c24-4c16-946b-35dbbce2af2f")
        missing = 200
    except NotFoundError as problem:
        missing = problem.status_code
    return {
        "open": class_of(seen),
        "done": told(client, "a cat"),
        "failed": told(client, "a dog [scenario:failed]"),
        "cancelled": class_of(cancelled),
        "missing": missing,
        "credits": client.organization.retrieve().credit_balance,
    }


def main() -> None:
    """Run what the arguments ask for."""
    url, key, task, *prompt = sys.argv[1:]
    client = RunwayML(api_key=key, base_url=url)
    answer = told(client, prompt[0]) if task == "create" else whole_life(client)
    if task == "uploads":
        uri = client.uploads.create_ephemeral(file=UPLOAD).uri
        answer["uploaded"] = told(client, prompt[0], uri)
    json.dump(answer, sys.stdout, default=str)


main()
