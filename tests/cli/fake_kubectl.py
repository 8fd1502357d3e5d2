"""A small kubectl for tests without a cluster: a real process that reads what there is from a folder.

The folder (FAKE_KUBECTL) holds `state.json`: `objects`, `forbidden` (["get secret"]), `ports` (port of the Service →
local port that stands for it), `namespace` of the context, and `reactions` (NS/NAME of a WebhookTest → the statuses
that a controller gives it one after the other; "$requested" stands for the annotation), `server` (of
its version), `ahead` (seconds of its clock), `unserved` (kinds that the cluster does not know). What it was called
with goes to `calls`. Its words are those of kubectl 1.34.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import socket
import sys
import threading
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any, NoReturn

FOLDER = Path(os.environ["FAKE_KUBECTL"])
STATE = json.loads((FOLDER / "state.json").read_text())
REQUESTED_AT = "hookwright.io/requestedAt"
KINDS = {
    "services": "Service",
    "secret": "Secret",
    "webhooks.hookwright.io": "Webhook",
    "webhooktests.hookwright.io": "WebhookTest",
    "customresourcedefinitions.apiextensions.k8s.io": "CustomResourceDefinition",
    "deployments": "Deployment",
    "networkpolicies": "NetworkPolicy",
}


def main() -> None:
    """Do as told, or end with kubectl's words."""
    with (FOLDER / "calls").open("a") as calls:
        calls.write(f"{os.getpid()} {json.dumps(sys.argv[1:])}\n")
    parser = argparse.ArgumentParser(allow_abbrev=False)
    parser.add_argument("words", nargs="+")
    parser.add_argument("-v", type=int)
    for flag in (
        "--raw",
        "--namespace",
        "--selector",
        "--output",
        "--context",
        "--request-timeout",
        "--address",
    ):
        parser.add_argument(flag)
    for flag in ("--all-namespaces", "--overwrite", "--watch", "--output-watch-events", "--minify"):
        parser.add_argument(flag, action="store_true")
    given = parser.parse_intermixed_args()
    verb, *rest = given.words
    if (verb, rest) == ("config", ["current-context"]):
        print(STATE.get("context", "kind-test"))
    elif given.raw:
        assert (verb, given.raw, given.v) == ("get", "/version", 8)
        date = format_datetime(datetime.now(UTC) + timedelta(seconds=STATE.get("ahead", 0)), usegmt=True)
        print(f"I1128 21:57:32.881818 1 round_trippers.go:587]     Date: {date}", file=sys.stderr)
    elif verb == "version":
        allowed("get", "version", None, None)
        print(
            json.dumps(
                {"serverVersion": {"major": "1", "minor": "34", "gitVersion": "v1.34.0"} | STATE["server"]}
            )
        )
    elif verb == "config":
        assert (rest, given.minify, given.output) == (["view"], True, "jsonpath={..namespace}")
        sys.stdout.write(STATE.get("namespace", ""))
    elif verb == "port-forward":
        forward(given.namespace, *rest)
    elif verb == "get":
        get(given, *rest)
    else:
        assert verb == "annotate", verb
        annotate(given, *rest)


def get(given: argparse.Namespace, resource: str, name: str | None = None) -> None:
    """`kubectl get`."""
    allowed("get", resource, name, given.namespace)
    served(resource)
    labels = dict(each.split("=") for each in (given.selector or "").split(",") if each)
    found = [
        each
        for each in STATE["objects"]
        if each["kind"] == KINDS[resource]
        and (given.all_namespaces or each["metadata"].get("namespace") == given.namespace)
        and labels.items() <= each["metadata"].get("labels", {}).items()
    ]
    if name is None:
        print(json.dumps({"kind": "List", "items": found}, indent=4))
    elif given.watch:
        watch(one(resource, name, found))
    else:
        print(json.dumps(one(resource, name, found), indent=4))


def watch(raw: dict[str, Any]) -> None:
    """The object, and then each state that it is given; without a last state, for ever."""
    event("ADDED", raw)
    metadata = raw["metadata"]
    for status in STATE.get("reactions", {}).get(f"{metadata['namespace']}/{metadata['name']}", []):
        if status is None:
            event("DELETED", raw)
        else:
            text = json.dumps(status).replace("$requested", metadata["annotations"][REQUESTED_AT])
            event("MODIFIED", {**raw, "status": json.loads(text)})
    signal.pause()


def event(kind: str, raw: dict[str, Any]) -> None:
    """One event of a watch, a line."""
    print(json.dumps({"type": kind, "object": raw}), flush=True)


def annotate(given: argparse.Namespace, resource: str, name: str, pair: str) -> None:
    """`kubectl annotate --overwrite`, kept for the calls that follow."""
    allowed("patch", resource, name, given.namespace)
    served(resource)
    found = [each for each in STATE["objects"] if each["metadata"]["namespace"] == given.namespace]
    raw = one(resource, name, [each for each in found if each["kind"] == KINDS[resource]])
    key, _, value = pair.partition("=")
    raw["metadata"].setdefault("annotations", {})[key] = value
    (FOLDER / "state.json").write_text(json.dumps(STATE))
    print(json.dumps(raw, indent=4))


def one(resource: str, name: str, found: list[dict[str, Any]]) -> dict[str, Any]:
    """The object of a name, or the end."""
    for each in found:
        if each["metadata"]["name"] == name:
            return each
    return fail(f'Error from server (NotFound): {resource} "{name}" not found')


def allowed(verb: str, resource: str, name: str | None, namespace: str | None) -> None:
    """End with kubectl's words if the caller may not."""
    if f"{verb} {resource}" not in STATE.get("forbidden", []):
        return
    where = f'in the namespace "{namespace}"' if namespace else "at the cluster scope"
    subject = f'{resource} "{name}"' if name else resource
    fail(
        f'Error from server (Forbidden): {subject} is forbidden: User "ed" cannot {verb} resource "{resource}" '
        f"in API group {where}"
    )


def served(resource: str) -> None:
    """End with kubectl's words if the cluster does not know the kind."""
    if resource in STATE.get("unserved", []):
        fail("Error from server (NotFound): the server could not find the requested resource")


def fail(words: str) -> NoReturn:
    """The end, after a line of log as kubectl likes to have it."""
    sys.exit(f'E1124 11:41:27.221761   26520 memcache.go:265] "Unhandled Error"\n{words}')


def forward(namespace: str, service: str, ports: str) -> None:
    """`kubectl port-forward service/NAME :PORT`: serve a free port, and talk a lot while doing it."""
    allowed("create", "port-forward", None, namespace)
    kind, _, name = service.partition("/")
    assert kind == "service"
    assert ports.startswith(":")
    one("services", name, [each for each in STATE["objects"] if each["kind"] == "Service"])
    listener = socket.create_server(("127.0.0.1", 0))
    print(f"Forwarding from 127.0.0.1:{listener.getsockname()[1]} -> {ports[1:]}", flush=True)
    while True:
        client, _ = listener.accept()
        print("Handling connection for 8081\n" * 3_000, flush=True)  # more than a pipe holds
        server = socket.create_connection(("127.0.0.1", STATE["ports"][ports[1:]]))
        for source, target in ((client, server), (server, client)):
            threading.Thread(target=pump, args=(source, target), daemon=True).start()


def pump(source: socket.socket, target: socket.socket) -> None:
    """Bytes from one socket to the other until the first ends."""
    while data := source.recv(65_536):
        target.sendall(data)
    target.shutdown(socket.SHUT_WR)


if __name__ == "__main__":
    main()
