"""`make demo`: the main job on this machine, for real, in some seconds.

Starts a receiver of its own behind TLS (a throwaway certificate authority) and `hookwright dev examples`, with every
host of the examples led to the receiver; posts events for all triggers over HTTP; shows the table, one whole
invocation and a failed test with its tip. Exit code 0 only if every accepted delivery arrived at the receiver.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import httpx
import trustme

from hookwright.cli.folder import read_folder
from hookwright.core.routes import hosts_of
from hookwright.core.samples import SAMPLE_TRIGGERS, sample
from rig import records

ROOT = Path(__file__).parent.parent
EXAMPLES = ROOT / "examples"
HOOKWRIGHT = [os.path.relpath(Path(sys.executable).parent / "hookwright", ROOT)]
ARRIVAL_SECONDS = 15.0
REJECTED_HOST = "rejects.example.com"
REJECTED = f"""
apiVersion: hookwright.io/v1alpha1
kind: Webhook
metadata: {{name: wrong-token}}
spec:
  url: https://{REJECTED_HOST}/-/status/401
  triggers: [RequestGranted]
---
apiVersion: hookwright.io/v1alpha1
kind: WebhookTest
metadata: {{name: wrong-token}}
spec:
  webhookRef: {{name: wrong-token}}
"""


class Demo:
    """What is started here, and its end."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="hookwright-demo-"))
        self.children: list[subprocess.Popen[bytes]] = []
        self.log = self.folder / "received.jsonl"
        self.connect: list[str] = []

    def start(self, command: list[str], log: Path) -> subprocess.Popen[bytes]:
        """A child whose output goes to a file."""
        with log.open("wb") as out:
            env = {**os.environ, "HOOKWRIGHT_HISTORY_BODIES": "all"}
            child = subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT, env=env, cwd=ROOT)
        self.children.append(child)
        return child

    def wait_for(self, log: Path, pattern: str, child: subprocess.Popen[bytes]) -> re.Match[str]:
        """Until a child says so."""
        end = time.monotonic() + 30
        while time.monotonic() < end:
            text = log.read_text(errors="replace")
            found = re.search(pattern, text)
            if found is not None:
                return found
            if child.poll() is not None:
                break
            time.sleep(0.05)
        raise SystemExit(f"The demo could not start:\n{log.read_text(errors='replace')}")

    def close(self) -> None:
        """End the children, drop the folder."""
        for child in reversed(self.children):
            if child.poll() is None:
                child.send_signal(signal.SIGTERM)
        for child in self.children:
            try:
                child.wait(10)
            except subprocess.TimeoutExpired:
                child.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def received(self) -> set[str]:
        """The webhook-ids that the receiver has seen."""
        if not self.log.exists():
            return set()
        found = records(self.log.read_text())
        return {record["headers"]["webhook-id"] for record in found if "webhook-id" in record["headers"]}


def say(text: str) -> None:
    """A heading."""
    print(f"\n\033[1m{text}\033[0m" if sys.stdout.isatty() else f"\n{text}", flush=True)


def hosts() -> list[str]:
    """Every host that the examples send to, token endpoints included."""
    found = {REJECTED_HOST}
    for webhook in read_folder([EXAMPLES], b"demo").assembly.config.webhooks:
        if webhook.held is not None:
            raise SystemExit(f"{webhook.key}: {webhook.held}")
        found.update(hosts_of(webhook))
    return sorted(found)


def events() -> list[tuple[str, dict[str, str], object]]:
    """What is posted: each trigger as it comes, a request for production, and a CloudEvent."""
    posts: list[tuple[str, dict[str, str], object]] = [
        (trigger, {"idempotency-key": f"demo-{trigger}"}, sample(trigger)) for trigger in SAMPLE_TRIGGERS
    ]
    production = sample("RequestGranted")
    production["data"]["friendly_id"] = "AR-500"
    production["data"]["justification"] = 'on call: "db is slow",\nneed to look'
    production["data"]["access_groups"][0]["integration"]["name"] = "prod db"
    posts.append(("RequestGranted for prod db", {}, production))
    deployed = {
        "specversion": "1.0", "id": "demo-1", "source": "/pipelines/shop", "type": "dev.example.deployed.v1",
        "datacontenttype": "application/json", "data": {"service": "shop", "version": "1.4.2"},
    }  # fmt: skip
    posts.append(("CloudEvent", {"content-type": "application/cloudevents+json"}, deployed))
    return posts


