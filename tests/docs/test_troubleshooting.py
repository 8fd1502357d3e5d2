"""Every message of the page on troubleshooting is one that the product says, made to say it here."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from hookwright.core.hints import hint
from hookwright.errors import Cause
from product.conftest import HOST, Product, granted, receiving
from rig import HANGS

PAGE = (Path(__file__).parents[2] / "docs" / "troubleshooting.md").read_text()
TARGETS = {  # webhook → its spec beside the triggers; each is called once
    **{f"answers-{status}": f"  url: https://{HOST}/-/status/{status}\n" for status in
       (301, 400, 401, 403, 404, 405, 410, 413, 415, 422, 429, 503)},
    "no-such-host": "  url: https://no-such-host.invalid/\n",
    "private": "  url: https://10.0.0.1/\n",
    "other-name": "  url: https://other-name.test/\n",
    "untrusted": f"  url: https://{HOST}/\n  tls: {{ca: {{secretKeyRef: {{name: authority, key: ca.crt}}}}}}\n",
    "slow": f"  url: https://{HOST}/-/hang\n  timeout: 1s\n",
    "closed": f"  url: https://{HOST}/-/reset\n",
    "nobody": "  url: https://nobody.test/\n",
    "no-field": f"  url: https://{HOST}/\n  bodyTemplate: '{{\"a\": \"{{{{ data.justification }}}}\"}}'\n",
    "value": f"  url: https://{HOST}/\n  responseValidators: [{{path: $.ok, values: ['no']}}]\n",
    "not-json": f"  url: https://{HOST}/-/status/204\n  responseValidators: [{{path: $.ok, values: ['true']}}]\n",
    "held": f"  url: https://{HOST}/\n  auth: {{bearer: {{tokenSecretRef: {{name: away, key: token}}}}}}\n",
    "unlabelled": f"  url: https://{HOST}/\n  auth: {{bearer: {{tokenSecretRef: {{name: plain, key: token}}}}}}\n",
    "bound": f"  url: https://{HOST}/\n  auth: {{bearer: {{tokenSecretRef: {{name: bound, key: token}}}}}}\n",
}  # fmt: skip
SECRETS = """
apiVersion: v1
kind: Secret
metadata: {name: plain}
stringData: {token: "a0123456789"}
---
apiVersion: v1
kind: Secret
metadata:
  name: bound
  labels: {hookwright.io/webhook-secret: "true"}
  annotations: {hookwright.io/allowed-hosts: api.example.com}
stringData: {token: "a0123456789"}
---
apiVersion: v1
kind: Secret
metadata: {name: authority, labels: {hookwright.io/webhook-secret: "true"}}
stringData:
  ca.crt: |
"""
BROKEN = """
apiVersion: hookwright.io/v1alpha1
kind: Webhook
metadata: {name: broken}
spec:
  url: http://target.test:8443/
  method: GET
  triggers: [Granted]
  timeout: 2m
  bodyTemplate: '{"a": "{{ data.requester.nam }}"}'
---
apiVersion: hookwright.io/v1alpha1
kind: Webhook
metadata: {name: blocks}
spec:
  url: https://target.test/
  triggers: [RequestGranted]
  bodyTemplate: '{"a": [{{#each data.approvals}}"x"{{/each}}]}'
---
apiVersion: hookwright.io/v1alpha1
kind: Webhook
metadata: {name: comma}
spec:
  url: https://target.test/
  triggers: [RequestGranted]
  bodyTemplate: '{"a": [{% for a in data.approvals %}"x",{% endfor %}]}'
