"""Compares the body of an event that was sent with the shape that the OpenAPI document names."""

import json
from collections.abc import Mapping
from functools import cache

from pydantic import TypeAdapter

from tracker.domain.event_types import EventType
from tracker.web.api.event_views import EVENTS


def check_event(headers: Mapping[str, str], body: bytes) -> None:
    """Raises ValidationError where a request is an event of another shape.

    headers: names in lower case.
    """
    if "webhook-id" in headers:
        check_body(body)


def check_body(body: bytes) -> None:
    """Raises ValidationError where an event has another shape; bodies for Kling's clients pass."""
    event = json.loads(body)
    if isinstance(event, dict) and {"type", "timestamp", "data"} <= event.keys():
        _describe_shape(EventType(event["type"])).validate_json(body)


@cache
def _describe_shape(type_: EventType) -> TypeAdapter[object]:
    return TypeAdapter(EVENTS[type_][0])
