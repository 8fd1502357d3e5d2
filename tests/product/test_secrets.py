"""Secrets stay where they were put (SPEC 5): known values in every place for one, then everything is searched.

One product, a receiver that tells back all it got (`/-/mirror`), a webhook for each kind of secret and each way in
which an attempt can end. Deliveries, retries, tests, Manual calls, replays and a rotation later, no value may stand
in any output, answer or file, in any of its `forms`. Events themselves are no secrets.
"""

from __future__ import annotations

import json
import stat
import subprocess
import sys
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import trustme
import yaml

from hookwright.core.samples import sample
from product.conftest import HOST, Product, granted, receiving
from product.forms import forms, found
from rig import until

pytestmark = pytest.mark.xdist_group("secrets")

LOGIN, UNTRUSTED = "login.test", "untrusted.test"
ACCESS_TOKEN = "demo-access-token"  # what the receiver gives to whoever asks
PAD = "p" * 464  # the token behind it lies across the place where validators' values are cut
ROUNDS = ("one", "two")

PATHS = {
    "ok": "/-/mirror/200/ok-%s",
    "refused": "/-/mirror/404/refused-%s",
    "broken": "/-/mirror/503/broken-%s",
    "cut": f"/-/mirror/200/cut-%s/{PAD}",
    "slow": "/-/hang/%s",
    "unreadable": "/-/mirror/200/unreadable-%s",
    "unlike": "/-/mirror/200/unlike-%s",
    "untrusted": "/%s",
}
"""How an attempt ends → where it is sent."""
MORE: dict[str, dict[str, Any]] = {
    "slow": {"timeout": "1s"},
    "unreadable": {"bodyTemplate": '{"flow": "{{ data.access_flow.name }}"}'},
    "unlike": {
        "responseValidators": [
            {"path": path, "values": ["never"]}
            for path in ("$", "$.path", "$.error", "$.headers.authorization", "$.headers['x-secret']", "$.before")
        ]
    },
    "cut": {"responseValidators": [{"path": "$.path", "values": ["never"]}]},
}  # fmt: skip


@dataclass
class Kind:
    """A kind of secret: the Secret's values of a round by key, and the part of spec that uses them."""

    values: dict[str, str]
    spec: dict[str, Any] = field(default_factory=dict)
    parts: dict[str, str] = field(default_factory=dict)
    """What to search for beside the values: a token inside a URL, the lines of a key."""


def url(kind: str, way: str) -> str:
    """Where the webhook of a kind and way sends to."""
    return f"https://{UNTRUSTED if way == 'untrusted' else HOST}{PATHS[way] % kind}"


def ref(kind: str, key: str) -> dict[str, str]:
    """A reference to a key of the Secret of a kind."""
    return {"name": kind, "key": key}


def header(name: str, kind: str) -> list[dict[str, Any]]:
    """A header from the key `value` of the Secret of a kind."""
    return [{"name": name, "valueFrom": {"secretKeyRef": ref(kind, "value")}}]


