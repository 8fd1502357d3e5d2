"""A machine of its own that has IPv6 addresses and nothing else: not even 127.0.0.1.

Its network and its /run are namespaces, and everything in them ends with it. On it runs a real API server, and what
kubelet would do for the product's pods is done by hand. Must not: touch the network of the machine that it runs on.
"""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, Self

import trustme
import yaml
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from hookwright.core.config_parts import MANIFEST
from rig import Process, records, until

ROOT = Path(__file__).parents[2]
API, DISPATCHER, CONTROLLER, TARGET = "fd00::10", "fd00::11", "fd00::12", "fd00::13"
ACCOUNT = Path("/run/secrets/kubernetes.io/serviceaccount")
HOOKWRIGHT = [sys.executable, "-m", "hookwright"]
SETUP = f"""
set -e
ip link set lo up
ip address delete 127.0.0.1/8 dev lo
for each in {API} {DISPATCHER} {CONTROLLER} {TARGET}; do ip address add $each/128 dev lo; done
mount --make-rprivate /
mount -t tmpfs tmpfs /run
mkdir -p {ACCOUNT}
mount --bind "$1/account" {ACCOUNT}
mount --bind "$1/hosts" /etc/hosts
"""


class Machine:
    """`folder` is for all files, `programs` holds the cluster's programs."""

    def __init__(self, folder: Path, programs: Path) -> None:
        self.folder, self._kube = folder, str(programs / "hookwright-kube")
        self._processes: list[Process] = []
        for name in ("account", "config", "data"):
            (folder / name).mkdir()
        self.write("hosts", f"{TARGET} hooks.example\n")

    def __enter__(self) -> Self:
        kept = ["unshare", "--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc", "cat"]
        self._holder = subprocess.Popen(kept, stdin=subprocess.PIPE)
        children = Path(f"/proc/{self._holder.pid}/task/{self._holder.pid}/children")
        inside = until(lambda: children.read_text().split())[0]
        self._inside = ["nsenter", "--target", inside, "--net", "--mount", "--pid", "--"]
        until(lambda: os.readlink(f"/proc/{inside}/ns/net") != os.readlink("/proc/self/ns/net"))
        self.run("sh", "-c", SETUP, "sh", str(self.folder))
        return self

    def __exit__(self, *error: object) -> None:
        self._holder.kill()
        self._holder.communicate()
        for each in self._processes:
            each.end()

    def write(self, name: str, content: str | bytes) -> Path:
        """A file of the folder."""
        path = self.folder / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def run(self, *command: str, stdin: str = "", **env: str) -> str:
        """Run it there; what it printed. AssertionError with its words if it fails."""
        done = subprocess.run(
            [*self._inside, *command],
            env={**os.environ, **env},
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
        return done.stdout

    def start(self, name: str, *command: str, **env: str) -> Process:
        """Start it there; what it says stands in NAME.log."""
        started = Process([*self._inside, *command], self.folder / f"{name}.log", core=None, env=env)
        self._processes.append(started)
        return started

    def log(self, name: str) -> list[dict[str, Any]]:
        """The lines of NAME.log that are JSON."""
        return records((self.folder / f"{name}.log").read_text())

    def answers(self, url: str) -> bool:
        """Whether a GET there is answered with 200."""
        code = "import sys, urllib.request as r; r.urlopen(sys.argv[1], timeout=5)"
        return (
            subprocess.run([*self._inside, sys.executable, "-c", code, url], capture_output=True).returncode
            == 0
        )

    # --- the API server, and kubelet's part

    def start_api_server(self) -> None:
        """etcd and API server; returns when it answers."""
        authority = trustme.CA()
        authority.cert_pem.write_to_path(self.folder / "account/ca.crt")
        served = self.write("api.pem", authority.issue_cert(API).private_key_and_cert_chain_pem.bytes())
        pem = (Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
        signing = self.write("account.pem", rsa.generate_private_key(65537, 2048).private_bytes(*pem))
        tokens = self.write("tokens.csv", "admin,admin,1,system:masters\n")
        etcd = f"http://[{API}]:2379"
        self.start("etcd", self._kube, "etcd", "--data-dir", str(self.folder / "etcd"), "--unsafe-no-fsync",
            "--listen-client-urls", etcd, "--advertise-client-urls", etcd,
            "--listen-peer-urls", f"http://[{API}]:2380", "--initial-advertise-peer-urls", f"http://[{API}]:2380",
            "--initial-cluster", f"default=http://[{API}]:2380",
        )  # fmt: skip
        self.start("apiserver", self._kube, "kube-apiserver", "--etcd-servers", etcd, "--bind-address", API,
            "--advertise-address", API, "--service-cluster-ip-range", "fd00:96::/112", "--secure-port", "6443",
            "--tls-cert-file", str(served), "--tls-private-key-file", str(served),
            "--token-auth-file", str(tokens), "--authorization-mode", "RBAC",
            "--disable-admission-plugins", "ServiceAccount", "--service-account-issuer", "https://kubernetes.default.svc",
            "--service-account-key-file", str(signing), "--service-account-signing-key-file", str(signing),
        )  # fmt: skip
        until(lambda: self.kubectl_works("get", "--raw", "/readyz"))

    def kubectl(self, *arguments: str, stdin: str = "") -> str:
        """As an administrator."""
        trust = f"--certificate-authority={self.folder / 'account/ca.crt'}"
        where = [f"--server=https://[{API}]:6443", "--token=admin", trust]
        return self.run(self._kube, "kubectl", *where, *arguments, stdin=stdin)

    def kubectl_works(self, *arguments: str) -> bool:
        """The same, while it may fail."""
        try:
            self.kubectl(*arguments)
        except AssertionError:
            return False
        return True

    def apply(self, *objects: dict[str, Any]) -> None:
        """Server-side apply."""
        self.kubectl("apply", "--server-side", "-f", "-", stdin=yaml.safe_dump_all(objects))

    def secret(self, name: str) -> dict[str, bytes]:
        """Its data; empty while there is none."""
        if not self.kubectl_works("-n", "hooks", "get", "secret", name):
            return {}
        data = json.loads(self.kubectl("-n", "hooks", "get", "secret", name, "-o", "json"))["data"]
        return {key: base64.b64decode(value) for key, value in data.items()}

    def mount(self) -> None:
        """What kubelet does with the configuration's Secret; the manifest comes last."""
        found = self.secret("hw-config-0")
        for name in sorted(found, key=lambda each: each == MANIFEST):
            self.write(f"config/.{name}", found[name]).rename(self.folder / "config" / name)
