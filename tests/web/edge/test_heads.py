"""Which values of a Host line are hosts."""

import pytest

from tests.support.hosts import HOSTS, NO_HOSTS
from tracker.web.edge.heads import is_host


@pytest.mark.parametrize("value", HOSTS)
def test_hosts_are_taken(value: bytes) -> None:
    assert is_host(value)


@pytest.mark.parametrize("value", NO_HOSTS)
def test_what_is_no_host_is_not(value: bytes) -> None:
    assert not is_host(value)
