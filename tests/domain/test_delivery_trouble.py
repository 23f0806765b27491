"""Failed deliveries tell what stands in the way, and each way is told in both languages."""

import re

import click
import pytest

from tracker.cli.main import main
from tracker.domain.delivery_trouble import ADVICE, Trouble, read_trouble
from tracker.locale import SIMPLIFIED_CHINESE, translate

TOLD: tuple[tuple[int | None, str | None, Trouble], ...] = (
    (None, "ConnectError: All connection attempts failed", Trouble.UNREACHABLE),
    (
        None,
        "ConnectError: could not connect to any validated address: 127.0.0.1:9 (refused)",
        Trouble.UNREACHABLE,
    ),
    (None, "ConnectError: [Errno -2] Name or service not known", Trouble.NO_NAME),
    (None, "ConnectError: [Errno -3] Temporary failure in name resolution", Trouble.NO_NAME),
    (
        None,
        "ConnectError: [SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: expired",
        Trouble.CERTIFICATE,
    ),
    (None, "ConnectError: [SSL: WRONG_VERSION_NUMBER] wrong version number", Trouble.CUT),
    (None, "no whole answer within 15 s", Trouble.TOO_SLOW),
    (None, "ConnectTimeout", Trouble.TOO_SLOW),
    (None, "ReadError", Trouble.CUT),
    (None, "RemoteProtocolError: Server disconnected", Trouble.CUT),
    (None, "may not be called: 10.0.0.0/8 is Private-Use", Trouble.FORBIDDEN_ADDRESS),
    (None, "not sent: raised; see the log", Trouble.OTHER),
    (None, None, Trouble.OTHER),
    (302, "HTTP 302", Trouble.REDIRECTS),
    (401, "HTTP 401", Trouble.REFUSES),
    (410, "HTTP 410", Trouble.GONE),
    (500, "HTTP 500", Trouble.BREAKS),
    (199, "HTTP 199", Trouble.OTHER),
)


@pytest.mark.parametrize(("status", "error", "trouble"), TOLD)
def test_a_failure_tells_what_stands_in_the_way(
    status: int | None, error: str | None, trouble: Trouble
) -> None:
    assert read_trouble(status, error) is trouble


def test_each_trouble_is_told_what_mends_it_in_both_languages() -> None:
    assert {trouble for *_, trouble in TOLD} == set(Trouble) == set(ADVICE)
    untold = [one for one in ADVICE.values() if translate(one, SIMPLIFIED_CHINESE) == one]
    assert untold == []


def test_each_command_that_is_named_is_there() -> None:
    named = {found for one in ADVICE.values() for found in re.findall("`tracker ([^`]+)`", one)}
    assert named
    for words in named:
        command: click.Command | None = main
        for word in words.split():
            assert isinstance(command, click.Group)
            command = command.get_command(click.Context(command), word)
        assert command is not None, words
