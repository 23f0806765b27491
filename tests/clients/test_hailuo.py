"""A published client of MiniMax, unmodified, against our front.

`@ai-sdk/minimax` 3.0.45 from npm, which makes videos of v2.
"""

from collections.abc import Mapping

import pytest

from tests.clients.ai_sdk import AskedModel, FrontModel, check_fronts
from tests.clients.conftest import Served

PATH = "/minimax"


@pytest.fixture(scope="module")
def more_settings(emulated: Served) -> Mapping[str, str]:
    return {
        "TRACKER_HAILUO_BASE_URL": f"{emulated.url}/hailuo",
        "TRACKER_HAILUO_API_KEY": emulated.key,
        "TRACKER_HAILUO_POLL_SPACING_S": "0.05",
    }


def test_ai_sdk_generates_videos_and_hears_why_not(fronted: Served) -> None:
    failure = r"get the contents of the file. \(1027\)"
    unknown = AskedModel("minimax", fronted.url + PATH, "no-key", ["a cat"])
    model = FrontModel("minimax", PATH, "video/mp4", {"failed": failure})
    [[refused]] = check_fronts(fronted, model, besides=[unknown])
    assert refused["message"].endswith("(2049)")
