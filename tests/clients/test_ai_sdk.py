"""`ai` 6 and 7 from npm with the packages of many providers, unmodified, against our fronts.

Its newest packages download results, and refuse links to this machine: some providers stand on a
host name here. Which versions run, the files of the providers say.
"""

from collections.abc import Iterator, Mapping

import pytest

from tests.clients.ai_sdk import AskedModel, FrontModel, check_file, check_fronts
from tests.clients.conftest import Served
from tests.support.service import KEEPING_FILES
from tests.support.tunnel import Tunnel

HOST = "provider.example"
PICTURE, VIDEO = "image/png", "video/mp4"
_FAL = "Error: .*Something went wrong"
_FLUX = "Black Forest Labs generation failed."
_LUMA = "AI_InvalidResponseDataError: Image generation failed."
_REPLICATE = "AI_APICallError: Invalid JSON response"
"""It reads nothing but `output`, and reports that this is no picture."""
MODELS = (
    FrontModel(
        "alibaba",
        "/dashscope",
        VIDEO,
        {"failed": "ALIBABA_VIDEO_GENERATION_FAILED: .*Something went wrong"},
    ),
    FrontModel("bytedance", "/ark/api/v3", VIDEO, {"failed": "BYTEDANCE_VIDEO_GENERATION_FAILED"}),
    *(
        model
        for is_newest in (False, True)
        for model in (
            FrontModel("fal", "/fal/run", PICTURE, {"failed": _FAL}, is_newest),
            FrontModel("fal-video", "/fal/proxy", VIDEO, {"failed": _FAL}, is_newest),
            # At Flux itself it waits for a moderated task until its own time is over.
            FrontModel(
                "flux",
                "/flux/v1",
                PICTURE,
                {"failed": _FLUX, "request_moderated": _FLUX},
                is_newest,
            ),
            FrontModel("luma", "/luma", PICTURE, {"failed": _LUMA}, is_newest),
            FrontModel(
                "replicate",
                "/replicate/v1",
                PICTURE,
                {"failed": "Replicate image generation failed" if is_newest else _REPLICATE},
                is_newest,
            ),
        )
    ),
    FrontModel("openai", "/openai/v1", PICTURE, {"cut_late": "it is not made again"}, True),
)


@pytest.fixture(scope="module")
def more_settings(emulated: Served) -> Iterator[Mapping[str, str]]:
    """Providers that are reached by a host name, which their links have too."""
    bases = {
        "FAL": "fal",
        "FLUX": "bfl/v1",
        "LUMA": "luma/dream-machine/v1",
        "REPLICATE": "replicate/v1",
    }
    with Tunnel({HOST: int(emulated.url.rpartition(":")[2])}) as tunnel:
        yield {
            **KEEPING_FILES,
            **{f"TRACKER_{name}_BASE_URL": f"http://{HOST}/{path}" for name, path in bases.items()},
            **{f"TRACKER_{name}_PROXY": tunnel.url for name in bases},
        }


def test_packages_make_files_through_fronts_and_hear_of_failures(
    emulated: Served, fronted: Served
) -> None:
    """And at some providers themselves."""
    failing = "a cat [scenario:failed]"
    besides = [
        AskedModel("flux", f"{emulated.url}/bfl/v1", emulated.key, ["a cat"]),
        AskedModel("luma", f"{emulated.url}/luma", emulated.key, ["a cat", failing]),
        AskedModel("replicate", f"{emulated.url}/replicate/v1", emulated.key, ["a cat", failing]),
    ]
    told = check_fronts(fronted, *MODELS, besides=besides, provider=fronted.provider)
    for made, *_ in told:
        check_file(made, PICTURE)
    failures = [f"{one['error']}: {one['message']}" for _, *failed in told for one in failed]
    assert failures == [_LUMA, _REPLICATE]
