"""What stands at the other end fails: targets and names. Beside the ill webhook a well one must not notice."""

from __future__ import annotations

import itertools
import os
import time

from faults.bench import Bench
from faults.processes import NotPossibleError
from faults.scenario import scenario
from faults.shim import DNS_ANSWERS, DNS_FAILS, Switch

ONLY_THAT = "only that webhook waits; the others' deliveries arrive meanwhile; nothing is lost when it heals"
QUICK = {"timeout": "2s", "retry": {"schedule": ["1s"] * 32}}


def _beside(bench: Bench, does: str, value: object = None, **spec: object) -> None:
    """Both webhooks get every event; the ill one heals when the well one has all of its."""
    bench.webhook("well")
    bench.webhook("ill", **(QUICK | spec))
    bench.target_does("/ill", does, value)
    bench.verdict.allowed += (
        bench.in_flight
    )  # an answer that a busy machine brings too late is asked for again
    bench.start()
    bench.under_load()
    bench.check(bench.delivered("well"), f"the other webhook waits beside a target that does {does}")
    bench.target_does("/ill", "ok")


def _none_dead(bench: Bench) -> None:
    bench.check(
        bench.delivered("ill"), f"a delivery does not come after healing; dead: {set(bench.dead().values())}"
    )


@scenario("target refuses connections", ONLY_THAT)
def target_dead(bench: Bench) -> None:
    bench.webhook("well")
    bench.webhook("ill", **QUICK, url="https://closed.test/ill")
    bench.start("--connect-to", "closed.test:443:127.0.0.1:1")
    bench.under_load()
    bench.check(bench.delivered("well"), "the other webhook waits beside a dead target")
    bench.webhook("ill", **QUICK)
    _none_dead(bench)


@scenario("target never answers", ONLY_THAT)
def target_hangs(bench: Bench) -> None:
    _beside(bench, "hang")
    _none_dead(bench)


@scenario("target takes a second to answer", ONLY_THAT)
def target_slow(bench: Bench) -> None:
    _beside(bench, "delay", 1_000, timeout="15s")
    _none_dead(bench)


@scenario("target resets connections", ONLY_THAT)
def target_resets(bench: Bench) -> None:
    _beside(bench, "reset")
    _none_dead(bench)


@scenario("target drips a byte a second", ONLY_THAT)
def target_drips(bench: Bench) -> None:
    _beside(bench, "drip")
    _none_dead(bench)


@scenario("target answers 500", ONLY_THAT)
def target_fails(bench: Bench) -> None:
    _beside(bench, "status", 500)
    _none_dead(bench)


@scenario("target answers 429 without Retry-After", ONLY_THAT + "; uses up no step")
def too_many_requests(bench: Bench) -> None:
    _beside(bench, "status", 429, retry={"schedule": ["1s", "1s"]})
    _none_dead(bench)


@scenario("target answers 429 with Retry-After", ONLY_THAT + "; not asked before that time")
def retry_after(bench: Bench) -> None:
    _beside(bench, "later", 3, retry={"schedule": ["1s", "1s"]})
    _none_dead(bench)
    for requests in bench.ledger.requests.values():
        for before, after in itertools.pairwise(requests):
            if before.status == 429:
                bench.check(after.when - before.when > 2.8, "asked again before Retry-After")


@scenario("target answers 410", "its deliveries become dead letters (Gone); asked anew, they can be replayed")
def target_gone(bench: Bench) -> None:
    _beside(bench, "status", 410)
    bench.settle()
    reasons = set(bench.dead().values())
    bench.check(reasons == {"Gone"}, f"the reasons are {reasons}")
    bench.webhook("ill", **QUICK, displayName="again")
    bench.settled_configuration("ill")
    while bench.dead():
        bench.http.post("/admin/v1/replays", json={"webhook": "ill/ill"}).raise_for_status()
    _none_dead(bench)


@scenario("name server does not answer", ONLY_THAT)
def dns_fails(bench: Bench) -> None:
    _named(bench, [DNS_FAILS])


@scenario("name server answers now and then", ONLY_THAT)
def dns_flaps(bench: Bench) -> None:
    _named(bench, [bench.chance.choice([DNS_FAILS, DNS_ANSWERS]) for _ in range(6)] + [DNS_FAILS])


def _named(bench: Bench, answers: list[int]) -> None:
    if os.geteuid() != 0:
        raise NotPossibleError("a target cannot listen on port 443")
    bench.switch(Switch.DNS, answers[0])
    bench.webhook("well")
    bench.webhook("ill", **QUICK, url="https://named.test/ill")
    bench.verdict.allowed += bench.in_flight
    bench.start("--allow", "127.0.0.0/8")
    bench.load()
    for answer in answers:
        bench.switch(Switch.DNS, answer)
        time.sleep(2 * bench.size.seconds / len(answers))
    bench.pause()
    bench.check(bench.delivered("well"), "the other webhook waits for a name that is not its own")
    bench.switch(Switch.DNS, DNS_ANSWERS)
    _none_dead(bench)
