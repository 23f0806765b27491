"""Create by published clients from PyPI whose answers are cut; print the ids as JSON.

Arguments: a file with the address of each client, a key, how many creates of each; the prompts are
`NAME cut 0` and so on. A create that raises is made once more by its caller. The first goes alone,
the others some at a time. Clients that repeat a create by themselves do so without their pauses.
"""

import contextlib
import json
import os
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

AT_ONCE = 8
Make = Callable[[str], Any]
"""Creates from a prompt; returns an id."""
VEO = "veo-3.1-generate-preview"
PICTURE = ("cat.png", b"\x89PNG\r\n\x1a\n", "image/png")


def ark(url: str, key: str, kind: str) -> Make:
    """volcengine-ark-runtime. kind: tasks or images."""
    from volcenginesdkarkruntime import Ark  # noqa: PLC0415 - each client is loaded when asked for

    client = Ark(api_key=key, base_url=url)
    if kind == "images":
        images, drawn_by = client.images, "doubao-seedream-4-0-250828"
        return lambda text: [text, len(images.generate(model=drawn_by, prompt=text).data)]
    tasks = client.content_generation.tasks
    model = "doubao-seedance-1-5-pro-251215"
    return lambda text: tasks.create(model=model, content=[{"type": "text", "text": text}]).id


def blackforest(url: str, key: str) -> Make:
    """blackforest."""
    from blackforest import BFLClient  # noqa: PLC0415

    client = BFLClient(api_key=key, base_url=url)
    return lambda text: client.generate("flux-pro-1.1", {"prompt": text}).id


def dashscope(url: str, key: str) -> Make:
    """dashscope."""
    import dashscope as client  # noqa: PLC0415

    client.base_http_api_url = url
    video = client.VideoSynthesis
    return lambda text: video.async_call(api_key=key, model="wan2.6-t2v", prompt=text).output[
        "task_id"
    ]


def fal(url: str, key: str) -> Make:
    """fal_client; the address is a host, and the file of its authority."""
    host, authority = url.split("#")
    os.environ |= {
        "FAL_QUEUE_RUN_HOST": host,
        "FAL_RUN_HOST": f"{host}/run",
        "SSL_CERT_FILE": authority,
    }
    import fal_client  # noqa: PLC0415 - it reads the environment

    client = fal_client.SyncClient(key=key)
    return lambda text: client.submit("fal-ai/flux/dev", {"prompt": text}).request_id


def jimeng(url: str, key: str) -> Make:
    """volcengine; the address is a host."""
    from volcengine.visual.VisualService import VisualService  # noqa: PLC0415

    service = VisualService()
    service.set_scheme("http")
    service.set_host(url)
    service.set_ak(key)
    service.set_sk("unused")
    model = "jimeng_t2i_v40"
    return lambda text: service.cv_sync2async_submit_task({"req_key": model, "prompt": text})[
        "data"
    ]["task_id"]


def genai(url: str, key: str, kind: str) -> Make:
    """google-genai. kind: gemini, vertex or interactions."""
    from google import genai as client  # noqa: PLC0415
    from google.genai import types  # noqa: PLC0415
    from google.oauth2.credentials import Credentials  # noqa: PLC0415

    if kind == "vertex":
        made = client.Client(
            vertexai=True,
            project="emulated-project",
            location="us-central1",
            credentials=Credentials(key),
            http_options=types.HttpOptions(base_url=url, api_version="v1beta1"),
        )
    else:
        made = client.Client(api_key=key, http_options=types.HttpOptions(base_url=url))
    if kind == "interactions":
        model = "gemini-omni-1.2-flash"
        return lambda text: made.interactions.create(model=model, input=text, background=True).id
    return lambda text: (
        made.models.generate_videos(model=VEO, source=types.GenerateVideosSource(prompt=text)).name
    )


def openai(url: str, key: str, kind: str) -> Make:
    """Openai. kind: images, responses or videos."""
    from openai import OpenAI  # noqa: PLC0415

    client = OpenAI(api_key=key, base_url=url)
    if kind == "responses":
        return lambda text: client.responses.create(model="gpt-6", input=text, background=True).id
    if kind == "videos":
        return lambda text: (
            client.videos.create(model="sora-2", prompt=text, input_reference=PICTURE).id
        )
    images = client.images
    return lambda text: [text, len(images.generate(model="gpt-image-2", prompt=text).data or [])]


def luma(url: str, key: str) -> Make:
    """lumaai."""
    from lumaai import LumaAI  # noqa: PLC0415

    videos = LumaAI(auth_token=key, base_url=url).generations.video
    return lambda text: videos.create(model="ray-2", prompt=text).id


def replicate(url: str, key: str) -> Make:
    """replicate; the address is without `/v1`."""
    from replicate import Client  # noqa: PLC0415

    predictions = Client(api_token=key, base_url=url).models.predictions
    return lambda text: predictions.create("acme/picture", input={"prompt": text}).id


def zai(url: str, key: str) -> Make:
    """zai-sdk."""
    from zai import ZhipuAiClient  # noqa: PLC0415

    videos = ZhipuAiClient(api_key=key, base_url=url, disable_token_cache=True).videos
    return lambda text: videos.generations(model="cogvideox-3", prompt=text).id


def client_of(name: str, url: str, key: str) -> Make:
    """Return what creates. name: `pypi`, a function above, perhaps a kind."""
    _, function, *kind = name.split(".")
    made: Make = globals()[function](url, key, *kind)
    return made


def created(make: Make, prompt: str) -> Any:
    """Create; where that breaks, once more."""
    try:
        return make(prompt)
    except Exception:  # noqa: BLE001 - each client has errors of its own
        return make(prompt)


def main() -> None:
    """Create by each client in turn."""
    file, key, *counts = sys.argv[1:]
    clients = json.loads(Path(file).read_text())
    time.sleep = lambda _seconds: None  # they pause before a repeat
    told: dict[str, list[Any]] = {}
    with (
        contextlib.redirect_stdout(sys.stderr),  # some print
        ThreadPoolExecutor(AT_ONCE) as pool,
    ):
        for (name, url), count in zip(clients.items(), counts, strict=True):
            make = partial(created, client_of(name, url, key))
            first, *more = (f"{name} cut {number}" for number in range(int(count)))
            told[name] = [make(first), *pool.map(make, more)]
    json.dump(told, sys.stdout, default=str)


main()
