"""Where the sender may go: a value that answers for a host name and for an address (SPEC 5, egress policy).

Everything that is not the public internet is refused, so that a webhook cannot reach the cluster, the node or
a cloud's metadata service. An IPv6 address that carries an IPv4 one is judged as that IPv4: a translator or
tunnel would take the packet there. Must not: resolve names (`outbound` does, and asks here for each address).
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Sequence
from fnmatch import translate

_V4 = ipaddress.IPv4Address
_V6 = ipaddress.IPv6Address
_Address = ipaddress.IPv4Address | ipaddress.IPv6Address
_Network = ipaddress.IPv4Network | ipaddress.IPv6Network

_REMEMBERED = 4_096  # answers kept per policy; a cluster talks to far fewer hosts


def _table(rows: dict[str, str]) -> tuple[tuple[_Network, str], ...]:
    return tuple((ipaddress.ip_network(network), kind) for network, kind in rows.items())


# IANA special-purpose registries (RFC 6890 and updates); the first row that fits names the kind.
_REFUSED_V4 = _table(
    {
        "169.254.169.254/32": "a cloud metadata service",
        "169.254.170.0/24": "a cloud metadata service",
        "168.63.129.16/32": "a cloud metadata service",  # Azure's, at a public address
        "100.100.100.200/32": "a cloud metadata service",  # Alibaba's
        "192.0.0.192/32": "a cloud metadata service",  # Oracle's
        "0.0.0.0/8": "unspecified",
        "10.0.0.0/8": "private",
        "100.64.0.0/10": "carrier-grade NAT",
        "127.0.0.0/8": "loopback",
        "169.254.0.0/16": "link-local",
        "172.16.0.0/12": "private",
        "192.0.0.0/24": "reserved",
        "192.0.2.0/24": "for documentation",
        "192.88.99.0/24": "reserved",
        "192.168.0.0/16": "private",
        "198.18.0.0/15": "for benchmarks",
        "198.51.100.0/24": "for documentation",
        "203.0.113.0/24": "for documentation",
        "224.0.0.0/4": "multicast",
        "240.0.0.0/4": "reserved",
    }
)
_REFUSED_V6 = _table(
    {
        "fd00:ec2::254/128": "a cloud metadata service",
        "fd20:ce::254/128": "a cloud metadata service",
        "::/128": "unspecified",
        "::1/128": "loopback",
        "100::/64": "reserved",  # discard-only
        "2001:2::/48": "for benchmarks",
        "2001::/23": "reserved",  # protocol assignments; Teredo was judged before
        "2001:db8::/32": "for documentation",
        "3fff::/20": "for documentation",
        "fc00::/7": "private",
        "fe80::/10": "link-local",
        "fec0::/10": "private",  # site-local, deprecated and still in use
        "ff00::/8": "multicast",
    }
)
_GLOBAL_V6 = ipaddress.IPv6Network("2000::/3")  # nothing else is handed out as unicast


def _last_four(packed: bytes) -> list[bytes]:
    return [packed[12:]]


def _local_nat64(packed: bytes) -> list[bytes]:
    # RFC 8215 leaves the prefix length open. With /96 the IPv4 stands last; with a shorter one (RFC 6052) the
    # last three bytes are zero and the place is unknown: then 0.0.0.0 is judged, which is refused.
    return [packed[12:] if any(packed[13:]) else bytes(4)]


def _teredo(packed: bytes) -> list[bytes]:
    return [packed[4:8], bytes(byte ^ 0xFF for byte in packed[12:])]  # the server, and the client inverted


# Prefixes whose addresses stand for IPv4 ones, and where in the 16 bytes those are.
_EMBEDDED: tuple[tuple[ipaddress.IPv6Network, Callable[[bytes], list[bytes]]], ...] = (
    (ipaddress.IPv6Network("::ffff:0:0/96"), _last_four),  # mapped
    (ipaddress.IPv6Network("::ffff:0:0:0/96"), _last_four),  # translated (RFC 7915)
    (ipaddress.IPv6Network("64:ff9b::/96"), _last_four),  # NAT64
    (ipaddress.IPv6Network("64:ff9b:1::/48"), _local_nat64),
    (ipaddress.IPv6Network("2002::/16"), lambda packed: [packed[2:6]]),  # 6to4
    (ipaddress.IPv6Network("2001::/32"), _teredo),
    (ipaddress.IPv6Network("::/96"), _last_four),  # compatible, deprecated; `::` and `::1` are no IPv4
)
_ISATAP = bytes.fromhex(
    "005efe"
)  # RFC 5214 section 6.1: behind any prefix, which counts too, and a byte of two flags
_NO_IPV4 = (_V6("::"), _V6("::1"))


class EgressPolicy:
    """The operator's rules for outgoing connections; both questions cost a dictionary look-up once answered.

    `deny` are CIDRs that may not be reached though they are public, `allow` those that may be though they are not;
    what is in both is denied. `allow_hosts` and `deny_hosts` are globs
    of host names (`*.example.com`): a denied host is refused even when allowed, and once `allow_hosts` is set
    every other host is refused.
    Raises ValueError with one sentence for a CIDR or glob that cannot be read.
    """

    def __init__(
        self,
        allow: Sequence[str] = (),
        allow_hosts: Sequence[str] = (),
        deny_hosts: Sequence[str] = (),
        deny: Sequence[str] = (),
    ) -> None:
        self._allow = tuple(_network("allow", text) for text in allow)
        self._deny = tuple(_network("deny", text) for text in deny)
        self._allow_hosts = _globs("allowHosts", allow_hosts)
        self._deny_hosts = _globs("denyHosts", deny_hosts)
        self._hosts: dict[str, str | None] = {}
        self._addresses: dict[str, str | None] = {}

    def host_problem(self, host: str) -> str | None:
        """Why `host` (a name or an IPv4 literal) may not be called, in one sentence; None: it may."""
        return _remembered(self._hosts, host, self._judge_host)

    def address_problem(self, address: str) -> str | None:
        """Why `address` (IPv4 or IPv6 text) may not be connected to, in one sentence; None: it may."""
        return _remembered(self._addresses, address, self._judge_address)

    def _judge_host(self, host: str) -> str | None:
        name = host.rstrip(".").lower()
        if self._deny_hosts and self._deny_hosts.match(name):
            return f"The egress policy denies the host {host} (egress.denyHosts)."
        if self._allow_hosts and not self._allow_hosts.match(name):
            return f"The egress policy does not allow the host {host}: add it to egress.allowHosts."
        return None

    def _judge_address(self, text: str) -> str | None:
        try:
            address = ipaddress.ip_address(text)
        except ValueError:
            return f"{text} is not an IP address."
        judged = _judged(address)
        for one in dict.fromkeys((address, *judged)):
            if network := _network_of(one, self._deny):
                return f"The address {_said(text, address, one)} in {network}, which egress.deny refuses."
        for one in judged:
            kind = _kind(one)
            if kind is not None and not _network_of(one, self._allow):
                return (
                    f"The address {_said(text, address, one)} {kind} and the egress policy refuses it: "
                    f"an administrator can add its network to egress.allow."
                )
        return None


def _said(text: str, address: _Address, judged: _Address) -> str:
    """`10.0.0.1 is`, `::ffff:10.0.0.1 stands for 10.0.0.1, which is`."""
    return f"{text} is" if judged == address else f"{text} stands for {judged}, which is"


def _network_of(address: _Address, networks: tuple[_Network, ...]) -> _Network | None:
    """The first network that holds the address."""
    return next((each for each in networks if each.version == address.version and address in each), None)


def _remembered(memory: dict[str, str | None], key: str, judge: Callable[[str], str | None]) -> str | None:
    if key in memory:
        return memory[key]
    if len(memory) >= _REMEMBERED:  # an attacker's names must not fill the memory
        memory.clear()
    memory[key] = answer = judge(key)
    return answer


def _network(setting: str, text: str) -> _Network:
    try:
        return ipaddress.ip_network(text)
    except ValueError as error:
        raise ValueError(
            f"egress.{setting} holds {text!r}, which is not a network in CIDR form like 10.20.0.0/16: {error}."
        ) from None


def _globs(setting: str, globs: Sequence[str]) -> re.Pattern[str] | None:
    for glob in globs:
        if not re.fullmatch(r"[A-Za-z0-9.*?-]+", glob):
            raise ValueError(
                f"egress.{setting} holds {glob!r}, which is no host name with * like *.example.com."
            )
    if not globs:
        return None
    return re.compile("|".join(translate(glob.rstrip(".").lower()) for glob in globs))


def _judged(address: _Address) -> list[_Address]:
    """The addresses to judge in place of this one: the IPv4 ones that it stands for, else itself. All must pass."""
    if isinstance(address, _V4) or address in _NO_IPV4:
        return [address]
    for network, extract in _EMBEDDED:
        if address in network:
            return [_V4(packed) for packed in extract(address.packed)]
    if address.packed[8] < 4 and address.packed[9:12] == _ISATAP:
        return [address, _V4(address.packed[12:])]
    return [address]


def _kind(address: _Address) -> str | None:
    """The word for a refused address; None: public."""
    table = _REFUSED_V4 if isinstance(address, _V4) else _REFUSED_V6
    for network, kind in table:
        if address in network:
            return kind
    if isinstance(address, _V6) and address not in _GLOBAL_V6:
        return "reserved"
    return None
