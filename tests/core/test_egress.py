"""The egress policy: what is refused, what stands for what, and what an administrator can say."""

import pytest

from hookwright.core.egress import EgressPolicy

PUBLIC = ["8.8.8.8", "1.1.1.1", "172.15.255.255", "172.32.0.0", "100.63.255.255", "100.128.0.0", "198.20.0.0"]
PUBLIC_V6 = ["2606:4700::1111", "2a00:1450:4001:80b::200e", "2001:4860:4860::8888"]

REFUSED = {
    "0.0.0.0": "unspecified",
    "0.1.2.3": "unspecified",
    "10.0.0.1": "private",
    "10.255.255.255": "private",
    "100.64.0.1": "carrier-grade NAT",
    "100.100.100.200": "metadata",
    "100.127.255.255": "carrier-grade NAT",
    "127.0.0.1": "loopback",
    "127.255.255.254": "loopback",
    "168.63.129.16": "metadata",
    "169.254.1.1": "link-local",
    "169.254.169.254": "metadata",
    "169.254.170.2": "metadata",
    "172.16.0.1": "private",
    "172.31.255.255": "private",
    "192.0.0.8": "reserved",
    "192.0.0.192": "metadata",
    "192.0.2.1": "documentation",
    "192.88.99.1": "reserved",
    "192.168.1.1": "private",
    "198.18.0.1": "benchmarks",
    "198.51.100.7": "documentation",
    "203.0.113.7": "documentation",
    "224.0.0.1": "multicast",
    "239.255.255.255": "multicast",
    "240.0.0.1": "reserved",
    "255.255.255.255": "reserved",
    "::": "unspecified",
    "::1": "loopback",
    "100::1": "reserved",
    "2001:2::1": "benchmarks",
    "2001:10::1": "reserved",
    "2001:db8::1": "documentation",
    "3fff::1": "documentation",
    "4000::1": "reserved",
    "5f00::1": "reserved",
    "fc00::1": "private",
    "fd00:ec2::254": "metadata",
    "fd12:3456::1": "private",
    "fe80::1": "link-local",
    "fe80::1%eth0": "link-local",
    "fec0::1": "private",
    "ff02::1": "multicast",
}

EMBEDDED = {
    "mapped": "::ffff:{dotted}",
    "translated": "::ffff:0:{hex}",
    "compatible": "::{dotted}",
    "NAT64": "64:ff9b::{hex}",
    "local NAT64": "64:ff9b:1::{hex}",
    "local NAT64 with a subnet": "64:ff9b:1:abcd::{hex}",
    "6to4": "2002:{hex}::1",
    "Teredo client": "2001:0:0808:0808:0:0:{inverted}",
    "Teredo server": "2001:0:{hex}:0:0:f7f7:f7f7",
}


def embed(form: str, address: str) -> str:
    numbers = [int(part) for part in address.split(".")]
    inverted = [part ^ 0xFF for part in numbers]
    return EMBEDDED[form].format(dotted=address, hex=groups(numbers), inverted=groups(inverted))


def groups(numbers: list[int]) -> str:
    return f"{numbers[0] << 8 | numbers[1]:x}:{numbers[2] << 8 | numbers[3]:x}"


@pytest.mark.parametrize("address", PUBLIC + PUBLIC_V6)
def test_a_public_address_is_allowed(address: str) -> None:
    """The internet is what webhooks are for."""
    assert EgressPolicy().address_problem(address) is None


@pytest.mark.parametrize(("address", "kind"), REFUSED.items())
def test_every_other_address_is_refused_by_its_kind(address: str, kind: str) -> None:
    """The sentence names the address, the kind, and who can allow it."""
    problem = EgressPolicy().address_problem(address)
    assert problem is not None
    assert address in problem
    assert kind in problem
    assert "egress.allow" in problem
    assert problem.endswith(".")


@pytest.mark.parametrize("form", EMBEDDED)
@pytest.mark.parametrize("address", ["10.1.2.3", "127.0.0.1", "169.254.169.254", "100.64.1.1"])
def test_an_embedded_address_is_judged_as_that_ipv4(form: str, address: str) -> None:
    """A translator or tunnel would take the packet there."""
    text = embed(form, address)
    problem = EgressPolicy().address_problem(text)
    assert problem is not None
    assert f"stands for {address}" in problem
    assert EgressPolicy(allow=[f"{address}/32"]).address_problem(text) is None


@pytest.mark.parametrize("prefix", ["2606:4700::", "2606:4700:0:0:200:", "2606:4700:0:0:300:", "fe80::"])
def test_an_isatap_address_is_judged_by_itself_and_its_ipv4(prefix: str) -> None:
    """Any prefix may lead to a tunnel into the site (RFC 5214)."""
    problem = EgressPolicy().address_problem(f"{prefix}5efe:a00:5")
    assert problem is not None
    public = EgressPolicy().address_problem(f"{prefix}5efe:808:808")
    if prefix == "fe80::":
        assert "link-local" in problem
        assert public is not None
    else:
        assert "stands for 10.0.0.5, which is private" in problem
        assert public is None
        assert EgressPolicy(allow=["10.0.0.0/8"]).address_problem(f"{prefix}5efe:a00:5") is None


