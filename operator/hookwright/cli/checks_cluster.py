"""What `doctor` looks at in a cluster, through the caller's own kubectl: kinds, release, pods, tokens, webhooks.

Must not: print, change anything, show a token.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial
from typing import Any, Final

from hookwright.cli import checks
from hookwright.cli.checks import Check, guarded
from hookwright.cli.cluster import Cluster
from hookwright.cli.cluster_views import webhook_views
from hookwright.cli.reach import Reach
from hookwright.errors import HookwrightError
from hookwright.limits import CLOCKS_APART_SECONDS

_LEAST: Final = (1, 31)
"""The Kubernetes that the rules of our kinds need."""
_KINDS: Final = ("webhooks.hookwright.io", "webhooktests.hookwright.io")
_VERSION: Final = "app.kubernetes.io/version"
_OURS: Final = "--selector=app.kubernetes.io/name=hookwright"


def cluster_checks(reach: Reach, cluster: Cluster) -> Iterator[Check]:
    """All of them, as far as one that is wrong lets others be looked at."""
    yield checks.own_version()
    version = cluster.kubectl.ask("version", "--output=json")
    if version.problem is not None:
        cure = "Check the context (kubectl config current-context), or name one with --context."
        yield Check("kubectl", False, f"kubectl reaches no cluster: {version.problem}", cure)
        return
    yield _kubernetes(json.loads(version.output)["serverVersion"])
    yield _clock(cluster)
    for kind in _KINDS:
        yield _kind(cluster, kind)
    try:
        namespace, release = cluster.release
    except HookwrightError as error:
        yield Check("release", False, str(error))
        return
    yield from guarded("deployments", lambda: _deployments(cluster, namespace, release))
    for purpose, flag in (("admin", "--admin-token-file"), ("ingest", "--token-file")):
        yield from guarded("token", partial(_token, cluster, purpose, flag))
    yield from guarded("webhooks", lambda: checks.webhooks(webhook_views(cluster)))
    yield from guarded("dispatcher", lambda: _dispatcher(reach, cluster))
    yield from guarded("networkpolicy", lambda: _policies(cluster, namespace))


def _kubernetes(server: dict[str, Any]) -> Check:
    number = int(server["major"]), int(server["minor"].rstrip("+"))
    if number < _LEAST:
        needed = ".".join(map(str, _LEAST))
        return Check(
            "kubernetes", False, f"Kubernetes {server['gitVersion']} is too old.", f"Use {needed} or newer."
        )
    return Check("kubernetes", True, f"The cluster is Kubernetes {server['gitVersion']}.")


def _clock(cluster: Cluster) -> Check:
    server = cluster.kubectl.date()
    if server is None:
        return Check("clock", None, "kubectl does not tell the cluster's clock.")
    apart = abs((datetime.now(UTC) - server).total_seconds())
    if apart > CLOCKS_APART_SECONDS:
        cure = "Set both by NTP: signatures, due times and tokens rest on them."
        return Check("clock", False, f"The cluster's clock and this one are {apart:,.0f} s apart.", cure)
    return Check("clock", True, "The cluster's clock and this one agree.")


def _kind(cluster: Cluster, kind: str) -> Check:
    said = cluster.kubectl.ask("get", "customresourcedefinitions.apiextensions.k8s.io", kind, "--output=json")
    if said.forbidden:
        return Check("crd", None, f"You may not look at the CustomResourceDefinition {kind}.")
    if said.problem is not None:
        return Check("crd", False, f"There is no CustomResourceDefinition {kind}.", f"{cluster.absent()}")
    labels = json.loads(said.output)["metadata"].get("labels", {})
    return checks.same_version("crd", kind, labels.get(_VERSION))


def _deployments(cluster: Cluster, namespace: str, release: str) -> Iterator[Check]:
    found = cluster.kubectl.get("get", "deployments", f"--namespace={namespace}", _OURS)["items"]
    by_name = {each["metadata"]["name"]: each for each in found}
    for part in ("controller", "dispatcher"):
        name = f"{release}-{part}"
        raw = by_name.get(name)
        if raw is None:
            yield Check(part, False, f"There is no Deployment {namespace}/{name}.", "Install the chart anew.")
            continue
        wanted, ready = raw["spec"].get("replicas", 1), (raw.get("status") or {}).get("readyReplicas", 0)
        if ready < wanted:
            cure = f"kubectl -n {namespace} describe deployment {name}"
            yield Check(part, False, f"Of the {part}'s {wanted} pods {ready} are ready.", cure)
        else:
            yield Check(part, True, f"The {part} is ready.")
        yield checks.same_version(part, f"The {part}", raw["metadata"].get("labels", {}).get(_VERSION))


def _token(cluster: Cluster, purpose: str, flag: str) -> Iterator[Check]:
    cluster.token(purpose, flag)
    yield Check("token", True, f"The {purpose} token is there.")


def _dispatcher(reach: Reach, cluster: Cluster) -> Iterator[Check]:
    """What the dispatcher says of itself, and whether it runs what the statuses say."""
    client = reach.admin()
    yield from checks.dispatcher(client)
    running = {
        view["webhook"]: view["configHash"]
        for page in client.pages("/admin/v1/webhooks", "after")
        for view in page
    }
    behind = [
        view["webhook"]
        for view in webhook_views(cluster)
        if view["configHash"] is not None and running.get(view["webhook"]) != view["configHash"]
    ]
    if behind:
        more = f" and {len(behind) - 1:,} more" if len(behind) > 1 else ""
        message = f"The dispatcher runs another configuration of {behind[0]}{more} than its status says."
        yield Check(
            "configuration", False, message, "Wait a minute; if it stays so, see the controller's log."
        )
    else:
        yield Check("configuration", True, "The dispatcher runs what the statuses say.")


def _policies(cluster: Cluster, namespace: str) -> Iterator[Check]:
    found = cluster.kubectl.get("get", "networkpolicies", f"--namespace={namespace}", _OURS)["items"]
    if not found:
        yield Check("networkpolicy", None, f"There is no NetworkPolicy of ours in {namespace}.")
        return
    names = ", ".join(each["metadata"]["name"] for each in found)
    yield Check(
        "networkpolicy", None, f"NetworkPolicies: {names}. Only the network plugin knows if it enforces them."
    )
