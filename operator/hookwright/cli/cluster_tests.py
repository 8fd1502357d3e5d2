"""WebhookTests of a cluster: asks for a run by the annotation, and watches until the run of this request is done.

Ends at once when the test has passed, failed, or can never run; a result of an earlier run is never taken for
this one's. Must not: print.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from hookwright.api.admin import Assertion, TestRun
from hookwright.api.fields import seconds
from hookwright.cli.cluster import Cluster, Raw
from hookwright.cli.cluster_requests import moment, request
from hookwright.cli.cluster_views import conditions, seen
from hookwright.core.assemble import REQUESTED_AT
from hookwright.core.objects import WEBHOOK_TEST, full_name
from hookwright.errors import UsageError
from hookwright.limits import CLUSTER_TEST_SECONDS

FAILED = "Test failed"
_RESOURCE = "webhooktests.hookwright.io"
_AT_LEAST = 1.0  # seconds to look at a test whose turn comes after the time is over
_RAN = frozenset({"TestPassed", "TestFailed"})
_SHOWN = (
    "result", "message", "hint", "invocation", "assertions", "testedGeneration", "testedConfigHash", "lastRunTime",
)  # fmt: skip


def run_tests(
    cluster: Cluster,
    names: Sequence[str],
    say: Callable[[str, str], None],
    *,
    patience: float = CLUSTER_TEST_SECONDS,
) -> list[Raw]:
    """Run them, and give each as it then stands, in their order.

    `say` hears (`namespace/name`, sentence) of what a test waits for; `patience`: seconds beside the longest
    timeout. UsageError: there is none of that name, or the caller may not ask for a run.
    """
    keys = [full_name(name, cluster.namespace if "/" not in name else "") for name in names]
    asked = moment()
    requested = [
        request(cluster, WEBHOOK_TEST, key, asked) for key in keys
    ]  # all at first, so that they run side by side
    longest = max((seconds(raw["spec"].get("timeout", "30s")) for raw in requested), default=0.0)
    end = time.monotonic() + longest + patience
    return [_awaited(cluster, key, raw, end, say) for key, raw in zip(keys, requested, strict=True)]


def finished(raw: Raw) -> bool:
    """Whether the test has run since it was last asked to, or there is nothing to run."""
    last = conditions(raw).get("Finished", {})
    if not seen(raw) or last.get("status") != "True":
        return False
    wanted = raw["metadata"].get("annotations", {}).get(REQUESTED_AT)
    return last.get("reason") not in _RAN or raw["status"].get("lastHandledReconcileAt") == wanted


def document(raw: Raw) -> dict[str, Any]:
    """A test for scripts, by the names of its status; one that has not run has failed, whatever it did before."""
    metadata, done = raw["metadata"], finished(raw)
    status = raw["status"] if done else {}
    waited = "" if done else f"It has not run in time. {_waits_for(raw)}"
    return {
        "test": f"{metadata['namespace']}/{metadata['name']}",
        "webhook": f"{metadata['namespace']}/{raw['spec']['webhookRef']['name']}",
        "mode": raw["spec"].get("mode", "Send"),
        **{name: status.get(name) for name in _SHOWN},
        "result": status.get("result", FAILED),
        "message": waited or status.get("message", ""),
    }


def as_run(shown: Raw) -> TestRun:
    """The same for people, as `hookwright test` says it of a file's test."""
    return TestRun(
        run_id="",
        test=shown["test"],
        webhook=shown["webhook"],
        mode=shown["mode"],
        result=shown["result"],
        message=shown["message"],
        hint=shown["hint"],
        assertions=[Assertion.model_validate(each) for each in shown["assertions"] or ()],
        time=shown["lastRunTime"] or "",
    )


def _awaited(cluster: Cluster, key: str, asked: Raw, end: float, say: Callable[[str, str], None]) -> Raw:
    """The test once it is finished, or as it stands when the time is over."""
    last, said = asked, ""
    for raw in _changes(cluster, key, end):
        if finished(raw):
            return raw
        last, message = raw, _waits_for(raw)
        if message != said:
            say(key, message)
        said = message
    return last


def _waits_for(raw: Raw) -> str:
    message: str = conditions(raw).get("Ready", {}).get("message", "")
    reconciling = "Reconciling" in conditions(raw)
    return message if reconciling and seen(raw) else "Waiting for the controller."


def _changes(cluster: Cluster, key: str, end: float) -> Iterator[Raw]:
    """The test as it is and each time it changes, until a time (monotonic).

    UsageError: it is deleted meanwhile, or cannot be watched.
    """
    namespace, _, name = key.partition("/")
    words = (
        "get",
        _RESOURCE,
        name,
        f"--namespace={namespace}",
        "--watch",
        "--output-watch-events",
        "--output=json",
    )
    with cluster.kubectl.running(*words) as process:
        timer = threading.Timer(max(_AT_LEAST, end - time.monotonic()), process.terminate)
        timer.start()
        try:
            yield from _objects(key, process.stdout or ())
        finally:
            timer.cancel()
            timer.join()
    if time.monotonic() < end:
        raise UsageError(f"The watch on the WebhookTest {key} has ended; try again.")


def _objects(key: str, lines: Iterable[str]) -> Iterator[Raw]:
    """The objects of a watch's events, one a line. UsageError: deleted, or kubectl has an error to tell."""
    for line in lines:
        if line.startswith("{"):
            event = json.loads(line)
            if event["type"] == "DELETED":
                raise UsageError(f"The WebhookTest {key} has been deleted.")
            yield event["object"]
        elif line.lower().startswith("error"):
            raise UsageError(f"kubectl get --watch: {line.strip()}")