def kinds(number: str, certificates: dict[str, str]) -> dict[str, Kind]:
    """All kinds of secrets with the values of one round."""
    token = f"url/query+token=={number}"
    urls = {way: f"{url('url', way)}/round-{number}-path-token-of-url?token={token}" for way in PATHS}
    key = certificates[f"key-{number}"]
    lines = {
        f"key line {at}": line for at, line in enumerate(key.splitlines()) if not line.startswith("-----")
    }
    return {
        "url": Kind(urls, parts={"path": f"round-{number}-path-token", "query": token}),
        "header": Kind(
            {"value": f'Token "{number}", \\ half/of+it=, 100% & <é>'}, {"headers": header("X-Secret", "header")}
        ),
        "short": Kind({"value": f"Zq#{number}!"}, {"headers": header("X-Secret", "short")}),
        "bearer": Kind(
            {"token": f"bearer-token/of+round.{number}=="},
            {"auth": {"bearer": {"tokenSecretRef": ref("bearer", "token")}}},
        ),
        "basic": Kind(
            {"username": f"basic user {number}", "password": f"päss:word/{number}+\"'"},
            {"auth": {"basic": {
                "usernameSecretRef": ref("basic", "username"), "passwordSecretRef": ref("basic", "password"),
            }}},
        ),
        "oauth2": Kind(
            {"id": f"client-id/{number}+%", "secret": f"client-secret-{number}=/+ü"},
            {"auth": {"oauth2": {
                "clientIDSecretRef": ref("oauth2", "id"), "clientSecretRef": ref("oauth2", "secret"),
                "tokenURL": f"https://{LOGIN}/token",
            }}},
            parts={"access token": ACCESS_TOKEN},
        ),
        "refused-client": Kind(
            {"id": f"refused/{number}+", "secret": f"=secret%of it {number}"},
            {"auth": {"oauth2": {
                "clientIDSecretRef": ref("refused-client", "id"),
                "clientSecretRef": ref("refused-client", "secret"), "tokenURL": f"https://{LOGIN}/-/mirror/400",
            }}},
        ),
        "signing": Kind(
            {"key": "whsec_" + f"c2lnbmluZy1zZWNyZXQtb2Ytcm91bmQt{number}Zm9y"},
            {"signing": {"secretRef": ref("signing", "key")}},
        ),
        "tls": Kind(
            {"ca.crt": certificates["ca"], "tls.crt": certificates[f"cert-{number}"], "tls.key": key},
            {"tls": {"ca": {"secretKeyRef": ref("tls", "ca.crt")}, "clientCertSecretRef": {"name": "tls"}}},
            parts=lines,
        ),
    }  # fmt: skip


def manifests(planted: dict[str, Kind]) -> Iterator[dict[str, Any]]:
    """A Secret for each kind; a Webhook and a WebhookTest for each kind and way."""
    for kind, one in planted.items():
        labels = {"hookwright.io/webhook-secret": "true"}
        yield {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": kind, "labels": labels},
               "stringData": one.values}  # fmt: skip
    for kind, way in ((kind, way) for kind in planted for way in PATHS):
        name = f"{kind}-{way}"
        target = {"urlFrom": {"secretKeyRef": ref("url", way)}} if kind == "url" else {"url": url(kind, way)}
        spec = {
            **target,
            "triggers": ["RequestGranted", "Manual"],
            "timeout": "5s",
            "retry": {"schedule": []},
        }
        yield {"apiVersion": "hookwright.io/v1alpha1", "kind": "Webhook", "metadata": {"name": name},
               "spec": {**spec, **planted[kind].spec, **MORE.get(way, {})}}  # fmt: skip
        yield {"apiVersion": "hookwright.io/v1alpha1", "kind": "WebhookTest", "metadata": {"name": name},
               "spec": {"webhookRef": {"name": name}, "expect": {"response": {"bodyContains": "never said"}}}}  # fmt: skip


