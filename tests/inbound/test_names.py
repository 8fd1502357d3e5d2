"""By which names a port is called in a cluster of any domain."""

from __future__ import annotations

from pathlib import Path

import pytest

from hookwright.core.hosts import HostGuard
from hookwright.inbound.names import called_by

CHART = ("hooks", "hooks.apps", "hooks.apps.svc")
POD = "nameserver 10.96.0.10\nsearch apps.svc.corp.test svc.corp.test corp.test\noptions ndots:5\n"


@pytest.mark.parametrize(
    ("host", "allowed"),
    [
        ("hooks", True),
        ("hooks.apps.svc:8080", True),
        ("hooks.apps.svc.corp.test", True),
        ("hooks.apps.svc.corp.test.:8080", True),
        ("hooks.apps.svc.cluster.local", False),
        ("hooks.apps.svc.evil.example", False),
        ("evil.example", False),
        ("corp.test", False),
    ],
)
def test_the_clusters_domain_is_the_resolvers(tmp_path: Path, host: str, allowed: bool) -> None:
    """A name under a domain that somebody else owns is not one of ours."""
    (tmp_path / "resolv.conf").write_text(POD)
    assert HostGuard(called_by(CHART, tmp_path / "resolv.conf")).allows_host(host) is allowed


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("", {"a"}),
        ("# search x\nnameserver ::1\n", {"a"}),
        ("search x.test y.test.\n", {"a", "a.x.test", "a.y.test"}),
        ("search x.test\ndomain z.test\n", {"a", "a.z.test"}),
        ("search\n", {"a"}),
    ],
)
def test_what_a_resolver_file_says(tmp_path: Path, text: str, names: set[str]) -> None:
    """The last line of its kind; comments are none."""
    (tmp_path / "resolv.conf").write_text(text)
    assert called_by(["a"], tmp_path / "resolv.conf") == names


def test_without_a_file_there_are_the_names_alone(tmp_path: Path) -> None:
    """A system may have none."""
    assert called_by(["a"], tmp_path / "none") == {"a"}


@pytest.mark.parametrize(
    ("host", "allowed"),
    [
        ("[::1]", True),
        ("[::1]:8080", True),
        ("[2001:db8::7]:8080", True),
        ("[fe80::1%25eth0]:8080", True),
        ("10.1.2.3:8080", True),
        ("::1", False),
        ("[::1", False),
        ("[::1]evil.example", False),
        ("[::1]:8080.evil.example", False),
        ("[evil.example]", False),
        ("[10.1.2.3]", False),
        ("10.1.2.3.evil.example", False),
    ],
)
def test_an_address_is_a_literal_as_urls_have_it(host: str, allowed: bool) -> None:
    """No name can be led elsewhere that is none."""
    assert HostGuard().allows_host(host) is allowed
