"""Bodies that the OpenAPI document shows. A test sends each one, and it must be accepted."""

from collections.abc import Mapping
from typing import Any

from tracker.providers.registry import PROVIDERS

_SHOWN = max(PROVIDERS.values(), key=lambda one: len(one.examples))
"""The provider that has the most examples."""

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

BULK: Mapping[str, Mapping[str, Any]] = {
    "say what cancelling all that waits would do": {"action": "cancel", "state": ["queued"]},
    "ask about two tasks now": {
        "action": "refresh",
        "ids": [
            "01990000-0000-7000-8000-000000000001",
            "01990000-0000-7000-8000-000000000002",
        ],
        "dry_run": False,
    },
}
"""For `POST /v1/tasks/actions`."""

KEY: Mapping[str, Mapping[str, Any]] = {
    "for a dashboard that only reads": {"name": "board", "scopes": ["tasks:read"]},
}
"""For `POST /v1/keys`."""

SUBMIT: Mapping[str, Mapping[str, Any]] = {
    title: {"provider": _SHOWN.name, **body} for title, body in _SHOWN.examples.items()
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
    "by external ids": {"external_task_ids": ["order-4711", "order-4712"], "provider": _SHOWN.name},
}
"""For `POST /v1/tasks/query`."""

REPLAY: Mapping[str, Mapping[str, Any]] = {
    "say what would come of it": {},
    "do it": {"dry_run": False},
}
"""For `POST /v1/receipts/{id}/replay`."""
ATTACH: Mapping[str, Mapping[str, Any]] = {
    "say what would come of it": {"task_id": "01990000-0000-7000-8000-000000000001"},
}
"""For `POST /v1/receipts/{id}/attach`."""
HOLD: Mapping[str, Mapping[str, Any]] = {
    "keep all tasks": {"reason": "audit of 2026"},
}
"""For `POST /v1/holds`."""
REREAD: Mapping[str, Mapping[str, Any]] = {
    "count what would change": {"provider": _SHOWN.name},
    "correct what came since": {
        "provider": _SHOWN.name,
        "since": "2026-11-01T00:00:00Z",
        "dry_run": False,
    },
}
"""For `POST /v1/rereads`."""
