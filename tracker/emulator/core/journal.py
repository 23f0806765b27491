"""Logs for the control routes: bounded, and trimmed so that they stay small."""

import hashlib
import json
import math
from collections import OrderedDict, deque
from collections.abc import Iterable
from typing import Generic, TypeVar

__all__ = ["BoundedDict", "Journal", "digest_of", "encode_json", "trim"]

Key = TypeVar("Key")
Value = TypeVar("Value")
Entry = TypeVar("Entry")

_LONGEST_TEXT = 200
_MOST_ITEMS = 50
_DEEPEST = 8


class Journal(Generic[Entry]):
    """A log that drops its oldest entries."""

    def __init__(self, most: int) -> None:
        """Keep at most this many entries."""
        self._entries: deque[Entry] = deque(maxlen=most)

    def add(self, entry: Entry) -> None:
        """Append one entry."""
        self._entries.append(entry)

    def list_newest(self, limit: int) -> list[Entry]:
        """Return the newest entries, oldest of them first."""
        if limit <= 0:
            return []
        return list(self._entries)[-limit:]

    def clear(self) -> None:
        """Forget everything."""
        self._entries.clear()


class BoundedDict(OrderedDict[Key, Value]):
    """Dict that drops its oldest keys."""

    def __init__(self, most: int, items: Iterable[tuple[Key, Value]] = ()) -> None:
        """Keep at most this many keys."""
        self._most = most
        super().__init__(items)

    def __setitem__(self, key: Key, value: Value) -> None:
        """Set one key; beyond the limit the oldest key goes."""
        super().__setitem__(key, value)
        if len(self) > self._most:
            self.popitem(last=False)


def trim(value: object, depth: int = 0) -> object:
    """Return a small copy that is valid JSON: long texts (base64) cut, odd floats named."""
    if isinstance(value, str):
        longer = len(value) > _LONGEST_TEXT
        return f"{value[:60]}… ({len(value)} characters)" if longer else value
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, dict | list) and depth >= _DEEPEST:
        return "…"
    if isinstance(value, dict):
        some = list(value.items())[:_MOST_ITEMS]
        return {str(trim(key)): trim(item, depth + 1) for key, item in some}
    if isinstance(value, list):
        return [trim(item, depth + 1) for item in value[:_MOST_ITEMS]]
    return value


def encode_json(value: object) -> bytes:
    """Return compact UTF-8 JSON. A lone surrogate is written as the escape that it was read as."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return text.encode("utf-8", "backslashreplace")


def digest_of(raw: bytes) -> str:
    """Return a short name for some bytes, equal for equal bytes."""
    return hashlib.sha256(raw).hexdigest()
