"""Which addresses a user's URL may reach: nothing inside, whatever its spelling.

The table and the rules are ssrfguard's; what it lacks is added here. The check is made twice: on
the URL when it is given, and on the address really dialled at each connection.
"""

import ipaddress
import re
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from urllib.parse import urlsplit

from ssrfguard import (
    DEFAULT_DENIED,
    AddressTable,
    Block,
    Policy,
    Reach,
    SSRFGuardError,
    Verdict,
)

_AZURE = Block(
    ipaddress.ip_network("168.63.129.16/32"),
    "Azure's platform endpoint",
    "Microsoft Learn, What is IP address 168.63.129.16",
    Reach.DENIED,
    "a public address that only ever leads to the host's own control plane",
)
_SIIT = Block(
    ipaddress.ip_network("::ffff:0:0:0/96"),
    "IPv4-translated",
    "RFC 2765",
    Reach.DENIED,
    "stands for an IPv4 address behind a translator; nobody gives it as a place to call",
)
_ISATAP = frozenset({0x00005EFE, 0x02005EFE})
"""How the interface part of an ISATAP address begins; an IPv4 address follows (RFC 5214)."""


class _Table(AddressTable):
    """Also looks into what any prefix may carry: ISATAP is told by the interface part alone."""

    def classify(self, address: str | ipaddress.IPv4Address | ipaddress.IPv6Address) -> Verdict:
        """See AddressTable."""
        verdict = super().classify(address)
        low = int(verdict.address) & (1 << 64) - 1
        if verdict.blocked or verdict.address.version == 4 or low >> 32 not in _ISATAP:
            return verdict
        inner = super().classify(ipaddress.IPv4Address(low & 0xFFFFFFFF))
        return replace(verdict, blocked=inner.blocked, block=inner.block or verdict.block)


_TABLE = _Table((*DEFAULT_DENIED.blocks, _AZURE, _SIIT))
_V4_AT_END = ("::ffff:0:0/96", "::/96", "64:ff9b::/96")
"""Prefixes of IPv6 addresses whose last 32 bits are an IPv4 address."""
_ENCODED_ADDRESS = re.compile(r"(^|\.)(0x[0-9a-f]*|[0-9]+)\.?$", re.IGNORECASE)
"""A last label that no public name has: what resolvers read as an address in disguise."""
_LOCAL_NAME = re.compile(r"(^|\.)localhost\.?$", re.IGNORECASE)


def build_policy(url: str, allow: Sequence[str]) -> Policy:
    """Return the rules for one destination: any port, but only the one that its URL names.

    allow: networks in CIDR notation that are permitted although they lie inside.
    Raises ValueError when the URL has no usable port.
    """
    return _make_policy(_read_port(url), tuple(allow))


@lru_cache(maxsize=256)
def _make_policy(port: int, allow: tuple[str, ...]) -> Policy:
    """Make a policy. It costs half as much as a connection: all networks are compared with all."""
    return Policy(
        denied_networks=_TABLE,
        allowed_networks=tuple(ipaddress.ip_network(network) for network in allow),
        allowed_ports=frozenset({port}),
    )


def check_network(text: str) -> str:
    """Return one entry of the allow-list in its canonical spelling.

    Raises ValueError that says what to write where it is no network (then without its text, which
    may be a misplaced secret), or where `build_policy` would refuse every URL for it: a network of
    addresses that carry IPv4 ones (NAT64, 6to4, Teredo, IPv4-mapped) is never compared with the
    address that is really reached.
    """
    try:
        network = ipaddress.ip_network(text)
    except ValueError:
        raise ValueError(f"must be a network in CIDR notation{_suggest_network(text)}") from None
    try:
        Policy(denied_networks=_TABLE, allowed_networks=(network,))
    except ValueError:
        inner = _find_carried_ipv4(network)
        instead = f"write the IPv4 network, {inner}" if inner else "write the IPv4 network itself"
        raise ValueError(
            f"{network} can never match: its addresses stand for IPv4 addresses, and those are "
            f"what is compared; {instead}"
        ) from None
    return str(network)


def _suggest_network(text: str) -> str:
    try:
        meant = ipaddress.ip_network(text, strict=False)
        return f", without bits behind its prefix: write {meant}"
    except ValueError:
        return ", like 10.0.0.0/8; separate several by commas"


def _find_carried_ipv4(network: ipaddress.IPv4Network | ipaddress.IPv6Network) -> str | None:
    """Return the IPv4 network behind an IPv6 one that ends in it; None where there is no one."""
    is_at_end = any(network.network_address in ipaddress.ip_network(one) for one in _V4_AT_END)
    if network.version == 4 or not is_at_end or network.prefixlen <= 96:
        return None
    address = ipaddress.IPv4Address(int(network.network_address) & 0xFFFFFFFF)
    return str(ipaddress.ip_network((address, network.prefixlen - 96)))


def explain_refusal(url: str, allow: Sequence[str]) -> str | None:
    """Return why this URL will never be called; None when it may be. Looks no name up.

    allow: as for `build_policy`.
    """
    try:
        policy = build_policy(url, allow)
        host = policy.check_url(url).host
        if _LOCAL_NAME.search(host):
            policy.check_address("127.0.0.1")
        elif _ENCODED_ADDRESS.search(host) and not _is_address(host):
            return "may not be called: its host is an address in disguise; write it in plain form"
    except (SSRFGuardError, ValueError) as error:
        return f"may not be called: {str(error).removeprefix(f'{url!r} is not permitted: ')}"
    return None


def _read_port(url: str) -> int:
    parts = urlsplit(url)
    return parts.port or (80 if parts.scheme == "http" else 443)


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
