"""Texts of Luma's adapters."""

from collections.abc import Mapping
from types import MappingProxyType

TEXTS: Mapping[str, str] = MappingProxyType(
    {
        "no id and state: this is not a generation": "没有 id 和 state：这不是 generation",
    }
)