class Evidence:
    """The planted product: what it did with the secrets of two rounds, and everything that it told since."""

    def __init__(self, product: Product, log: Path) -> None:
        self.product, self._log = product, log
        self.values: dict[str, str] = {}
        self.told: dict[str, bytes] = {}
        self.names: list[str] = []

    def plant(self, number: str, certificates: dict[str, str]) -> None:
        """Write the manifests of a round and remember what must not be seen again."""
        planted = kinds(number, certificates)
        for kind, one in planted.items():
            for key, value in {**one.values, **one.parts}.items():
                if key != "tls.crt":  # a certificate is shown to whoever asks
                    self.values[f"{kind}/{key} {number}"] = value
        self.names = [f"default/{kind}-{way}" for kind in planted for way in PATHS]
        self.product.write("planted", yaml.safe_dump_all(manifests(planted), width=10_000))

    def tell(self, what: str, text: str | bytes) -> None:
        """Keep something that was told."""
        self.told[what] = (
            self.told.get(what, b"") + (text.encode() if isinstance(text, str) else text) + b"\n"
        )

    def ask(self, method: str, path: str, **content: Any) -> Any:
        """Ask a port, keep the answer with its headers."""
        answer = self.product.http.request(method, path, **content)
        port = "admin" if path.startswith(self.product.admin) else "events"
        self.tell("metrics" if path.endswith("/metrics") else port, repr(dict(answer.headers)))
        self.tell("metrics" if path.endswith("/metrics") else port, answer.content)
        return answer.json() if "json" in answer.headers.get("content-type", "") else None

    def command(self, *arguments: str) -> None:
        """Run a command, keep what it printed."""
        done = subprocess.run(
            [sys.executable, "-m", "hookwright", *arguments], capture_output=True, timeout=60
        )
        self.tell("commands", done.stdout + done.stderr)
        assert b"Traceback" not in done.stderr
        assert done.stdout

    def deliveries(self) -> list[dict[str, Any]]:
        """Invocations of deliveries so far."""
        query = {"kind": "Delivery", "limit": "500"}
        return self.product.http.get(f"{self.product.admin}/admin/v1/invocations", params=query).json()[
            "items"
        ]

    def deliver(self) -> None:
        """One event to all webhooks; wait until each has tried."""
        before = len(self.deliveries())
        assert len(self.product.accepted(granted())) == len(self.names)
        until(lambda: len(self.deliveries()) == before + len(self.names), 30)

    def invoke_and_replay(self) -> None:
        """A Manual call of each webhook on both ports; every dead letter once more."""
        product = self.product
        calls = [(port, name) for name in self.names
                 for port in (f"{product.events}/v1", f"{product.admin}/admin/v1")]  # fmt: skip
        with ThreadPoolExecutor(16) as pool:
            list(pool.map(lambda call: self.ask("POST", f"{call[0]}/webhooks/{call[1]}/invoke"), calls))
        before = len(self.deliveries())
        replayed = self.ask("POST", f"{product.admin}/admin/v1/replays", json={"since": "1h"})["replayed"]
        assert replayed > len(self.names) / 2
        until(lambda: len(self.deliveries()) == before + replayed, 30)

    def look(self) -> None:
        """Every answer of the admin port, and what the commands print."""
        admin, manifest = self.product.admin, str(self.product.manifests)
        for path in ("healthz", "readyz", "metrics", "admin/v1/summary", "admin/v1/webhooks",
                     "admin/v1/dead-letters?limit=500", "admin/v1/nothing"):  # fmt: skip
            self.ask("GET", f"{admin}/{path}")
        for name in self.names:
            self.ask("GET", f"{admin}/admin/v1/webhooks/{name}")
        before = ""
        while before is not None:
            page = self.ask("GET", f"{admin}/admin/v1/invocations?limit=500{before and f'&before={before}'}")
            before = page["next"]
        event = json.dumps(sample("RequestGranted"))
        self.ask(
            "POST", f"{admin}/admin/v1/explain", content=event, headers={"content-type": "application/json"}
        )
        run = {"runID": "by hand", "test": "default/by-hand", "spec": {"webhookRef": {"name": "header-ok"}}}
        self.ask("POST", f"{admin}/admin/v1/tests", json=run)
        leads = [word for each in self.product.connect_to for word in ("--connect-to", each)]
        self.command("test", manifest, "--ca-file", str(self.product.ca_file), *leads)
        self.command("test", manifest, "--ca-file", str(self.product.ca_file), *leads, "-o", "json")
        self.command("list", "--admin", admin)
        self.command("invocations", "--admin", admin, "-o", "json")
        self.command("invocations", "--admin", admin)
        for name in ("url-unlike", "header-unlike", "short-ok", "oauth2-unlike"):
            newest = self.product.invocations(webhook=f"default/{name}")[0]["id"]
            self.command("invocations", "--id", newest, "--admin", admin)
            self.command("render", manifest, "--webhook", name)

    def files(self) -> dict[str, bytes]:
        """What is on disk apart from the configuration, which is made of secrets."""
        data = self.product.folder / "data"
        return {
            str(path.relative_to(data)): path.read_bytes()
            for path in data.rglob("*")
            if path.is_file() and path.parent.name != "config" and path.name != "hash.key"
        }


def certificates() -> dict[str, str]:
    """A client's key and certificate for each round."""
    made = {}
    authority = trustme.CA()
    for number in ROUNDS:
        leaf = authority.issue_cert(f"client-{number}.test")
        made[f"key-{number}"] = leaf.private_key_pem.bytes().decode()
        made[f"cert-{number}"] = leaf.cert_chain_pems[0].bytes().decode()
    return made


