"""The service's OpenAPI document, built once for all tests of a process: it takes a second."""

import copy
from functools import cache
from typing import Any

from tracker.web.api.openapi import build_document
from tracker.web.routes import ROUTES


def document() -> dict[str, Any]:
    """Return a copy of the whole document, which whoever asked may change."""
    return copy.deepcopy(_document())


@cache
def _document() -> dict[str, Any]:
    return build_document(ROUTES)