@pytest.mark.parametrize("form", ["{dotted}", *EMBEDDED.values()])
def test_a_denied_network_is_refused_in_every_form(form: str) -> None:
    """A cluster's public addresses are its administrator's to close; what is allowed as well stays closed."""
    numbers = [8, 8, 4, 4]
    inverted = [part ^ 0xFF for part in numbers]
    text = form.format(dotted="8.8.4.4", hex=groups(numbers), inverted=groups(inverted))
    for policy in (
        EgressPolicy(deny=["8.8.4.0/24"]),
        EgressPolicy(deny=["8.8.4.4"], allow=["8.8.0.0/16", "::/0"]),
    ):
        problem = policy.address_problem(text)
        assert problem is not None
        assert problem.startswith(f"The address {text} ")
        assert "8.8.4.4" in problem
        assert problem.endswith(", which egress.deny refuses.")
    assert EgressPolicy(deny=["8.8.5.0/24"]).address_problem(text) is None


def test_denied_ipv6_networks_are_refused() -> None:
    """Public ones of nodes and pods, and the whole of an embedding network."""
    policy = EgressPolicy(deny=["2600:1f00::/40", "64:ff9b::/96"], allow=["2600:1f00::/48"])
    assert policy.address_problem("2600:1f00:aa::10") == (
        "The address 2600:1f00:aa::10 is in 2600:1f00::/40, which egress.deny refuses."
    )
    assert policy.address_problem("2600:1f00::10") is not None
    assert policy.address_problem("64:ff9b::808:808") is not None
    assert policy.address_problem("2600:1f01::10") is None


@pytest.mark.parametrize("form", EMBEDDED)
def test_an_embedded_public_address_is_allowed(form: str) -> None:
    """A cluster with IPv6 only reaches the internet's IPv4 through NAT64."""
    assert EgressPolicy().address_problem(embed(form, "8.8.4.4")) is None


@pytest.mark.parametrize(
    "address", ["64:ff9b:1:a00:0:100::", "64:ff9b:1:8:8:808:800::", "64:ff9b:1:0:a:1:200::", "64:ff9b:1::"]
)
def test_a_local_nat64_address_with_a_shorter_prefix_is_refused(address: str) -> None:
    """Where its IPv4 stands cannot be known (RFC 8215 leaves the prefix length open)."""
    assert EgressPolicy().address_problem(address) is not None


@pytest.mark.parametrize("wide", ["::/0", "::/8", "2002::/16"])
def test_an_allowed_ipv6_network_does_not_open_the_ipv4_inside(wide: str) -> None:
    """Who allows a wide IPv6 network has not allowed the metadata service."""
    policy = EgressPolicy(allow=[wide])
    assert policy.address_problem("::ffff:169.254.169.254") is not None
    assert policy.address_problem("2002:a9fe:a9fe::1") is not None


def test_allowed_networks_open_exactly_themselves() -> None:
    """Addresses beside them stay refused."""
    policy = EgressPolicy(allow=["10.20.0.0/16", "192.168.7.7", "fd12::/16"])
    assert [
        policy.address_problem(text) for text in ("10.20.0.0", "10.20.255.255", "192.168.7.7", "fd12::9")
    ] == [None] * 4
    assert all(
        policy.address_problem(text) for text in ("10.19.255.255", "10.21.0.0", "192.168.7.8", "fd13::9")
    )


def test_an_answer_is_the_same_the_second_time_and_after_many_others() -> None:
    """Answers are remembered within a bound."""
    policy = EgressPolicy(deny_hosts=["bad.example"])
    first = policy.address_problem("10.0.0.1"), policy.host_problem("bad.example")
    for number in range(10_000):
        assert policy.address_problem(f"8.8.{number // 256}.{number % 256}") is None
        assert policy.host_problem(f"h{number}.example") is None
    assert (policy.address_problem("10.0.0.1"), policy.host_problem("bad.example")) == first
    assert all(first)


@pytest.mark.parametrize("text", ["", "example.com", "1.2.3", "0x7f.1", "2130706433", "1.2.3.4.5", "::g"])
def test_what_is_no_address_is_refused(text: str) -> None:
    """Old spellings of IPv4 are none."""
    assert EgressPolicy().address_problem(text) == f"{text} is not an IP address."


@pytest.mark.parametrize(
    ("host", "allowed"),
    [
        ("hooks.example.com", True),
        ("HOOKS.Example.com.", True),
        ("a.b.example.com", True),
        ("example.com", False),
        ("evil-example.com", False),
        ("hooks.example.com.evil.net", False),
        ("admin.example.com", False),
        ("api.slack.com", True),
        ("8.8.8.8", False),
    ],
)
def test_host_globs(host: str, allowed: bool) -> None:
    """A denied host is refused even when allowed; with allowHosts every other host is refused."""
    policy = EgressPolicy(allow_hosts=["*.example.com", "api.slack.com"], deny_hosts=["ADMIN.*"])
    problem = policy.host_problem(host)
    assert (problem is None) == allowed
    assert problem is None or (host in problem and problem.endswith("."))


def test_without_globs_every_host_is_allowed() -> None:
    """Addresses are judged all the same."""
    assert EgressPolicy().host_problem("anything.example") is None


@pytest.mark.parametrize("text", ["10.0.0.0/33", "10.0.0.1/8", "example.com", ""])
def test_a_network_that_cannot_be_read_is_told(text: str) -> None:
    """The sentence names the setting and the text."""
    with pytest.raises(ValueError, match=r"egress\.allow holds .* CIDR"):
        EgressPolicy(allow=[text])
    with pytest.raises(ValueError, match=r"egress\.deny holds .* CIDR"):
        EgressPolicy(deny=[text])


@pytest.mark.parametrize("text", ["https://example.com", "a b", "", "example.com:443", "[a]"])
def test_a_host_glob_that_cannot_be_read_is_told(text: str) -> None:
    """A pasted URL is the usual mistake."""
    with pytest.raises(ValueError, match=r"egress\.denyHosts holds"):
        EgressPolicy(deny_hosts=[text])
