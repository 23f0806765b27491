"""Submissions that the API's document shows."""

from collections.abc import Mapping
from typing import Any

EXAMPLES: Mapping[str, Mapping[str, Any]] = {
    "multi-image to video": {
        "operation": "videos/multi-image2video",
        "input": {
            "image_list": [
                {"image": "https://example.com/1.png"},
                {"image": "https://example.com/2.png"},
            ],
            "prompt": "根据参考图片生成连贯的动作视频",
            "mode": "std",
            "duration": "5",
        },
    },
    "text to video, named and labelled": {
        "operation": "videos/text2video",
        "input": {"prompt": "a cat on a windowsill, rain outside"},
        "external_task_id": "order-4711",
        "metadata": {"customer": 42, "trial": False},
        "webhook_url": "https://app.example.com/hooks/tasks",
        "deadline_s": 900,
    },
}
