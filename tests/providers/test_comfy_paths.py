"""Paths of ComfyUI's proxy, as its nodes call them: each leads to the operation that is meant.

Source: https://github.com/comfyanonymous/ComfyUI (comfy_api_nodes), read 2026-11-30.
"""

import pytest

from tests.providers.support import NOW
from tracker.providers.ports.commands import Create, Get
from tracker.providers.ports.front_call import FrontCall
from tracker.providers.registry import PROVIDERS

CREATES = [
    ("flux", "/proxy/bfl", "flux-pro-1.1-ultra/generate", "flux-pro-1.1-ultra"),
    ("openai", "/proxy/openai", "images/generations", "images/generations"),
    ("recraft", "/proxy/recraft", "image_generation", "images/generations"),
    ("recraft", "/proxy/recraft", "images/removeBackground", "images/removeBackground"),
    (
        "stability",
        "/proxy/stability",
        "v2beta/stable-image/generate/ultra",
        "stable-image/generate/ultra",
    ),
    (
        "wan",
        "/proxy/wan",
        "api/v1/services/aigc/text2image/image-synthesis",
        "text2image/image-synthesis",
    ),
    ("hailuo", "/proxy/minimax", "video_generation", "v1/video_generation"),
    ("hailuo", "/proxy/minimax", "v2/video_generation", "v2/video_generation"),
    ("vidu", "/proxy/vidu", "start-end2video", "start-end2video"),
]
LOOKS = [
    ("hailuo", "query/video_generation?task_id"),
    ("hailuo", "files/retrieve?file_id"),
    ("hailuo", "v2/query/video_generation/one"),
    ("vidu", "tasks/one/creations"),
    ("wan", "api/v1/tasks/one"),
]


@pytest.mark.parametrize(("provider", "prefix", "path", "operation"), CREATES)
def test_a_create_of_a_node_is_the_operation(
    provider: str, prefix: str, path: str, operation: str
) -> None:
    front = PROVIDERS[provider].front
    assert front is not None
    assert prefix in front.prefixes
    command = front.read(FrontCall("POST", path, NOW, body={"prompt": "a cat"}))
    assert isinstance(command, Create)
    assert command.operation == operation


@pytest.mark.parametrize(("provider", "path"), LOOKS)
def test_a_node_finds_its_task(provider: str, path: str) -> None:
    front = PROVIDERS[provider].front
    assert front is not None
    path, _, field = path.partition("?")
    query = [(field, "one")] if field else []
    command = front.read(FrontCall("GET", path, NOW, query=query))
    assert isinstance(command, Get)
    assert list(command.names) == ["one"]
