"""Use pictures and responses of `openai` from PyPI as its README does; print what came as JSON.

Arguments: base URL, key, a prompt.
"""

import base64
import json
import sys
import time
from typing import Any

import openai
from openai import OpenAI

PICTURE = ("cat.png", b"\x89PNG\r\n\x1a\n", "image/png")
MODEL = "gpt-image-2.5-sunburst"
LONGEST_S = 120


def head(text: str | None) -> str:
    """Return the beginning of a file in base64, as a text."""
    return base64.b64decode(text or "")[1:4].decode()


def created(client: OpenAI, prompt: str) -> dict[str, Any]:
    """Make one picture."""
    made = client.images.generate(model=MODEL, prompt=prompt, size="1024x1024", n=1)
    return {"heads": [head(one.b64_json) for one in made.data or []], "usage": made.usage}


def streamed(client: OpenAI, prompt: str) -> list[list[str]]:
    """Make one picture with previews; return each event's type, and the beginning of its file."""
    events = client.images.generate(model=MODEL, prompt=prompt, stream=True, partial_images=1)
    return [[event.type, head(event.b64_json)] for event in events]


def failures(client: OpenAI, prompt: str) -> dict[str, Any]:
    """Return the class and the code of what a refused and a broken create raise."""
    found = {}
    for scenario in ("refused", "cut_late"):
        try:
            client.images.generate(model=MODEL, prompt=f"{prompt} [scenario:{scenario}]")
        except openai.APIStatusError as problem:
            found[scenario] = [type(problem).__name__, problem.code]
    try:
        list(client.images.generate(model=MODEL, prompt=f"{prompt} [scenario:failed]", stream=True))
    except openai.APIError as problem:
        found["stream"] = [type(problem).__name__, problem.code]
    return found


def responded(client: OpenAI, prompt: str, tools: Any) -> Any:
    """Make a response in the background, and ask for it until its end."""
    made = client.responses.create(
        model="gpt-6", input=prompt, background=True, tools=tools, metadata={"task": "t1"}
    )
    return ended(client, made)


def ended(client: OpenAI, made: Any) -> Any:
    """Ask for a response until its end."""
    until = time.monotonic() + LONGEST_S
    while made.status in ("queued", "in_progress") and time.monotonic() < until:
        time.sleep(0.05)  # it has no wait of its own
        made = client.responses.retrieve(made.id)
    return made


def whole_life(client: OpenAI, prompt: str) -> dict[str, Any]:
    """Create, stream, edit, vary, fail; respond, fail, cancel."""
    tools = [{"type": "image_generation", "size": "1024x1024"}]
    edited = client.images.edit(model=MODEL, prompt=f"{prompt} in a hat", image=PICTURE)
    varied = client.images.create_variation(image=PICTURE, n=2)
    done = responded(client, prompt, tools)
    held = client.responses.create(
        model="gpt-6", input=f"{prompt} [scenario:hold]", background=True, tools=tools
    )
    cancelled = client.responses.cancel(held.id)
    return {
        "created": created(client, prompt),
        "streamed": streamed(client, f"{prompt} by and by"),
        "edited": head((edited.data or [])[0].b64_json),
        "varied": [head(one.b64_json) for one in varied.data or []],
        "failures": failures(client, prompt),
        "response": [done.status, done.metadata, head(done.output[0].result)],
        "failed": responded(client, f"{prompt} [scenario:failed]", tools).error.code,
        "cancelled": ended(client, cancelled).status,
    }


def main() -> None:
    """Do everything."""
    url, key, prompt = sys.argv[1:]
    client = OpenAI(api_key=key, base_url=url)
    json.dump(whole_life(client, prompt), sys.stdout, default=str)


main()
