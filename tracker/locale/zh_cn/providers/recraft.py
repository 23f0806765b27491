"""Texts of Recraft's adapter."""

from collections.abc import Mapping
from types import MappingProxyType

TEXTS: Mapping[str, str] = MappingProxyType(
    {
        "excludes style and substyle": "不能与 style 和 substyle 同时给出",
    }
)
