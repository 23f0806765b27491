"""A published client of MiniMax, unmodified, against our front.

`@ai-sdk/minimax` 3.0.45 from npm, which makes videos of v2.
"""

from collections.abc import Mapping

import pytest

from tests.clients.ai_sdk import check_front, run_ai_sdk
from tests.clients.conftest import Served

PATH = "/minimax"


@pytest.fixture(scope="module")
def more_settings(emulated: Served) -> Mapping[str, str]:
    return {
        "TRACKER_HAILUO_BASE_URL": f"{emulated.url}/hailuo",
        "TRACKER_HAILUO_API_KEY": emulated.key,
        "TRACKER_HAILUO_POLL_SPACING_S": "0.05",
    }


def test_ai_sdk_generates_videos_and_hears_of_a_failure(fronted: Served) -> None:
    [failed] = check_front(fronted, "minimax", PATH, "video/mp4")
    assert "get the contents of the file. (1027)" in failed["message"]


def test_ai_sdk_hears_why_it_is_refused(fronted: Served) -> None:
    [refused] = run_ai_sdk("minimax", fronted.url + PATH, "no-key", "a cat")
    assert refused["message"].endswith("(2049)")
