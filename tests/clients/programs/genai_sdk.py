"""Use `google-genai` from PyPI as its README does; print what it returned as JSON.

Arguments: base URL, base URL of a proxy that loses answers, key, and what to do: `gemini`,
`vertex`, `interactions`. A create that breaks is made once more by its caller.
"""

import json
import sys
import time
from collections.abc import Callable
from typing import Any

import google.genai
from google import genai
from google.genai import types
from google.oauth2.credentials import Credentials

PAUSE_S = 0.05
LONGEST_S = 120.0
MODEL = "veo-3.1-generate-preview"
OMNI = "gemini-omni-1.2-flash"
CUTS = 5
"""How many creates have their answers cut."""


def tried_twice(make: Callable[[], Any]) -> tuple[Any, bool]:
    """Return what a call brings, and whether it had to be made again."""
    try:
        return make(), False
    except Exception:  # noqa: BLE001 - each transport of the client has errors of its own
        return make(), True


def until_over(look: Callable[[], Any], is_over: Callable[[Any], bool]) -> Any:
    """Look until something is over."""
    deadline = time.monotonic() + LONGEST_S
    while not is_over(found := look()):
        if time.monotonic() > deadline:
            raise TimeoutError(str(found))
        time.sleep(PAUSE_S)  # it has no wait of its own
    return found


def finished(client: Any, prompt: str, **config: Any) -> Any:
    """Make videos, and poll their operation to its end."""
    made = generated(client, prompt, **config)
    return until_over(lambda: client.operations.get(made), lambda one: bool(one.done))


def generated(client: Any, prompt: str, **config: Any) -> Any:
    """Make videos."""
    return client.models.generate_videos(
        model=MODEL,
        source=types.GenerateVideosSource(prompt=prompt),
        config=types.GenerateVideosConfig(**config),
    )


def shown(operation: Any) -> dict[str, Any]:
    """Return what an operation says."""
    response = operation.response
    videos = [] if response is None else response.generated_videos or []
    return {
        "name": operation.name,
        "error": operation.error,
        "uris": [one.video.uri for one in videos],
        "filtered": response and response.rai_media_filtered_count,
        "reasons": response and response.rai_media_filtered_reasons,
    }


def videos(client: Any, losing: Any, key: str) -> dict[str, Any]:
    """Make two videos; fail in two ways; lose answers."""
    done = finished(client, f"a cat by {key}", number_of_videos=2)
    found = {
        "done": shown(done),
        "filtered": shown(finished(client, f"a dog by {key} [scenario:filtered]")),
        "failed": shown(finished(client, f"a fox by {key} [scenario:failed]")),
        "refused": refused(lambda: generated(client, "", number_of_videos=1)),
    }
    if key == "gemini":
        content = client.files.download(file=done.response.generated_videos[0])
        found["content"] = content[4:8].decode()
    lost = [
        tried_twice(lambda number=number: generated(losing, f"lost {key} {number:03}"))  # type: ignore[misc]
        for number in range(CUTS)
    ]
    found["repeated"] = sum(again for _, again in lost)
    return found


def refused(make: Callable[[], Any]) -> Any:
    """Return the code of the error that a call raises."""
    try:
        make()
    except Exception as problem:  # noqa: BLE001 - of another class in each part of the client
        return getattr(problem, "code", None) or getattr(problem, "status_code", str(problem))
    return None


def interactions(client: Any, losing: Any) -> dict[str, Any]:
    """Run one to its end, continue it, cancel another, fail, lose answers."""

    def begun(of: Any, text: str, **more: Any) -> Any:
        return of.interactions.create(model=OMNI, input=text, background=True, **more)

    def ended(made: Any) -> Any:
        return until_over(
            lambda: client.interactions.get(id=made.id),
            lambda one: one.status not in ("queued", "in_progress"),
        )

    done = ended(begun(client, "a cat of omni", labels={"team": "film"}))
    following = begun(client, "it rains", previous_interaction_id=done.id)
    held = begun(client, "a dog of omni [scenario:slow=30]")
    failed = ended(begun(client, "a fox of omni [scenario:failed]"))
    lost = [
        tried_twice(lambda number=number: begun(losing, f"lost interactions {number:03}"))  # type: ignore[misc]
        for number in range(CUTS)
    ]
    return {
        "status": done.status,
        "uri": done.output_video.uri,
        "labels": done.labels,
        "tokens": done.usage.total_tokens,
        "following": ended(following).status,
        "cancelled": client.interactions.cancel(id=held.id).status,
        "failed": failed.status,
        "missing": refused(lambda: client.interactions.get(id="nobody")),
        "repeated": sum(again for _, again in lost),
    }


def main() -> None:
    """Do what was asked for."""
    url, losing_url, key, *parts = sys.argv[1:]

    def by_key(address: str) -> Any:
        return genai.Client(api_key=key, http_options=types.HttpOptions(base_url=address))

    def by_token(address: str) -> Any:
        options = types.HttpOptions(base_url=address, api_version="v1beta1")
        return genai.Client(
            vertexai=True,
            project="emulated-project",
            location="us-central1",
            credentials=Credentials(key),
            http_options=options,
        )

    found: dict[str, Any] = {"version": google.genai.__version__}
    if "gemini" in parts:
        found["gemini"] = videos(by_key(url), by_key(losing_url), "gemini")
    if "vertex" in parts:
        found["vertex"] = videos(by_token(url), by_token(losing_url), "vertex")
    if "interactions" in parts:
        found["interactions"] = interactions(by_key(url), by_key(losing_url))
    json.dump(found, sys.stdout)


main()
