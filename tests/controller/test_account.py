"""The service account: both clients reach an API server by its IPv6 address, and go on when kubelet renews the files."""

from __future__ import annotations

import json
import os
import ssl
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme

from controller.json_server import JsonServer
from controller.test_handlers import OURS, answers
from hookwright.controller.account import Account, find_account
from hookwright.controller.cluster import connect
from hookwright.errors import ClusterError
from rig import until

SECRETS = "/api/v1/namespaces/hooks/secrets"
NOWHERE = {"HTTPS_PROXY": "http://127.0.0.1:9", "https_proxy": "http://127.0.0.1:9"}
PROGRAM = """
import asyncio, sys
from pathlib import Path
from hookwright.controller.account import find_account
from hookwright.controller.handlers import watch
from hookwright.controller.inventory import Inventory
asyncio.run(watch(Inventory(print), lambda: None, [], find_account(Path(sys.argv[1]))))
"""


class Pod:
    """An API server on ::1, and the folder that kubelet keeps for a pod."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.old, self.new = trustme.CA(), trustme.CA()
        self._tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.signed_by(self.old)
        self.trusts(self.old)
        self.shows("one")
        self.server = JsonServer("::1", self._tls)
        self.environment = {
            "KUBERNETES_SERVICE_HOST": "::1",
            "KUBERNETES_SERVICE_PORT": str(self.server.port),
        }

    def signed_by(self, authority: trustme.CA) -> None:
        """New connections see a certificate of this authority."""
        authority.issue_cert("::1").configure_cert(self._tls)

    def trusts(self, *authorities: trustme.CA) -> None:
        """What stands in ca.crt."""
        self._write("ca.crt", "".join(each.cert_pem.bytes().decode() for each in authorities))

    def shows(self, token: str) -> None:
        """What stands in the token file."""
        self._write("token", token)

    def _write(self, name: str, text: str) -> None:
        (self.folder / "new").write_text(text)
        (self.folder / "new").rename(self.folder / name)

    def tokens(self) -> list[str]:
        """Those of all requests."""
        return [headers["authorization"] for _, _, _, headers, _ in list(self.server.asked)]

    def account(self) -> Account:
        """As the process finds it."""
        found = find_account(self.folder, self.environment)
        assert found is not None
        return found


@pytest.fixture
def pod(tmp_path: Path) -> Iterator[Pod]:
    """Its API server trusts nobody in particular."""
    running = Pod(tmp_path)
    yield running
    running.server.close()


def test_the_official_client_follows_the_files(pod: Pod) -> None:
    """Token and authority are those of the moment: the old one is trusted no more once it is out of the file."""
    pod.server.answers[SECRETS] = [(200, {"metadata": {"resourceVersion": "7"}, "items": []})] * 4
    cluster = connect(pod.account())
    assert cluster.list("Secret", "hooks").version == 7
    pod.trusts(pod.old, pod.new)
    pod.shows("two")
    pod.signed_by(pod.new)
    assert cluster.list("Secret", "hooks").version == 7
    pod.trusts(pod.new)
    assert cluster.list("Secret", "hooks").version == 7
    pod.signed_by(pod.old)
    with pytest.raises(ClusterError, match="certificate verify failed"):
        cluster.list("Secret", "hooks")
    assert pod.tokens() == ["Bearer one", "Bearer two", "Bearer two"]


def test_kopf_follows_the_files(pod: Pod) -> None:
    """By address, through no proxy of the environment, and on under a new authority without a restart."""
    said = answers()
    said |= {f"{OURS}/{each}?watch": [(200, [])] for each in ("webhooks", "webhooktests")}
    pod.server.answers = {path: each * 10_000 for path, each in said.items()}
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM, pod.folder],
        env={**os.environ, **NOWHERE, **pod.environment},
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            until(lambda: pod.tokens().count("Bearer one") > 10)
            pod.trusts(pod.old, pod.new)
            pod.shows("two")
            pod.signed_by(pod.new)
            until(lambda: pod.tokens().count("Bearer two") > 10)
            pod.trusts(pod.new)
            pod.shows("three")
            until(lambda: pod.tokens().count("Bearer three") > 10)
            assert process.poll() is None
        finally:
            process.kill()


async def test_an_authority_that_is_unusable_is_not_taken(pod: Pod) -> None:
    """The one before stays, and so it does while there is no file."""
    account = pod.account()
    before = account.authority()
    for text in ("", "no certificate", before[: len(before) // 2]):
        (pod.folder / "ca.crt").write_text(text)
        assert account.authority() == before
    (pod.folder / "ca.crt").unlink()
    (pod.folder / "token").unlink()
    assert (account.authority(), account.token()) == (before, "one")
    pod.trusts(pod.new)
    assert account.authority() == pod.new.cert_pem.bytes().decode()


def test_where_the_api_server_is(tmp_path: Path) -> None:
    """As in every pod; an IPv6 address in brackets. Without a token there is no account, with half of one a sentence."""
    environment = {"KUBERNETES_SERVICE_HOST": "fd00::1", "KUBERNETES_SERVICE_PORT": "443"}
    assert find_account(tmp_path, environment) is None
    (tmp_path / "token").write_text("t")
    with pytest.raises(ClusterError, match=r"The service account cannot be read: .*ca\.crt"):
        find_account(tmp_path, environment)
    (tmp_path / "ca.crt").write_text("c")
    found = find_account(tmp_path, environment)
    assert found is not None
    assert found.server == "https://[fd00::1]:443"
    assert find_account(tmp_path, {}) is None


LIST = """
import sys
from pathlib import Path
from hookwright.controller.account import find_account
from hookwright.controller.cluster import connect
print(connect(find_account(Path(sys.argv[1]))).list("Secret", "hooks").version)
"""


def kubeconfig(pod: Pod, **cluster: str) -> Path:
    """Of the same API server."""
    trusted = {
        "server": f"https://[::1]:{pod.server.port}",
        "certificate-authority": str(pod.folder / "ca.crt"),
    }
    config = {
        "clusters": [{"name": "c", "cluster": {**trusted, **cluster}}],
        "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u"}}],
        "users": [{"name": "u", "user": {"token": "one"}}],
        "current-context": "x",
    }
    path = pod.folder / "kubeconfig"
    path.write_text(json.dumps(config))
    return path


@pytest.mark.parametrize("how", ["account", "kubeconfig", "proxy-url"])
def test_no_proxy_is_taken_from_the_environment(pod: Pod, how: str) -> None:
    """Neither in a pod nor with a kubeconfig; one that the kubeconfig names is."""
    pod.server.answers[SECRETS] = [(200, {"metadata": {"resourceVersion": "7"}, "items": []})] * 4
    named = {"proxy-url": NOWHERE["HTTPS_PROXY"]} if how == "proxy-url" else {}
    found = pod.environment if how == "account" else {"KUBECONFIG": str(kubeconfig(pod, **named))}
    done = subprocess.run(
        [sys.executable, "-c", LIST, pod.folder],
        env={**os.environ, **NOWHERE, **found},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    if how == "proxy-url":
        assert "Unable to connect to proxy" in done.stderr
    else:
        assert done.stdout == "7\n", done.stderr
