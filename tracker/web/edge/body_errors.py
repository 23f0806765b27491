"""Why a body is not taken."""


class BodyTooLarge(Exception):
    """More bytes than are taken. limit: how many would have been."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"the body is larger than {limit} bytes")
        self.limit = limit


class BodyTooSlow(Exception):
    """The body did not arrive in time."""


class WrongMediaType(Exception):
    """The body is not said to be JSON."""
