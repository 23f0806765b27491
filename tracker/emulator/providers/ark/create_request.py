"""Ark's creates: the checks of a body. No HTTP.

Source: https://www.volcengine.com/docs/82379/1520757, read 2026-11.
"""

from collections.abc import Mapping

from tracker.emulator.core.checks import (
    Check,
    Flaw,
    accept_flag,
    accept_integer,
    accept_text,
    accept_web_url,
    list_of,
    record,
)
from tracker.emulator.core.refusals import CodedRefusal

__all__ = ["SEEDS", "FieldRefusal", "check_create", "read_prompt"]

SEEDS = 2**32
_CONTENTS = ("text", "image_url", "video_url", "audio_url", "draft_task")


class FieldRefusal(CodedRefusal):
    """A refused call, with the field that is wrong."""

    def __init__(self, flaw: Flaw) -> None:
        """Take the mistake."""
        super().__init__(400, "InvalidParameter", str(flaw))
        self.param = flaw.path


def _check_content(value: object) -> Flaw | None:
    if not isinstance(value, dict) or not isinstance(kind := value.get("type"), str):
        return Flaw("type", "field required")
    if kind not in _CONTENTS:
        return Flaw("type", f"must be one of {', '.join(_CONTENTS)}")
    if kind == "text":
        return record({"text": accept_text(least=1, most=20_000)}, required=("text",))(value)
    needed = "id" if kind == "draft_task" else "url"
    return record(
        {kind: record({needed: accept_text(least=1)}, required=(needed,))}, required=(kind,)
    )(value)


def _check_frames(value: object) -> Flaw | None:
    flaw = accept_integer(least=29, most=289)(value)
    is_step = isinstance(value, int) and (value - 25) % 4 == 0
    return flaw or (None if is_step else Flaw("", "must be 25 and a multiple of 4"))


_CREATE: Check = record(
    {
        "model": accept_text(least=1),
        "content": list_of(_check_content, least=1),
        "callback_url": accept_web_url(),
        "return_last_frame": accept_flag,
        "execution_expires_after": accept_integer(least=3600, most=259_200),
        "duration": accept_integer(least=-1, most=30),
        "frames": _check_frames,
        "seed": accept_integer(least=-1, most=SEEDS - 1),
        "camera_fixed": accept_flag,
        "watermark": accept_flag,
        "generate_audio": accept_flag,
        "draft": accept_flag,
    },
    required=("model", "content"),
)


def check_create(body: Mapping[str, object]) -> None:
    """Raise FieldRefusal for a body that Ark would refuse."""
    flaw = _CREATE(dict(body))
    if flaw is not None:
        raise FieldRefusal(flaw)


def read_prompt(body: Mapping[str, object]) -> str:
    """Return the first text of a create; empty for none."""
    content = body.get("content")
    items = content if isinstance(content, list) else []
    texts = (item.get("text") for item in items if isinstance(item, dict))
    return str(next(filter(None, texts), ""))
