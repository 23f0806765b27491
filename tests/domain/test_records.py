"""Copies of records with some fields changed."""

from dataclasses import field, replace
from itertools import combinations
from typing import Any

import pytest

from tracker.domain.records import record, replace_fields


@record
class _Point:
    x: int
    y: str = "y"
    more: tuple[int, ...] = field(default_factory=tuple)


_CHANGES: dict[str, Any] = {"more": (3,), "x": 2, "y": "z"}


@pytest.mark.parametrize("names", [n for k in range(4) for n in combinations(_CHANGES, k)])
def test_a_copy_is_what_replace_makes_and_leaves_the_original_alone(names: tuple[str, ...]) -> None:
    old = _Point(1, "y", (1, 2))
    changes = {name: _CHANGES[name] for name in names}
    assert replace_fields(old, **changes) == replace(old, **changes)
    assert old == _Point(1, "y", (1, 2))


def test_a_name_that_is_no_field_is_refused() -> None:
    with pytest.raises(TypeError, match="_Point has no field z"):
        replace_fields(_Point(1), z=1)
