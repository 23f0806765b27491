"""The creates of the Dream Machine API: their paths, fields and echoes. A table and its reading.

Source: https://github.com/lumalabs/lumaai-python (src/lumaai/types), read 2026-11.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from tracker.emulator.core.checks import (
    Check,
    Flaw,
    accept_flag,
    accept_integer,
    accept_number,
    accept_one_of,
    accept_text,
    accept_web_url,
    list_of,
    record,
)

__all__ = ["LUMA_OPERATIONS", "LumaOperation"]

_SHAPE = accept_one_of("1:1", "16:9", "9:16", "4:3", "3:4", "21:9", "9:21")
_PROMPT = accept_text(least=3)
_RESOLUTION = accept_one_of("540p", "720p", "1080p", "4k")
_RAYS = accept_one_of("ray-2", "ray-flash-2", "ray-1-6")
_PHOTONS = accept_one_of("photon-1", "photon-flash-1")
_MEDIA = record({"url": accept_web_url()}, required=("url",))
_WEIGHTED = record(
    {"url": accept_web_url(), "weight": accept_number(least=0, most=1)}, required=("url",)
)
_MODES = [f"{word}_{strength}" for word in ("adhere", "flex", "reimagine") for strength in "123"]
_PLACEMENT = (
    *("grid_position_x", "grid_position_y", "x_start", "x_end", "y_start", "y_end"),
    *("resized_width", "resized_height"),
)


def _check_frame(value: object) -> Flaw | None:
    """Check a keyframe: a picture by its URL, or another generation by its id."""
    kind = value.get("type") if isinstance(value, dict) else None
    fields = {
        "type": accept_one_of("image", "generation"),
        "id": accept_text(least=1),
        "url": accept_web_url(),
    }
    return record(fields, required=("type", "id" if kind == "generation" else "url"))(value)


@dataclass(frozen=True, kw_only=True)
class LumaOperation:
    """One create."""

    name: str
    """The `generation_type` of the echoed request."""
    paths: tuple[str, ...]
    """Below `/generations`; the first is its own, others are older names."""
    kind: str
    """The `generation_type` of what it makes: video or image."""
    fields: Mapping[str, Check]
    required: tuple[str, ...] = ()
    defaults: Mapping[str, object] = field(default_factory=dict)
    """Of fields that are echoed although they were not sent."""

    @property
    def has_parent(self) -> bool:
        """Return whether it continues a generation that its path names."""
        return "{id}" in self.paths[0]

    def find_flaw(self, body: Mapping[str, object]) -> Flaw | None:
        """Return the first mistake of a body; unknown fields are none."""
        return record(self._all_fields, required=self.required)(body)

    def echo_of(self, body: Mapping[str, object]) -> Mapping[str, object]:
        """Return the request as answers and callbacks repeat it; unknown fields are left out."""
        known = {name: body[name] for name in self._all_fields if body.get(name) is not None}
        return {"callback_url": None, **self.defaults, **known, "generation_type": self.name}

    @property
    def _all_fields(self) -> Mapping[str, Check]:
        common = {"callback_url": accept_web_url(), "generation_type": accept_one_of(self.name)}
        return {**self.fields, **common}


_PROMPTED = {"prompt": _PROMPT}
_REFRAME = {
    "aspect_ratio": _SHAPE,
    "media": _MEDIA,
    **_PROMPTED,
    **dict.fromkeys(_PLACEMENT, accept_integer()),
}
_REFRAME_NEEDS = ("aspect_ratio", "media", "model")

_VIDEO = LumaOperation(
    name="video",
    paths=("/video",),
    kind="video",
    fields={
        "model": _RAYS,
        **_PROMPTED,
        "aspect_ratio": _SHAPE,
        "duration": accept_one_of("5s", "9s"),
        "resolution": _RESOLUTION,
        "keyframes": record({"frame0": _check_frame, "frame1": _check_frame}),
        "loop": accept_flag,
        "concepts": list_of(record({"key": accept_text(least=1)}, required=("key",))),
    },
    required=("model",),
    defaults={"aspect_ratio": "16:9", "keyframes": None, "loop": False},
)
LUMA_OPERATIONS = (
    _VIDEO,
    replace(_VIDEO, paths=("",), required=()),  # the older path: its first clients named no model
    LumaOperation(
        name="image",
        paths=("/image",),
        kind="image",
        fields={
            "model": _PHOTONS,
            **_PROMPTED,
            "aspect_ratio": _SHAPE,
            "image_ref": list_of(_WEIGHTED, most=4),
            "style_ref": list_of(_WEIGHTED),
            "character_ref": record(
                {"identity0": record({"images": list_of(accept_web_url(), least=1, most=4)})}
            ),
            "modify_image_ref": _WEIGHTED,
            "format": accept_one_of("jpg", "png"),
            "sync": accept_flag,
            "sync_timeout": accept_number(least=0),
        },
        required=("model",),
        defaults={"aspect_ratio": "16:9"},
    ),
    LumaOperation(
        name="modify_video",
        paths=("/video/modify",),
        kind="video",
        fields={
            "model": _RAYS,
            "media": _MEDIA,
            "mode": accept_one_of(*_MODES),
            "first_frame": _MEDIA,
            **_PROMPTED,
        },
        required=("media", "mode", "model"),
    ),
    LumaOperation(
        name="reframe_video",
        paths=("/video/reframe",),
        kind="video",
        fields={"model": _RAYS, **_REFRAME},
        required=_REFRAME_NEEDS,
    ),
    LumaOperation(
        name="reframe_image",
        paths=("/image/reframe",),
        kind="image",
        fields={"model": _PHOTONS, **_REFRAME},
        required=_REFRAME_NEEDS,
    ),
    LumaOperation(
        name="upscale_video",
        paths=("/{id}/upscale",),
        kind="video",
        fields={"resolution": _RESOLUTION},
    ),
    LumaOperation(
        name="add_audio",
        paths=("/{id}/audio",),
        kind="video",
        fields={**_PROMPTED, "negative_prompt": accept_text()},
    ),
)
