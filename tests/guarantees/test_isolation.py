"""A target that never answers holds up nobody else (SPEC 5, Isolation); `make bench` measures the ratio."""

from __future__ import annotations

import asyncio
from pathlib import Path

from load import Load, percentile, target
from rig import LISTENING, dev, throwaway_ca

HOST = "isolation.test"
RATE = 200  # events a second, each for ten webhooks
SECONDS = 3.0
ROUNDS = 3


def webhook(name: str, path: str) -> str:
    """One manifest."""
    return f"""---
apiVersion: hookwright.io/v1alpha1
kind: Webhook
metadata: {{name: {name}}}
spec:
  url: https://{HOST}{path}
  triggers: [RequestGranted]
  bodyTemplate: '{{"id": "{{{{ data.id }}}}"}}'
"""


async def p99_of_nine(folder: Path, tenth: str) -> float:
    """Milliseconds from post to delivery, of nine webhooks beside a tenth."""
    manifests = folder / "manifests"
    manifests.mkdir(parents=True)
    texts = [webhook(f"w{number}", f"/{number}") for number in range(9)] + [webhook("w9", tenth)]
    (manifests / "webhooks.yaml").write_text("".join(texts))
    ca_file, cert = throwaway_ca(folder, HOST)
    async with target(cert) as port:
        process = dev(folder, manifests, ca_file, port, HOST, core=None)
        try:
            found = await asyncio.to_thread(process.wait_for, LISTENING)
            load = Load(int(found[1]))
            await load.fixed(RATE, 0.5, fan_out=9)
            run = await load.fixed(RATE, SECONDS, fan_out=9)
        finally:
            process.end()
    assert run.undelivered == 0
    return percentile(run.deliveries, 0.99)


async def test_a_dead_target_does_not_delay_nine_healthy_ones(tmp_path: Path) -> None:
    """p99 of the nine beside a target that never answers is at most twice that beside a healthy one, plus 20 ms.

    Three rounds in turn, and the quietest of each: other work on the machine only ever adds.
    """
    well, dead = [], []
    for number in range(ROUNDS):
        well.append(await p99_of_nine(tmp_path / f"well-{number}", "/uncounted"))
        dead.append(await p99_of_nine(tmp_path / f"dead-{number}", "/-/hang/uncounted"))
    print(f"\np99 of nine webhooks, ms: {well} all healthy, {dead} with one dead")
    assert min(dead) <= 2 * min(well) + 20
