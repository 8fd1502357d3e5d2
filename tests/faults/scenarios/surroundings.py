"""What is around the process changes or runs out: configuration, Secrets, clock, descriptors, memory, notices, readers."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import time
from pathlib import Path

from faults.bench import Bench
from faults.processes import NotPossibleError
from faults.scenario import scenario
from faults.shim import Switch
from rig import until

GOES_ON = "goes on by itself; nothing acknowledged is lost"
LABEL = {"hookwright.io/webhook-secret": "true"}


@scenario("configuration replaced under load", "the new one is in force within seconds; nothing is lost")
def configuration_replaced(bench: Bench) -> None:
    bench.webhook("one")
    bench.start()
    bench.load()
    for number in range(3 * bench.size.kills):
        time.sleep(bench.chance.uniform(0.05, 0.4))
        bench.webhook("one", url=f"https://target.test/one-{number}")
        bench.webhook(f"other-{number % 3}", displayName=f"version {number}")
    bench.check(bench.seen(f"/one-{number}"), "the last configuration does not come into force")
    bench.pause()


@scenario("webhook deleted and made again under load", "its deliveries wait for it; nothing is lost")
def webhook_made_again(bench: Bench) -> None:
    bench.webhook("one")
    bench.target_does("/one", "delay", 50)
    bench.start()
    bench.load()
    for _ in range(bench.size.kills):
        time.sleep(bench.chance.uniform(0.2, 0.8))
        (bench.manifests / "one.json").unlink()
        time.sleep(bench.chance.uniform(0.2, 1.5))
        bench.webhook("one")
    bench.pause()
    bench.check(bench.delivered("one"), f"dead: {set(bench.dead().values())}")


@scenario("Secret rotated under load", "used within seconds, no restart; the 401s meanwhile are tried again")
def secret_rotated(bench: Bench) -> None:
    reference = {"secretKeyRef": {"name": "key", "key": "token"}}
    spec = {"headers": [{"name": "x-token", "valueFrom": reference}], "retry": {"schedule": ["1s"] * 32}}

    def rotate(number: int) -> None:
        bench.target_does("/one", "token", f"token-{number}")
        metadata = {"name": "key", "namespace": "one", "labels": LABEL}
        bench.manifest("secret", "Secret", metadata, apiVersion="v1", stringData={"token": f"token-{number}"})

    rotate(0)
    bench.webhook("one", **spec)
    bench.start()
    bench.load(rate=20)
    for number in range(1, bench.size.kills):
        time.sleep(bench.chance.uniform(0.2, 1.0))
        rotate(number)
        bench.check(bench.seen("/one", f"token-{number}"), "the rotated Secret does not come into use")
    bench.pause()
    bench.check(bench.delivered("one"), f"dead: {set(bench.dead().values())}")


@scenario("clock jumps forward", GOES_ON + "; retries keep their pace; timestamps follow")
def clock_forward(bench: Bench) -> None:
    _clock(bench, bench.chance.randrange(600, 6 * 3_600))


@scenario("clock jumps back", GOES_ON + "; retries keep their pace; timestamps follow")
def clock_back(bench: Bench) -> None:
    _clock(bench, -bench.chance.randrange(600, 6 * 3_600))


def _clock(bench: Bench, seconds: int) -> None:
    """With deliveries waiting for their retry, before and after a restart."""
    bench.switch(Switch.CLOCK_MS, 0)
    bench.webhook("one")
    bench.webhook("two")
    bench.target_does("/two", "status", 429)
    bench.start()
    bench.load()
    bench.back()
    bench.switch(Switch.CLOCK_MS, seconds * 1_000)
    time.sleep(bench.size.seconds)
    bench.pause()
    bench.check(bench.delivered("one"), "deliveries stand still after a jump of the clock")
    _timestamps(bench, seconds)
    bench.kill()
    bench.target_does("/two", "ok")
    bench.switch(Switch.CLOCK_MS, 0)
    bench.start()
    bench.check(
        bench.delivered("two"), f"retries stand still after a jump; dead: {set(bench.dead().values())}"
    )


def _timestamps(bench: Bench, seconds: int) -> None:
    """The latest request says the time that the clock shows."""
    latest = max((each for of in bench.ledger.requests.values() for each in of), key=lambda each: each.when)
    should = time.time() - (time.monotonic() - latest.when) + seconds
    off = round(latest.timestamp - should)
    bench.check(abs(off) < 60, "webhook-timestamp does not follow the clock")


@scenario("no file descriptor left", GOES_ON)
def descriptors_exhausted(bench: Bench) -> None:
    bench.webhook("one")
    bench.webhook("two")
    bench.target_does("/two", "delay", 100)
    bench.start()
    bench.load()
    bench.back()
    assert bench.process is not None
    before = resource.prlimit(bench.process.pid, resource.RLIMIT_NOFILE)
    used = len(os.listdir(f"/proc/{bench.process.pid}/fd"))
    resource.prlimit(bench.process.pid, resource.RLIMIT_NOFILE, (max(8, used - 10), before[1]))
    bench.webhook("one", url="https://target.test/moved")  # needs files and connections
    time.sleep(2 * bench.size.seconds)
    resource.prlimit(bench.process.pid, resource.RLIMIT_NOFILE, before)
    bench.pause()


@scenario(
    "memory limited by control group, to what a start takes and a little", "killed or not, nothing is lost"
)
def memory_limit(bench: Bench) -> None:
    bench.webhook("one")
    bench.webhook("ill")
    bench.target_does("/ill", "status", 503)
    group = _memory_group(bench)
    bench.start()
    usage, limit = (group / name for name in _MEMORY[group.parent.name])
    limit.write_text(str(int(usage.read_text()) + bench.chance.randrange(1, 16) * 1024 * 1024))
    bench.load(bytes=50_000, rate=100)
    until(lambda: bench.ended() or len(bench.ledger.read().acknowledged) > 400 * bench.size.seconds, 60)
    if bench.ended():  # by the kernel, as a kubelet would find it
        bench.exit_code()
        bench.verdict.kills += 1
        bench.verdict.allowed += 2 * bench.in_flight
        limit.write_text("-1" if group.parent.name == "memory" else "max")
        bench.start()
    bench.back()
    bench.pause()


_MEMORY = {  # by the name of the root: version 1, version 2
    "memory": ("memory.usage_in_bytes", "memory.limit_in_bytes"),
    "cgroup": ("memory.current", "memory.max"),
}


def _memory_group(bench: Bench) -> Path:
    """A control group of this round's own, in which its dispatchers start."""
    root = Path("/sys/fs/cgroup")
    group = (root / "memory" if (root / "memory").is_dir() else root) / bench.folder.name
    try:
        group.mkdir()
    except OSError:
        raise NotPossibleError("making a control group is not allowed") from None
    bench.resources.callback(group.rmdir)
    bench.prefix = ["sh", "-c", f'echo $$ > {group}/cgroup.procs && exec "$@"', "sh"]
    return group


