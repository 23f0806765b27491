"""Kling's adapter, held to what every adapter must do and to what was recorded."""

from tests.providers.provider_contract import (
    CallbackContract,
    CallbackUrlContract,
    OwnIdContract,
    PollContract,
    ProbeContract,
    RenderContract,
    SubmitContract,
)
from tests.providers.recorded import RecordedContract
from tests.support.requests import EXAMPLE
from tracker.providers.registry import PROVIDERS


class TestKling(
    SubmitContract,
    CallbackUrlContract,
    OwnIdContract,
    PollContract,
    CallbackContract,
    RenderContract,
    ProbeContract,
    RecordedContract,
):
    provider = PROVIDERS["kling"]
    inputs = {  # noqa: RUF012 - read only
        "videos/multi-image2video": EXAMPLE,
        "videos/text2video": {"prompt": "rain"},
        "images/generations": {"prompt": "rain", "n": 3},
    }
