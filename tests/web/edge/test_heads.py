"""Which values of a Host line are hosts."""

import pytest

from tests.support.hosts import HOSTS, NO_HOSTS
from tracker.web.edge.heads import HeadLimits, is_host


@pytest.mark.parametrize("value", HOSTS)
def test_hosts_are_taken(value: bytes) -> None:
    assert is_host(value)


@pytest.mark.parametrize("value", NO_HOSTS)
def test_what_is_no_host_is_not(value: bytes) -> None:
    assert not is_host(value)


@pytest.mark.parametrize(
    "target",
    [b"http://x/u@x", b"http://x?u@x", b"/http://u@x/", b"*", b"http://u@x", b"A://u:p@x/"],
)
def test_a_whole_url_as_the_target_holds_no_user(target: bytes) -> None:
    flaw = HeadLimits().find_flaw(target, [], version="1.1", hosts=[b"x"])
    assert (flaw is None) is not target.startswith((b"http://u", b"A"))