@scenario(
    "nobody reads the log (stderr stalled)", "events are taken and delivered all the same; SIGTERM ends it"
)
def stderr_stalled(bench: Bench) -> None:
    reader, bench.stderr = os.pipe()
    bench.resources.callback(os.close, reader)
    bench.resources.callback(os.close, bench.stderr)
    bench.webhook("one")
    bench.webhook("ill")
    bench.target_does("/ill", "status", 400)
    bench.start()
    bench.load()
    until(lambda: len(bench.ledger.read().acknowledged) >= 1_000 or bench.stalled())
    bench.check(not bench.stalled(), "with its log stalled it takes no more events")
    bench.check(bench.status("/healthz") == 200, "with its log stalled healthz does not answer")
    bench.signal(signal.SIGTERM)
    code = bench.exit_code(40)
    bench.check(code == 0, f"with its log stalled SIGTERM ends in {code}")
    bench.stderr = None
    if code is None:
        bench.kill()
    bench.start()
    bench.pause()


@scenario("no inotify instance left on the node", "starts and follows changes all the same, a little later")
def no_inotify(bench: Bench) -> None:
    without = 'echo 0 > /proc/sys/user/max_inotify_instances && exec "$@"'
    bench.prefix = ["unshare", "--user", "--map-root-user", "sh", "-c", without, "sh"]
    if subprocess.run([*bench.prefix, "true"], capture_output=True).returncode:
        raise NotPossibleError("making a user namespace is not allowed")
    bench.webhook("one")
    bench.start()
    bench.load(rate=50)
    bench.back()
    bench.webhook("one", url="https://target.test/moved")
    bench.check(bench.seen("/moved"), "without inotify a change is never seen")
    bench.pause()