@pytest.fixture(scope="module")
def evidence(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Evidence]:
    """Everything happened, and the product has been stopped."""
    with receiving(tmp_path_factory.mktemp("mirror"), HOST, LOGIN) as (ca_file, port, log):
        product = Product(tmp_path_factory.mktemp("secrets"), ca_file, port, log, (HOST, LOGIN, UNTRUSTED))
        evidence = Evidence(product, log)
        made = {"ca": ca_file.read_text(), **certificates()}
        evidence.plant(ROUNDS[0], made)
        product.start(HISTORY_BODIES="all")
        until(lambda: product.output().count('"event":"test"') >= len(evidence.names), 30)
        evidence.deliver()
        evidence.invoke_and_replay()
        before = product.view(evidence.names[0])["configHash"]
        evidence.plant(ROUNDS[1], made)
        until(lambda: product.view(evidence.names[0])["configHash"] != before)
        until(lambda: product.output().count('"event":"test"') >= 2 * len(evidence.names), 30)
        evidence.deliver()
        evidence.invoke_and_replay()
        evidence.look()
        live = evidence.files()
        product.stop()
        evidence.told["files"] = b"\n".join([*live.values(), *evidence.files().values()])
        evidence.told["output"] = product.output().encode()
        evidence.told["received"] = log.read_bytes()
        yield evidence
        product.http.close()


@pytest.mark.parametrize("value", ["a secret/with+signs=", "pässword", "short!"])
def test_the_search_finds_each_form(value: str) -> None:
    """A value is found in the forms that programs write, wherever it stands in longer text."""
    for text in (
        value, json.dumps(json.dumps({"x": value})), quote(value), f"id={quote(value, safe='')}", value.encode().hex(),
        *(b64encode(f"{'u' * size}:{value}:more".encode()).decode() for size in range(3)),
        urlsafe_b64encode(f"?{value}".encode()).decode(),
    ):  # fmt: skip
        assert found(f"before {text} after".encode(), {"it": value}), text
    assert not found(b"something else", {"it": value})


@pytest.mark.parametrize("kind", ["url", "header", "short", "bearer", "basic", "oauth2", "refused-client"])
def test_the_secrets_were_really_used(evidence: Evidence, kind: str) -> None:
    """The receiver got the values of both rounds; what was told has marks in their place."""
    for label, value in evidence.values.items():
        if label.startswith(f"{kind}/") and "url/slow" not in label and "untrusted" not in label:
            shown = value.removeprefix(f"https://{HOST}")
            assert any(form in evidence.told["received"] for form in forms(shown)), label
    mark = {"url": "url/ok", "oauth2": f"token of {LOGIN}"}.get(kind, f"{kind}/")
    if kind != "refused-client":
        assert f"‹secret {mark}".encode() in evidence.told["admin"]


@pytest.mark.parametrize("place", ["output", "admin", "events", "metrics", "files", "commands"])
def test_no_secret_is_told(evidence: Evidence, place: str) -> None:
    """Not in logs, answers of either port, metrics, database, write-ahead log or commands."""
    assert evidence.told[place]
    assert found(evidence.told[place], evidence.values) == []


def test_what_was_told_is_about_all_ways(evidence: Evidence) -> None:
    """The history that was searched holds every kind of result of every way."""
    told = evidence.told["admin"].decode()
    for words in (
        "Test failed", "Rejected", "Exhausted", "answered 404", "answered 503", "for another name", "no such field",
        "not an allowed one", "was over before it answered", "The token endpoint login.test answered 400",
    ):  # fmt: skip
        assert words in told


def test_the_configuration_of_dev_is_for_its_owner_only(evidence: Evidence) -> None:
    """The one place that must hold secrets: 0700 for folders, 0600 for its files and the key of hashes."""
    data = evidence.product.folder / "data"
    assert stat.S_IMODE(data.stat().st_mode) == 0o700
    assert stat.S_IMODE((data / "hash.key").stat().st_mode) == 0o600
