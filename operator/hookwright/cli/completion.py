"""`hookwright completion`: the script that makes a shell complete commands, options and names.

Names are those of the dispatcher that the command would reach. Quick or silent: whoever presses Tab wants no error,
and no wait. Must not: print anything but the script.
"""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click
from click.shell_completion import CompletionItem, get_completion_class

from hookwright.limits import COMPLETION_SECONDS

if TYPE_CHECKING:  # a command without a dispatcher must not load what reaches one
    from hookwright.cli.reach import Reach

_PROGRAM = "hookwright"


@click.command("completion")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def command(ctx: click.Context, shell: str) -> None:
    """Print what makes a shell complete commands, options, webhooks, triggers and ids.

    \b
    bash, in ~/.bashrc:  eval "$(hookwright completion bash)"
    zsh, in ~/.zshrc:    eval "$(hookwright completion zsh)"
    fish, once:
      hookwright completion fish > ~/.config/fish/completions/hookwright.fish
    """
    made = get_completion_class(shell)
    assert made is not None  # click has these three
    click.echo(made(ctx.find_root().command, {}, _PROGRAM, f"_{_PROGRAM.upper()}_COMPLETE").source())


def complete_webhooks(ctx: click.Context, parameter: click.Parameter, begun: str) -> list[CompletionItem]:
    """`NS/NAME` of the webhooks, or NAME of those whose namespace need not be written."""
    return _asked(ctx, begun, _webhooks)


def complete_invocations(ctx: click.Context, parameter: click.Parameter, begun: str) -> list[CompletionItem]:
    """Ids of the latest invocations, with what they were."""
    return _asked(ctx, begun, _invocations)


def complete_triggers(ctx: click.Context, parameter: click.Parameter, begun: str) -> list[str]:
    """The triggers that have a sample."""
    from hookwright.core.samples import SAMPLE_TRIGGERS  # brings the models of the resources

    return [trigger for trigger in SAMPLE_TRIGGERS if trigger.startswith(begun)]


def _webhooks(reach: Reach) -> Iterator[CompletionItem]:
    from hookwright.cli.looks import read_views

    for view in read_views(reach):
        namespace, _, name = view["webhook"].partition("/")
        yield CompletionItem(view["webhook"], help=view["displayName"])
        if namespace == "default":
            yield CompletionItem(name, help=view["displayName"])


def _invocations(reach: Reach) -> Iterator[CompletionItem]:
    for each in reach.admin().get("/admin/v1/invocations")["items"]:
        yield CompletionItem(each["id"], help=f"{each['result']} {each['webhook']}")


def _asked(
    ctx: click.Context, begun: str, ask: Callable[[Reach], Iterator[CompletionItem]]
) -> list[CompletionItem]:
    """What begins so, of the dispatcher that the words before name; nothing if it cannot be had at once."""
    try:
        with _bounded(), ctx:  # what was opened for the answer is closed with the context
            return [item for item in ask(_reach(ctx)) if item.value.startswith(begun)]
    except Exception:
        return []


def _reach(ctx: click.Context) -> Reach:
    """As `reach_options` makes it of the words that are there already."""
    from hookwright.cli.reach import reach_options

    given = {
        name: ctx.params.get(name) for name in ("admin", "admin_token_file", "namespace", "kube_context")
    }
    asked: Callable[..., Reach] = reach_options(_only_reach, namespaced=True)
    return asked(**given, cluster=bool(ctx.params.get("cluster")))


def _only_reach(reach: Reach, namespace: str | None) -> Reach:
    return reach


@contextmanager
def _bounded() -> Iterator[None]:
    """TimeoutError after a moment, whatever it is that does not answer."""

    def late(number: int, frame: object) -> None:
        raise TimeoutError

    before = signal.signal(signal.SIGALRM, late)
    signal.setitimer(signal.ITIMER_REAL, COMPLETION_SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
