"""Public ids, made from their number in half the time that UUID's constructor takes."""

from uuid import UUID, SafeUUID

_new, _set, _SAFETY = object.__new__, object.__setattr__, SafeUUID.unknown


def build_id(number: int) -> UUID:
    """Return `UUID(int=number)` for a number of 128 bits, which is not checked.

    The constructor weighs six ways to spell an id, and every callback makes several. The two
    attributes are all that an id is (docs.python.org/3.11/library/uuid.html, 2026-11-29).
    """
    made = _new(UUID)
    _set(made, "int", number)
    _set(made, "is_safe", _SAFETY)
    return made
