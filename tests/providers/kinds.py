"""Kinds of upstream that adapters are tried against, and what each makes."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

PICTURE_URL = "https://pictures.example/a.png"
PICTURE_DATA = "data:image/png;base64,iVBORw0KGgo="


@dataclass(frozen=True)
class Kind:
    """One kind of upstream of a provider, and something that it makes.

    address: of its emulator, below the emulator's host.
    options: of the account, besides address and key.
    """

    provider: str
    address: str
    operation: str
    input: Mapping[str, Any]
    options: Mapping[str, Any] = field(default_factory=dict)


KINDS: Mapping[str, Kind] = {
    "luma": Kind(
        "luma",
        "/luma/dream-machine/v1",
        "generations/video",
        {"model": "ray-2", "prompt": "a cat"},
    ),
    "luma at a gateway": Kind("luma", "/luma", "generations/web", {"user_prompt": "a cat"}),
    "luma agents": Kind(
        "luma",
        "/luma-agents/v1",
        "agents/generations",
        {"type": "video", "model": "ray-3.2", "prompt": "a cat"},
        {"profile": "agents"},
    ),
    "runway at kie": Kind(
        "runway",
        "/runway-kie/api/v1",
        "runway/generate",
        {"prompt": "a cat", "duration": 5, "quality": "720p", "aspectRatio": "16:9"},
        {"profile": "kie"},
    ),
    "aleph at kie": Kind(
        "runway",
        "/runway-kie/api/v1",
        "aleph/generate",
        {"prompt": "a cat", "videoUrl": "https://videos.example/a.mp4"},
        {"profile": "kie"},
    ),
    "runway by feed": Kind(
        "runway", "/runway-feed", "pro/generate", {"prompt": "a cat"}, {"profile": "feed"}
    ),
    "runway with numbers": Kind(
        "runway",
        "/uniapp-service/api/runway",
        "add",
        {
            "taskType": "gen3a_turbo",
            "images": [{"frameIndex": 0, "image": PICTURE_URL}],
            "ratio": "16:9",
            "seconds": 5,
            "textPrompt": "a cat",
        },
    ),
    "domo by its bot": Kind(
        "domo", "/domo-discord/v1", "gen", {"prompt": "a cat"}, {"profile": "discord"}
    ),
    "midjourney": Kind("midjourney", "/mj", "imagine", {"prompt": "a cat"}),
    "domo": Kind("domo", "/domo/v1", "video/text2video", {"prompt": "a cat", "seconds": 5}),
    "openai videos": Kind(
        "openai", "/openai/v1", "videos", {"model": "sora-2", "prompt": "a cat", "seconds": "4"}
    ),
    "openai rows": Kind(
        "openai", "/openai/v1", "video/generations", {"model": "sora-2", "prompt": "a cat"}
    ),
    "openai unified": Kind(
        "openai", "/openai/v1", "video/create", {"model": "veo3.1-fast", "prompt": "a cat"}
    ),
    "openai tasks": Kind(
        "openai",
        "/openai/v1",
        "videos",
        {"model": "sora-2", "prompt": "a cat"},
        {"profile": "tasks"},
    ),
    "pika at a gateway": Kind("pika", "/pika", "generate", {"promptText": "a cat"}),
    "pika in comfy": Kind("pika", "/proxy/pika", "2.2/t2v", {"promptText": "a cat", "seed": 7}),
    "chat": Kind(
        "chat",
        "/chat/v1",
        "chat/completions",
        {"model": "suno-v3.5", "messages": [{"role": "user", "content": "a song"}]},
    ),
    "replicate": Kind(
        "replicate",
        "/replicate/v1",
        "models/acme/pic",
        {"input": {"prompt": "a cat", "num_outputs": 2}},
    ),
    "cogvideox": Kind(
        "cogvideox",
        "/cogvideox/api/paas/v4",
        "videos/generations",
        {"model": "cogvideox-3", "prompt": "a cat"},
    ),
    "cogvideox at a gateway": Kind(
        "cogvideox",
        "/cogvideox/v4",
        "videos/generations",
        {"model": "cogvideox-3", "prompt": "a cat"},
    ),
    "ark": Kind(
        "ark",
        "/ark/api/v3",
        "contents/generations/tasks",
        {
            "model": "doubao-seedance-1-5-pro-251215",
            "content": [{"type": "text", "text": "a cat"}],
            "duration": 5,
        },
    ),
    "hailuo": Kind(
        "hailuo",
        "/hailuo",
        "v1/video_generation",
        {"model": "MiniMax-Hailuo-2.3", "prompt": "a cat"},
    ),
    "wan": Kind(
        "wan",
        "/wan/api/v1",
        "video-generation/video-synthesis",
        {"model": "wan2.6-t2v", "input": {"prompt": "a cat"}},
    ),
    "vidu": Kind(
        "vidu",
        "/vidu",
        "text2video",
        {"model": "viduq2-pro", "prompt": "a cat", "duration": 5, "payload": "theirs"},
    ),
    "fal": Kind("fal", "/fal", "fal-ai/flux/dev", {"input": {"prompt": "a cat", "num_images": 2}}),
    "veo": Kind(
        "veo",
        "/veo/v1beta",
        "predictLongRunning",
        {"model": "veo-3.1-generate-preview", "instances": [{"prompt": "a cat"}]},
    ),
    "interactions": Kind(
        "veo",
        "/veo/v1beta",
        "interactions",
        {"model": "gemini-omni-1.2-flash", "input": "a cat"},
    ),
    "flux": Kind("flux", "/bfl/v1", "flux-2-pro", {"prompt": "a cat"}),
    "jimeng at a relay": Kind("jimeng", "/jimeng", "jimeng_t2i_v40", {"prompt": "a cat"}),
    "flux at a gateway": Kind("flux", "/flux/v1", "flux-2-pro", {"prompt": "a cat"}),
    "runway": Kind(
        "runway",
        "/runway/official",
        "image_to_video",
        {"model": "gen4_turbo", "promptImage": PICTURE_URL, "promptText": "a cat", "duration": 5},
    ),
    "runway at a gateway": Kind(
        "runway",
        "/runwayml",
        "image_to_video",
        {"model": "gen3a_turbo", "promptImage": PICTURE_URL, "promptText": "a cat"},
    ),
    "stability": Kind(
        "stability",
        "/stability",
        "stable-image/upscale/creative",
        {"image": PICTURE_DATA, "prompt": "a cat"},
    ),
    "stability at once": Kind(
        "stability", "/stability", "stable-image/generate/core", {"prompt": "a cat"}
    ),
    "runway of the web": Kind(
        "runway",
        "/runway",
        "tasks",
        {"taskType": "gen3a_turbo", "options": {"seconds": 5, "text_prompt": "a cat"}},
    ),
}

RUNWAYS = ["runway", "runway at a gateway", "runway of the web"]
COGVIDEOS = ["cogvideox", "cogvideox at a gateway"]
PIKAS = ["pika at a gateway", "pika in comfy"]
VIDEOS = ["openai videos", "openai rows", "openai unified", "openai tasks"]
FLUXES = ["flux", "flux at a gateway"]
CALLING = ["luma", "replicate"]
"""Kinds that call back."""
POLLED = [
    *RUNWAYS,
    *COGVIDEOS,
    *PIKAS,
    *VIDEOS,
    *FLUXES,
    "ark",
    "jimeng at a relay",
    "luma at a gateway",
    "luma agents",
    "runway at kie",
    "aleph at kie",
    "runway with numbers",
    "runway by feed",
    "domo",
    "fal",
    "hailuo",
    "interactions",
    "veo",
    "stability",
    "vidu",
    "wan",
]
"""Kinds that polls are enough for."""
