"""Two examples for the help of every command. A test reads each as the command line would.

Must not: know what a command does.
"""

from __future__ import annotations

import re
from typing import Final

from hookwright.cli.called import called

_OURS: Final = re.compile(r"(?<!kubectl )hookwright(?= [a-z])")  # the program, to be said as it was called

EXAMPLES: Final[dict[str, tuple[str, str]]] = {
    "dev": (
        "hookwright dev --sink examples",
        "hookwright dev . --listen 127.0.0.1:9080 --admin 127.0.0.1:9081",
    ),
    "validate": ("hookwright validate examples", "hookwright validate webhook.yaml -o json"),
    "render": (
        "hookwright render webhook.yaml --trigger RequestGranted",
        "hookwright render . --webhook shop/slack --event event.json",
    ),
    "test": ("hookwright test . --only shop/slack", "kubectl hookwright test shop/slack"),
    "send": (
        "hookwright send --set data.requester.email=ann@example.com",
        "hookwright send --file event.json --why shop/slack",
    ),
    "invoke": ("hookwright invoke shop/slack", "hookwright invoke shop/slack --file event.json"),
    "list": ("hookwright list --state failing", "hookwright list 'shop/*' --sort pending --watch"),
    "invocations": ("hookwright invocations shop/slack --follow", "hookwright invocations AR-123"),
    "retry": ("hookwright retry shop/slack", "kubectl hookwright retry shop/slack"),
    "open": ("hookwright open", "kubectl hookwright open --print"),
    "import": ("hookwright import apono form.yaml", "hookwright import curl --name jira --file command.sh"),
    "import curl": (
        "hookwright import curl curl -d '{}' https://tickets.example.com/new",
        "hookwright import curl --name jira --file command.sh",
    ),
    "import apono": (
        "hookwright import apono",
        "hookwright import apono form.yaml --secrets-out secrets.yaml",
    ),
    "import terraform": (
        "hookwright import terraform state.json",
        "terraform show -json | hookwright import terraform",
    ),
    "replay": ("hookwright replay --webhook shop/slack", "hookwright replay --since 2h --until 10m"),
    "schema": ("hookwright schema", "hookwright schema -o yaml"),
    "sample": ("hookwright sample RequestCreated", "hookwright sample Manual -o yaml"),
    "doctor": ("hookwright doctor --egress", "kubectl hookwright doctor -o json"),
    "store": (
        "hookwright store copy --from /data --to-url-file url",
        "hookwright store copy --from-url-file url --to /data",
    ),
    "store copy": (
        "hookwright store copy --from /data --to-url-file url",
        "hookwright store copy --from-url-file url --to /data",
    ),
    "dispatcher": (
        "hookwright dispatcher",
        "HOOKWRIGHT_DATA=/data HOOKWRIGHT_CONFIG=/config hookwright dispatcher",
    ),
    "controller": ("hookwright controller", "HOOKWRIGHT_NAMESPACE=webhooks hookwright controller"),
    "completion": ('eval "$(hookwright completion bash)"', "hookwright completion fish"),
    "help": ("hookwright help", "hookwright help send"),
    "version": ("hookwright version", "kubectl hookwright version -o json"),
}


def epilog(name: str) -> str | None:
    """What stands below the options of a command; None: there is nothing to say."""
    if name not in EXAMPLES:
        return None
    lines = [f"  {_OURS.sub(called(), example)}" for example in EXAMPLES[name]]
    return "\n".join(("\b", "Examples:", *lines))
