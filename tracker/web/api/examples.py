"""Bodies that the OpenAPI document shows. A test sends each one, and it must be accepted."""

from collections.abc import Mapping
from typing import Any

RESUBMIT: Mapping[str, Mapping[str, Any]] = {
    "say what a bad hour left behind": {
        "state": ["failed"],
        "error_code": "5001",
        "created_after": "2026-11-28T14:00:00Z",
        "created_before": "2026-11-28T15:00:00Z",
    },
    "submit it again": {"metadata": {"customer": 42}, "dry_run": False},
}
"""For `POST /v1/tasks/resubmit`."""

SUBMIT: Mapping[str, Mapping[str, Any]] = {
    "multi-image to video": {
        "provider": "kling",
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
        "provider": "kling",
        "operation": "videos/text2video",
        "input": {"prompt": "a cat on a windowsill, rain outside"},
        "external_task_id": "order-4711",
        "metadata": {"customer": 42, "trial": False},
        "webhook_url": "https://app.example.com/hooks/tasks",
        "deadline_s": 900,
    },
}
"""For `POST /v1/tasks`."""

ENDPOINT: Mapping[str, Mapping[str, Any]] = {
    "verdicts of one customer": {
        "url": "https://app.example.com/hooks/tracker",
        "description": "billing",
        "event_types": ["task.succeeded", "task.failed", "task.expired"],
        "metadata": {"customer": 42},
    },
    "everything, in order, names only": {
        "url": "https://example.com/hooks",
        "payload": "thin",
        "ordered": True,
    },
}
"""For `POST /v1/endpoints`."""
QUERY: Mapping[str, Mapping[str, Any]] = {
    "by ids": {"ids": ["01990000-0000-7000-8000-000000000001"]},
    "by external ids": {"external_task_ids": ["order-4711", "order-4712"], "provider": "kling"},
}
"""For `POST /v1/tasks/query`."""
