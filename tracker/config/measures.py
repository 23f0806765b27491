"""Types of settings that are amounts: each within what can be computed with."""

from typing import Annotated

from pydantic import Field

LEAST_S = 0.001
"""Shorter pauses are none, and a loop that makes them does nothing else."""
Seconds = Annotated[float, Field(le=10 * 365 * 86400)]
"""Ten years at most: beyond some thousands of them no time can be computed."""
Bytes = Annotated[int, Field(le=1024**5)]
"""More than any disk has, and within what libraries count with."""
