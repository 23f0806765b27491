"""Use `volcengine-ark-runtime` from PyPI as its examples do; print what it returned as JSON.

Arguments: base URL and key.
"""

import json
import sys
import time
from typing import Any

from volcenginesdkarkruntime import Ark
from volcenginesdkarkruntime._exceptions import ArkAPIStatusError

MODEL = "doubao-seedance-1-5-pro-251215"
LONGEST_S = 120.0
WORKING = ("queued", "running")


def made(client: Ark, text: str, **more: Any) -> Any:
    """Create a task; return its id."""
    content = [{"type": "text", "text": text}]
    return client.content_generation.tasks.create(model=MODEL, content=content, **more).id


def ended(client: Ark, task_id: str) -> Any:
    """Poll a task until its end."""
    deadline = time.monotonic() + LONGEST_S
    while (task := client.content_generation.tasks.get(task_id=task_id)).status in WORKING:
        if time.monotonic() > deadline:
            raise TimeoutError(f"task {task_id} is still {task.status}")
        time.sleep(0.05)  # it has no wait of its own
    return task.to_dict()


def refused(call: Any) -> dict[str, Any]:
    """Return the class and the code of a call that is refused."""
    try:
        call()
    except ArkAPIStatusError as problem:
        return {"class": type(problem).__name__, "code": problem.code, "param": problem.param}
    return {}


def pictures(client: Ark, prompt: str) -> list[Any]:
    """Return the addresses of pictures."""
    made_of = client.images.generate(model="doubao-seedream-4-0-250828", prompt=prompt)
    return [one.url for one in made_of.data]


def streamed(client: Ark, prompt: str) -> list[Any]:
    """Return the types of the events of a stream, and the addresses of its pictures."""
    events = list(
        client.images.generate(model="doubao-seedream-4-0-250828", prompt=prompt, stream=True)
    )
    links = [one.url for one in events if getattr(one, "url", None)]
    # The SDK reads every event as one of a picture, and leaves the usage of the last one a dict.
    usage: Any = events[-1].usage
    return [[one.type.rpartition(".")[2] for one in events], links, usage["output_tokens"]]


def everything(client: Ark) -> dict[str, Any]:
    """Create and wait, fail, list, cancel, make pictures, be refused."""
    tasks = client.content_generation.tasks
    first = made(client, "a cat", duration=5, return_last_frame=True, seed=7)
    second = made(client, "a dog [scenario:moderated]")
    third = made(client, "a cow [scenario:hold]")
    done, failed = ended(client, first), ended(client, second)
    found = tasks.list(page_size=10, task_ids=[first, second, third])
    tasks.delete(task_id=third)
    return {
        "done": done,
        "failed": failed,
        "listed": [found.total, *(one.id == first for one in found.items)],
        "cancelled": ended(client, third)["status"],
        "invalid": refused(lambda: made(client, "a cat", frames=30)),
        "pictures": pictures(client, "a cat"),
        "streamed": streamed(client, "a cat in pieces"),
        "no_picture": refused(lambda: pictures(client, "a cat [scenario:failed]")),
        "missing": refused(lambda: tasks.get(task_id="cgt-nobody")),
    }


def main() -> None:
    """Do everything."""
    url, key = sys.argv[1:]
    client = Ark(api_key=key, base_url=url)
    json.dump(everything(client), sys.stdout, default=str)


main()
