"""Public ids made from their number."""

import pickle
from uuid import UUID

import pytest

from tracker.domain.public_id import build_id


@pytest.mark.parametrize("number", [0, 1, 0x0190A1B2C3D47ABC8DEF0123456789AB, 2**128 - 1])
def test_an_id_made_from_its_number_is_one_that_the_constructor_makes(number: int) -> None:
    made, same = build_id(number), UUID(int=number)

    assert made == same
    assert hash(made) == hash(same)
    assert (str(made), repr(made), made.is_safe) == (str(same), repr(same), same.is_safe)
    assert pickle.loads(pickle.dumps(made)) == same