"""


def messages(folder: Path, receiver: tuple[Path, int, Path]) -> str:
    """What the product says to all of this, one message a line."""
    product = Product(folder, *receiver, (HOST, "other-name.test"))
    foreign = folder / "foreign.pem"
    subprocess.run(
        [sys.executable, "-c", f"import trustme; trustme.CA().cert_pem.write_to_path({str(foreign)!r})"],
        check=True,
    )
    product.write("secrets", SECRETS + "".join(f"    {line}\n" for line in foreign.read_text().splitlines()))
    for name, spec in TARGETS.items():
        product.webhook(name, f"  triggers: [Manual]\n{spec}")
    product.start("--connect-to", "nobody.test:443:127.0.0.1:9")
    try:
        said = [line for name in TARGETS for line in called(product, name)]
        said += refused(product)
        said += commands(product, folder)
    finally:
        product.stop()
        product.http.close()
    return "\n".join(said)


def called(product: Product, name: str) -> list[str]:
    """Message and tip of one Manual call."""
    event = {"event_type": "Manual", "data": {"id": "1"}}
    answer = product.http.post(f"{product.admin}/admin/v1/webhooks/default/{name}/invoke", json=event).json()
    return [answer["detail"], (answer.get("invocation") or answer).get("hint") or ""]


def refused(product: Product) -> list[str]:
    """What the events port says to what it does not take."""
    posts = [
        ({"status": "firing"}, {}),
        (b"{", {}),
        (b'{"a": 1, "a": 2}', {}),
        (granted(), {"content_type": "text/plain"}),
        (granted(), {"host": "hooks.example.com"}),
        (granted(), {"origin": "https://evil.example.com"}),
        (granted(), {"webhook_hops": "5"}),
        (granted(id="one"), {"idempotency_key": "same"}),
        (granted(id="two"), {"idempotency_key": "same"}),
        (granted(why="x" * 1_048_576), {}),
    ]
    answers = [product.post(event, **headers) for event, headers in posts]
    return [answer.json()["detail"] for answer in answers if answer.status_code >= 400]


def commands(product: Product, folder: Path) -> list[str]:
    """What commands say to mistakes, and where nothing runs."""
    (folder / "broken").mkdir()
    (folder / "broken" / "broken.yaml").write_text(BROKEN)
    calls = [
        ["validate", "broken"],
        ["list", "--admin", "http://127.0.0.1:9"],
        ["invoke", "slack", "--admin", product.admin],
        ["lst"],
        ["dev", "broken", "--listen", "0.0.0.0:0"],
        ["dev", "broken", "--listen", "127.0.0.1:0", "--admin", product.admin.removeprefix("http://")],
    ]
    said = []
    for arguments in calls:
        done = subprocess.run(
            [sys.executable, "-m", "hookwright", *arguments], cwd=folder, capture_output=True, text=True, timeout=HANGS,
            check=False,
        )  # fmt: skip
        said += (done.stdout + done.stderr).splitlines()
    return said


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> str:
    """All messages."""
    folder = tmp_path_factory.mktemp("trouble")
    with receiving(folder, HOST) as receiver:
        return messages(folder, receiver)


def rows() -> list[str]:
    """The first cell of every row whose first cell is a message."""
    return [found.replace("\\|", "|") for found in re.findall(r"^\| `` ?(.+?) ?`` \|", PAGE, re.MULTILINE)]


@pytest.mark.parametrize("message", rows())
def test_a_message_of_the_page_is_one_of_the_product(message: str, corpus: str) -> None:
    """Word by word; `…` stands for what is another each time."""
    pattern = ".*".join(map(re.escape, message.split("…")))
    assert re.search(pattern, corpus), f"nobody says: {message}"


def test_every_tip_has_its_row() -> None:
    """No cause is without a row that holds its tip."""
    for cause in Cause:
        assert (hint(cause, None) or "").replace("|", "\\|") in PAGE, cause


@pytest.mark.parametrize(
    "code", re.findall(r"^\| `` The target answered ([34]\d\d|503) ", PAGE, re.MULTILINE)
)
def test_a_status_has_the_tip_of_the_product(code: str) -> None:
    """Beside the message that names it."""
    (row,) = (line for line in PAGE.splitlines() if f"The target answered {code} " in line)
    assert row.endswith(f"| {hint(Cause.STATUS, int(code))} |")
