"""A Secret that cannot be used is told without its value: what is wrong, and where, is enough."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

from product.conftest import Product
from product.forms import found
from rig import HANGS, until

VALUE = "value/of+a.broken-secret"
WORD = "wordthatissecret"
BEARER = "auth: {bearer: {tokenSecretRef: {name: broken, key: value}}}"
URL = "urlFrom: {secretKeyRef: {name: broken, key: value}}"
HEADER = "headers: [{name: X-Secret, valueFrom: {secretKeyRef: {name: broken, key: value}}}]"
SIGNING = "signing: {secretRef: {name: broken, key: value}}"
CA = "tls: {ca: {secretKeyRef: {name: broken, key: value}}}"
CLIENT = "tls: {clientCertSecretRef: {name: broken}}"
PEM = "-----BEGIN %s-----\n%s\n-----END %s-----\n"
CERTIFICATE, KEY = ("CERTIFICATE", VALUE, "CERTIFICATE"), ("PRIVATE KEY", VALUE, "PRIVATE KEY")

CASES: list[tuple[str, str, dict[str, Any]]] = [
    ("token-with-blank", BEARER, {"value": f"Bearer {VALUE}"}),
    ("url-without-tls", URL, {"value": f"http://target.test/{VALUE}"}),
    ("url-with-port", URL, {"value": f"https://target.test:8443/{VALUE}"}),
    ("url-with-user", URL, {"value": f"https://user:{VALUE}@target.test/"}),
    ("url-with-code", URL, {"value": f"https://target.test/{{% set x = '{VALUE}' %}}"}),
    ("url-unclosed", URL, {"value": f"https://target.test/{{{{ data.id | {VALUE}"}),
    ("url-unknown-filter", URL, {"value": f"https://target.test/{{{{ data.id | upperr }}}}/{VALUE}"}),
    ("url-unknown-field", URL, {"value": f"https://target.test/{VALUE}?a={{{{ data.idd }}}}"}),
    (
        "url-text-in-code",
        URL,
        {"value": f'https://target.test/{{{{ data.id | default("{VALUE}") | upperr }}}}'},
    ),
    ("url-long", URL, {"value": f"https://target.test/{VALUE * 200}"}),
    ("header-with-break", HEADER, {"value": f"{VALUE}\nX-Other: 1"}),
    ("signing-without-prefix", SIGNING, {"value": VALUE}),
    ("signing-not-base64", SIGNING, {"value": f"whsec_{VALUE}"}),
    ("ca-no-pem", CA, {"value": VALUE}),
    ("ca-bad-pem", CA, {"value": PEM % CERTIFICATE}),
    ("client-no-pem", CLIENT, {"tls.crt": VALUE, "tls.key": VALUE}),
    ("client-bad-pem", CLIENT, {"tls.crt": PEM % CERTIFICATE, "tls.key": PEM % KEY}),
    ("not-a-text", BEARER, {"value": {VALUE: VALUE}}),
]
"""Name, what uses the Secret `broken`, what the Secret holds."""
TEXTS = {
    "broken-indent": f"stringData:\n  value: {VALUE}\n   other: {VALUE}\n",
    "broken-quote": f'stringData:\n  value: "{VALUE}\n',
    "twice": f"stringData:\n  value: {VALUE}\n  value: {VALUE}\n",
    "tag": f"stringData:\n  value: !!int {VALUE}\n",
    "control": f"stringData:\n  value: {VALUE}\x01\n",
    "no-base64": f"data:\n  value: {VALUE}\n",
    "list": f"stringData: [{VALUE}]\n",
    "alias": f"stringData:\n  value: *{WORD}\n",
    "unknown": f"stringdata:\n  value: {VALUE}\n",
}
"""Files that cannot be read, or hold something else than a Secret does."""


def webhook(name: str, uses: str) -> str:
    """A manifest."""
    target = "" if uses.startswith("urlFrom") else "url: https://target.test/\n  "
    return f"""apiVersion: hookwright.io/v1alpha1
kind: Webhook
metadata: {{name: {name}}}
spec:
  triggers: [RequestGranted]
  {target}{uses}
---
apiVersion: hookwright.io/v1alpha1
kind: WebhookTest
metadata: {{name: {name}}}
spec: {{webhookRef: {{name: {name}}}}}
"""


def secret(name: str, rest: str) -> str:
    """A manifest of a Secret; `rest` is what follows its metadata."""
    metadata = f'{{name: {name}, labels: {{hookwright.io/webhook-secret: "true"}}}}'
    return f"apiVersion: v1\nkind: Secret\nmetadata: {metadata}\n{rest}"


@pytest.fixture
def broken(product: Product) -> Product:
    """A folder with all of them."""
    for name, uses, holds in CASES:
        product.write(name, webhook(name, uses.replace("name: broken", f"name: {name}")))
        product.write(f"secret-{name}", secret(name, f"stringData: {json.dumps(holds)}\n"))
    for name, text in TEXTS.items():
        product.write(name, webhook(name, BEARER.replace("name: broken", f"name: {name}")))
        product.write(f"secret-{name}", secret(name, text))
    return product


def command(*words: str) -> str:
    """What a command prints when it finds something wrong."""
    done = subprocess.run(
        [sys.executable, "-m", "hookwright", *words], capture_output=True, timeout=HANGS, text=True
    )
    assert done.returncode == 1, done.stderr
    return done.stdout + done.stderr


def test_the_value_of_a_broken_secret_is_never_told(broken: Product) -> None:
    """Neither by the commands nor by `dev` and its admin port; each webhook is named with what is wrong."""
    folder, names = str(broken.manifests), [name for name, _, _ in CASES] + list(TEXTS)
    told = {verb: command(verb, folder) for verb in ("validate", "test")}
    for name in set(names) - {"ca-bad-pem", "client-bad-pem"}:  # whose last word has the TLS library
        assert f"{name}.yaml" in told["validate"]
    told["render"] = "".join(
        command("render", folder, "--webhook", name) for name in ("url-unclosed", "url-unknown-field")
    )
    broken.start()
    views = broken.http.get(f"{broken.admin}/admin/v1/webhooks").json()["items"]
    assert {each["webhook"]: each["state"] for each in views} == dict.fromkeys(
        (f"default/{name}" for name in names), "held"
    )
    assert all(each["message"] for each in views)
    told["admin"] = json.dumps(views)
    until(lambda: "/unknown.yaml" in broken.output())
    told["dev"] = broken.output()
    for place, text in told.items():
        assert "Traceback" not in text
        assert found(text.encode(), {"value": VALUE, "word": WORD}) == [], place
