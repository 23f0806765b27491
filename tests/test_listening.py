"""The sockets that tests listen on."""

import pytest

from tests.support.service import listen


def test_a_port_that_is_taken_leaves_no_socket_open() -> None:
    with listen() as taken:
        with pytest.raises(OSError, match="Address already in use") as refused:
            listen(taken.getsockname()[1])
        assert refused.traceback[-1].frame.f_locals["listener"].fileno() == -1
