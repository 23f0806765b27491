"""The operator's list of networks that users' URLs may reach although they lie inside."""

import ipaddress

import pytest

from tracker.egress.policy import explain_refusal
from tracker.settings import Settings, SettingsError


@pytest.mark.parametrize(
    ("allow", "url", "is_allowed"),
    [
        ("10.1.0.0/16", "http://10.1.2.3/", True),
        ("10.1.0.0/16", "http://10.2.2.3/", False),
        ("127.0.0.1/32", "http://127.0.0.1:8080/", True),
        ("127.0.0.1/32", "http://127.0.0.2/", False),
        ("127.0.0.0/8", "http://localhost/", True),
        ("127.0.0.0/8", "http://2130706433/", False),
        ("127.0.0.0/8", "http://[::ffff:127.0.0.1]/", False),
        ("fd00::/8", "http://[fd00::1]/", True),
        ("10.0.0.0/8", "http://169.254.169.254/", False),
    ],
)
def test_an_allow_list_opens_what_it_names_and_no_more(
    allow: str, url: str, *, is_allowed: bool
) -> None:
    assert (explain_refusal(url, (allow,)) is None) == is_allowed


NEVER_MATCHING = [
    ("64:ff9b::/96", "the IPv4 network itself"),
    ("64:ff9b::10.0.0.0/104", "10.0.0.0/8"),
    ("64:ff9b::a00:1", "10.0.0.1/32"),
    ("::ffff:10.0.0.0/104", "10.0.0.0/8"),
    ("::ffff:127.0.0.1", "127.0.0.1/32"),
    ("::ffff:0:0/96", "the IPv4 network itself"),
    ("::a00:0/104", "10.0.0.0/8"),
    ("2002:a00::/24", "the IPv4 network itself"),
    ("2001::/32", "the IPv4 network itself"),
]
NO_NETWORK = [
    ("10.1.2.3/8", "write 10.0.0.0/8"),
    ("fd00::1/8", "write fd00::/8"),
    ("10.0.0.0/8 192.168.0.0/16", "separate several by commas"),
    ("10.0.0.1-10.0.0.9", "like 10.0.0.0/8"),
    ("hooks.internal", "like 10.0.0.0/8"),
    ("10.0.0.0/33", "like 10.0.0.0/8"),
    ("fe80::1%eth0/64", "write fe80::/64"),
    ("10.1", "like 10.0.0.0/8"),
]
NETWORKS = {
    "10.0.0.5": "10.0.0.5/32",
    "10.0.0.0/255.0.0.0": "10.0.0.0/8",
    "::1": "::1/128",
    "fd00:0::/8": "fd00::/8",
    "127.0.0.0/8": "127.0.0.0/8",
    "::/0": "::/0",
    "0.0.0.0/0": "0.0.0.0/0",
}


@pytest.mark.parametrize(("text", "words"), NEVER_MATCHING + NO_NETWORK)
def test_an_allow_list_that_can_never_match_stops_the_start_by_name(text: str, words: str) -> None:
    for value in (text, f"10.0.0.0/8, {text}"):
        with pytest.raises(SettingsError, match=r"^TRACKER_EGRESS_ALLOW: ") as refused:
            Settings.read_environment({"TRACKER_EGRESS_ALLOW": value})
        assert words in str(refused.value)
        assert (", " in value) == ("entry 2: " in str(refused.value))


@pytest.mark.parametrize(("text", "spelling"), NETWORKS.items())
def test_what_is_taken_into_an_allow_list_lets_through_what_it_names(
    text: str, spelling: str
) -> None:
    allow = Settings.read_environment({"TRACKER_EGRESS_ALLOW": text}).tracker_egress_allow
    assert allow == (spelling,)
    address = ipaddress.ip_network(spelling).network_address
    host = f"[{address}]" if address.version == 6 else str(address)
    assert explain_refusal(f"http://{host}/", allow) is None
    assert explain_refusal("http://8.8.8.8/", allow) is None
