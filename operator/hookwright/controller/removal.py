"""The last deed of a release that is uninstalled: remove the Secrets that its controller made.

Run by the chart as `python3 -m hookwright.controller.removal`. Must not: touch what somebody else made, do anything
while the release is there (manifests that are applied without helm bring this along with all the rest).
"""

from __future__ import annotations

import time
from collections.abc import Callable

import structlog

from hookwright.controller.cluster import SERVICE, ClusterApi, connect
from hookwright.controller.resources import is_ours, made_secrets
from hookwright.controller.settings import Settings
from hookwright.core.objects import SECRET
from hookwright.limits import REMOVAL_SECONDS
from hookwright.telemetry import logs

_log = structlog.get_logger()


def remove_secrets(cluster: ClusterApi, settings: Settings, pause: Callable[[float], None]) -> None:
    """Remove them until none comes again. ClusterError. `pause`: waits so many seconds."""
    if cluster.read(SERVICE, settings.namespace, f"{settings.release}-dispatcher") is not None:
        _log.warning("removal", message=f"The release {settings.release} is installed: nothing is removed.")
        return
    names = made_secrets(settings.release)
    while removed := [name for name in names if _removed(cluster, settings.namespace, name)]:
        _log.info("removal", secrets=removed)
        pause(REMOVAL_SECONDS)


def _removed(cluster: ClusterApi, namespace: str, name: str) -> bool:
    found = cluster.read(SECRET, namespace, name)
    if found is None or not is_ours(found):
        return False
    cluster.delete_secret(namespace, name)
    return True


if __name__ == "__main__":
    logs.configure()
    remove_secrets(connect(), Settings(), time.sleep)  # from the environment
    logs.flush()
