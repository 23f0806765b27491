"""Creates of Midjourney proxies: their paths and fields. A table.

Sources: the submit controllers of https://github.com/novicezk/midjourney-proxy and
https://github.com/trueai-org/midjourney-proxy, read 2026-11.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from tracker.emulator.core.checks import (
    Check,
    Flaw,
    accept_flag,
    accept_integer,
    accept_one_of,
    accept_text,
    list_of,
    record,
)

__all__ = ["MIDJOURNEY_OPERATIONS", "MidjourneyOperation", "ProxyKind", "list_operations"]

_PICTURE = accept_text(least=1, most=100_000_000)
_PROMPT = accept_text(least=1)


class ProxyKind(StrEnum):
    """The proxies that are emulated; `plain` is trueai's, and takes the key in any header."""

    NOVICEZK = "novicezk"
    TRUEAI = "trueai"
    NEW_API = "new-api"
    PLAIN = "plain"


@dataclass(frozen=True, kw_only=True)
class MidjourneyOperation:
    """One create. action: of the tasks that it makes; None where it depends."""

    path: str
    fields: Mapping[str, Check]
    required: tuple[str, ...] = ()
    action: str | None = None
    is_open_alone: bool = False
    """True where gateways do not have it."""
    is_first: bool = False
    """True where the older of the open proxies has it too."""

    def find_flaw(self, body: Mapping[str, object]) -> Flaw | None:
        """Return the first mistake of a body; unknown fields are none."""
        common = {"state": accept_text(most=255), "notifyHook": accept_text(most=2000)}
        return record({**self.fields, **common}, required=self.required)(body)


def _check_name(value: object) -> Flaw | None:
    is_name = isinstance(value, str) and 0 < len(value) <= 64
    return None if is_name else Flaw("", "不能为空")


_CHANGES = accept_one_of("UPSCALE", "VARIATION", "REROLL")
MIDJOURNEY_OPERATIONS = (
    MidjourneyOperation(
        path="/submit/imagine",
        action="IMAGINE",
        is_first=True,
        fields={"prompt": _PROMPT, "base64Array": list_of(_PICTURE), "botType": accept_text()},
        required=("prompt",),
    ),
    MidjourneyOperation(
        path="/submit/blend",
        action="BLEND",
        is_first=True,
        fields={
            "base64Array": list_of(_PICTURE, least=2, most=5),
            "dimensions": accept_one_of("PORTRAIT", "SQUARE", "LANDSCAPE"),
        },
        required=("base64Array",),
    ),
    MidjourneyOperation(
        path="/submit/describe",
        action="DESCRIBE",
        is_first=True,
        fields={"base64": _PICTURE},
        required=("base64",),
    ),
    MidjourneyOperation(
        path="/submit/shorten", action="SHORTEN", fields={"prompt": _PROMPT}, required=("prompt",)
    ),
    MidjourneyOperation(
        path="/submit/change",
        is_first=True,
        fields={
            "taskId": _check_name,
            "action": _CHANGES,
            "index": accept_integer(least=1, most=4),
        },
        required=("taskId", "action"),
    ),
    MidjourneyOperation(
        path="/submit/simple-change",
        is_first=True,
        fields={"content": accept_text(least=3, most=80)},
        required=("content",),
    ),
    MidjourneyOperation(
        path="/submit/action",
        fields={"taskId": _check_name, "customId": accept_text(least=1)},
        required=("taskId", "customId"),
    ),
    MidjourneyOperation(
        path="/submit/modal",
        fields={"taskId": _check_name, "prompt": accept_text(), "maskBase64": _PICTURE},
        required=("taskId",),
    ),
    MidjourneyOperation(
        path="/submit/edits",
        action="EDIT",
        fields={"prompt": _PROMPT, "image": _PICTURE},
        required=("prompt", "image"),
    ),
    MidjourneyOperation(
        path="/submit/edit",
        action="EDIT",
        is_open_alone=True,
        fields={"prompt": _PROMPT, "image": _PICTURE},
        required=("prompt", "image"),
    ),
    MidjourneyOperation(
        path="/submit/retexture",
        action="RETEXTURE",
        is_open_alone=True,
        fields={"prompt": accept_text()},
    ),
    MidjourneyOperation(
        path="/submit/show", action="SHOW", is_open_alone=True, fields={"jobId": accept_text()}
    ),
    MidjourneyOperation(
        path="/submit/video",
        action="VIDEO",
        fields={
            "prompt": accept_text(),
            "image": _PICTURE,
            "endImage": _PICTURE,
            "motion": accept_one_of("low", "high"),
            "loop": accept_flag,
            "batchSize": accept_integer(least=1, most=4),
            "taskId": _check_name,
            "index": accept_integer(least=0, most=3),
        },
    ),
    MidjourneyOperation(
        path="/insight-face/swap",
        action="SWAP_FACE",
        fields={"sourceBase64": _PICTURE, "targetBase64": _PICTURE},
        required=("sourceBase64", "targetBase64"),
    ),
)


def list_operations(kind: ProxyKind) -> list[MidjourneyOperation]:
    """Return the creates that a kind of proxy has."""
    return [
        one
        for one in MIDJOURNEY_OPERATIONS
        if (one.is_first or kind is not ProxyKind.NOVICEZK)
        and not (one.is_open_alone and kind is ProxyKind.NEW_API)
    ]