def post(url: str) -> list[tuple[str, str]]:
    """Post them all; (delivery id, webhook) of what was accepted."""
    accepted = []
    with httpx.Client(timeout=10) as client:
        for name, headers, event in events():
            answer = client.post(
                url, headers={"content-type": "application/json", **headers}, content=json.dumps(event)
            )
            if answer.status_code != 202:
                raise SystemExit(f"{name}: {answer.status_code} {answer.text}")
            deliveries = answer.json()["events"][0]["deliveries"]
            print(
                f"  202  {name}: {', '.join(each['webhook'].partition('/')[2] for each in deliveries) or 'no webhook'}"
            )
            accepted += [(each["id"], each["webhook"]) for each in deliveries]
    return accepted


def run(demo: Demo, keep: bool) -> int:
    """The whole demo; its exit code."""
    print("Starting a receiver and hookwright dev examples …", flush=True)
    names = hosts()
    authority = trustme.CA()
    ca_file, cert = demo.folder / "ca.pem", demo.folder / "server.pem"
    authority.cert_pem.write_to_path(ca_file)
    authority.issue_cert(*names).private_key_and_cert_chain_pem.write_to_path(cert)
    out = demo.folder / "receiver.out"
    receiver = demo.start(
        [sys.executable, "tools/receiver.py", "--cert", str(cert), "--log", str(demo.log)], out
    )
    port = demo.wait_for(out, r'"port": ([0-9]+)', receiver)[1]
    leads = ["--ca-file", str(ca_file)]
    for name in names:
        leads += ["--connect-to", f"{name}:443:127.0.0.1:{port}"]
    out = demo.folder / "dev.out"
    data = demo.folder / "data"
    command = [
        *HOOKWRIGHT,
        "dev",
        str(EXAMPLES),
        "--listen",
        "127.0.0.1:0",
        "--admin",
        "127.0.0.1:0",
        "--data",
        str(data),
    ]
    dev = demo.start([*command, *leads], out)
    found = demo.wait_for(out, r"Events: (http://[^ ]+)/v1/events\s+Admin: (http://[^ ]+)", dev)
    to, admin = found[1], found[2]
    print(f"hookwright dev examples: events at {to}/v1/events, admin at {admin}")
    print(f"{len(names)} hosts of the examples are led to a local HTTPS receiver")

    say("Events for all triggers, over HTTP")
    accepted = post(f"{to}/v1/events")
    end = time.monotonic() + ARRIVAL_SECONDS
    missing = {identifier for identifier, _ in accepted}
    while missing and time.monotonic() < end:
        time.sleep(0.1)
        missing -= demo.received()

    say("hookwright list")
    subprocess.run([*HOOKWRIGHT, "list", "--admin", admin], check=True, cwd=ROOT)
    say("One invocation: hookwright invocations --id …")
    shown = next(identifier for identifier, webhook in reversed(accepted) if "cloudevents" not in webhook)
    subprocess.run([*HOOKWRIGHT, "invocations", "--id", shown, "--admin", admin], check=True, cwd=ROOT)
    say("A test that fails, with its tip: hookwright test")
    (demo.folder / "rejected.yaml").write_text(REJECTED)
    failed = subprocess.run(
        [*HOOKWRIGHT, "test", str(demo.folder / "rejected.yaml"), *leads], check=False, cwd=ROOT
    ).returncode

    say("Result")
    arrived = len(accepted) - len(missing)
    print(
        f"{arrived} of {len(accepted)} deliveries arrived at the receiver, over TLS verified against a throwaway CA."
    )
    for identifier, webhook in accepted:
        if identifier in missing:
            print(f"  missing: {identifier} of {webhook}")
    code = 0 if not missing and accepted and failed == 1 else 1
    if keep and code == 0:
        print(f"\nIt stays up until Ctrl-C. The page: {admin}/\nPaste one of these:\n"
              f"  {HOOKWRIGHT[0]} list --admin {admin}\n"
              f"  {HOOKWRIGHT[0]} send --to {to} --trigger RequestApproved\n"
              f"  {HOOKWRIGHT[0]} invocations --follow --admin {admin}", flush=True)  # fmt: skip
        try:
            dev.wait()
        except KeyboardInterrupt:
            print()
        return code
    print(f"\nPaste one of these:\n  {HOOKWRIGHT[0]} dev --sink examples\n"
          f"  {HOOKWRIGHT[0]} render examples/hello\n  make demo KEEP=1")  # fmt: skip
    return code


def main() -> None:
    """Parse, run, clean up."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--keep", action="store_true", help="stay up")
    arguments = parser.parse_args()
    demo = Demo()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        sys.exit(run(demo, arguments.keep))
    finally:
        demo.close()


if __name__ == "__main__":
    main()
