"""The service's OpenAPI document, built once for all tests of a process: it takes a second."""

import copy
from functools import cache
from typing import Any

from tracker.web.api.openapi import build_document
from tracker.web.routes import ROUTES


def copy_document() -> dict[str, Any]:
    """Return a copy of the whole document, which whoever asked may change."""
    return copy.deepcopy(_build_document())


@cache
def _build_document() -> dict[str, Any]:
    return build_document(ROUTES)
