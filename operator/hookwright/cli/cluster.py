"""A cluster behind the commands, reached through the caller's own `kubectl`: resources, port-forwards, tokens.

Everything happens with the caller's rights; a token is asked for only where a command needs one, and is kept in
memory alone. Where the release is, its labels say, or HOOKWRIGHT_NAMESPACE and HOOKWRIGHT_RELEASE.
Must not: print, know what a command does.
"""

from __future__ import annotations

import base64
import json
import os
import re
import shlex
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from functools import cached_property, wraps
from tempfile import TemporaryFile
from typing import IO, Any, Final, TypeVar

import click

from hookwright.cli.called import PLUGIN, called
from hookwright.core.objects import DEFAULT_NAMESPACE, LABEL
from hookwright.core.tokens import read_tokens
from hookwright.errors import UsageError
from hookwright.limits import KUBECTL_END_SECONDS, KUBECTL_SECONDS

_SELECTOR: Final = "app.kubernetes.io/name=hookwright,app.kubernetes.io/component=dispatcher"
_SUFFIX: Final = "-dispatcher"
_FORWARDING: Final = re.compile(r"^Forwarding from (\S+) -> ", re.MULTILINE)
_DATE: Final = re.compile(r"\bDate: ([A-Z][a-z]{2}, [0-9]{2} [A-Z][a-z]{2} [0-9]{4} [0-9:]{8} GMT)")
_FIRST_BYTES: Final = 4_096  # what a port-forward says at first
_LOOK_SECONDS: Final = 0.02

Raw = dict[str, Any]
Command = TypeVar("Command", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Said:
    """What a kubectl that has ended said: its output, and if it failed its last words."""

    output: str
    problem: str | None

    @property
    def forbidden(self) -> bool:
        """Whether the caller lacks the right."""
        return "(Forbidden)" in (self.problem or "")

    @property
    def missing(self) -> bool:
        """Whether there is no such object."""
        return "(NotFound)" in (self.problem or "")

    @property
    def unserved(self) -> bool:
        """Whether the cluster does not know this kind of object: its CustomResourceDefinition is missing."""
        said = self.problem or ""
        return (
            "the server doesn't have a resource type" in said
            or "could not find the requested resource" in said
        )


@dataclass(frozen=True, slots=True)
class Kubectl:
    """The caller's kubectl, with the context that is to be used (None: the current one)."""

    program: str
    context: str | None

    @classmethod
    def found(cls, context: str | None) -> Kubectl:
        """The one on the PATH. UsageError: there is none."""
        program = shutil.which("kubectl")
        if program is None:
            raise UsageError("There is no kubectl on the PATH; a cluster is reached through it.")
        return cls(program, context)

    def ask(self, *words: str) -> Said:
        """Run it to its end, whatever that is."""
        done = self._run(words)
        return Said(done.stdout, _last_words(done.stderr) if done.returncode else None)

    def date(self) -> datetime | None:
        """The API server's clock, from an answer's Date (RFC 9110), which kubectl only logs; None: it does not."""
        found = _DATE.search(self._run(("get", "--raw=/version", "-v=8")).stderr)
        return None if found is None else parsedate_to_datetime(found[1])

    def _run(self, words: tuple[str, ...]) -> subprocess.CompletedProcess[str]:
        return subprocess.run(  # noqa: S603 - the caller's own program, without a shell
            self._command((*words, f"--request-timeout={KUBECTL_SECONDS}s")),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )

    def get(self, *words: str) -> Any:
        """The JSON that a kubectl prints. UsageError with its last words if it fails."""
        said = self.ask(*words, "--output=json")
        if said.problem is not None:
            raise UsageError(f"kubectl {words[0]}: {said.problem}")
        return json.loads(said.output)

    @contextmanager
    def running(
        self, *words: str, output: int | IO[str] = subprocess.PIPE
    ) -> Iterator[subprocess.Popen[str]]:
        """A kubectl that goes on until the block ends; what it says, errors included, goes to `output`."""
        process = subprocess.Popen(  # noqa: S603 - as above
            self._command(words),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            text=True,
        )
        with process:
            try:
                yield process
            finally:
                _end(process)

    @contextmanager
    def forwarding(self, namespace: str, service: str, port: int) -> Iterator[str]:
        """A free local port leads to a port of a Service until the block ends; its `host:port`.

        UsageError: kubectl cannot.
        """
        words = (
            "port-forward",
            f"--namespace={namespace}",
            "--address=127.0.0.1",
            f"service/{service}",
            f":{port}",
        )
        # a file and no pipe, as it says a line for each connection, and a pipe that nobody reads would stop it
        with TemporaryFile("w") as said, self.running(*words, output=said) as process:
            end = time.monotonic() + KUBECTL_SECONDS
            while True:
                ended = process.poll() is not None
                text = os.pread(said.fileno(), _FIRST_BYTES, 0).decode(errors="replace")
                if match := _FORWARDING.search(text):
                    break
                if ended or time.monotonic() > end:
                    raise UsageError(f"kubectl port-forward: {_last_words(text)}")
                time.sleep(_LOOK_SECONDS)
            yield match[1]

    def _command(self, words: tuple[str, ...]) -> list[str]:
        context = [] if self.context is None else [f"--context={self.context}"]
        return [self.program, *words, *context]


@dataclass(frozen=True)
class Cluster:
    """A cluster and the release in it. `given`: the namespace of -n. `plugin`: called as kubectl's command."""

    kubectl: Kubectl
    given: str | None
    plugin: bool

    @cached_property
    def namespace(self) -> str:
        """The namespace of names without one: that of -n, else the context's."""
        if self.given is not None:
            return self.given
        said = self.kubectl.ask("config", "view", "--minify", "--output=jsonpath={..namespace}")
        return said.output.strip() or DEFAULT_NAMESPACE

    @cached_property
    def release(self) -> tuple[str, str]:
        """(namespace, name) of the release. UsageError: none or several are found, or they cannot be listed."""
        namespace, name = os.environ.get("HOOKWRIGHT_NAMESPACE"), os.environ.get("HOOKWRIGHT_RELEASE")
        if namespace and name:
            return namespace, name
        where = f"--namespace={namespace}" if namespace else "--all-namespaces"
        said = self.kubectl.ask("get", "services", where, f"--selector={_SELECTOR}", "--output=json")
        if said.forbidden:
            raise UsageError(
                "You may not list Services to find Hookwright's dispatcher; say where it is with "
                "HOOKWRIGHT_NAMESPACE and HOOKWRIGHT_RELEASE."
            )
        if said.problem is not None:
            raise UsageError(f"kubectl get services: {said.problem}")
        metadata = [each["metadata"] for each in json.loads(said.output)["items"]]
        found = [(each["namespace"], each["name"].removesuffix(_SUFFIX)) for each in metadata]
        fitting = [each for each in found if name in (None, each[1])]
        if len(fitting) == 1:
            return fitting[0]
        if not found and not namespace:
            raise self.absent()
        place = f"in namespace {namespace}" if namespace else "in this cluster"
        if not fitting:
            raise UsageError(
                f"There is no Service of Hookwright's dispatcher {place}; install the chart first."
            )
        listed = ", ".join("/".join(each) for each in fitting)
        raise UsageError(
            f"There are several releases of Hookwright {place} ({listed}); choose one with HOOKWRIGHT_NAMESPACE "
            "and HOOKWRIGHT_RELEASE."
        )

    def absent(self) -> UsageError:
        """That Hookwright is not installed there."""
        context = (
            self.kubectl.context or self.kubectl.ask("config", "current-context").output.strip() or "none"
        )
        return UsageError(
            f"Hookwright is not installed in this cluster (context {context}): helm install hookwright "
            "charts/hookwright --namespace hookwright --create-namespace."
        )

    def token(self, purpose: str, flag: str) -> str:
        """The token of a port (`admin` or `ingest`) from its Secret. UsageError: it cannot be had."""
        namespace, _ = self.release
        name, key = self._token_secret(purpose)
        said = self.kubectl.ask("get", "secret", name, f"--namespace={namespace}", "--output=json")
        if said.forbidden:
            raise UsageError(
                f"You may not read the Secret {namespace}/{name}, which holds the {purpose} token; ask for it and "
                f"name a file that holds it with {flag}."
            )
        if said.problem is not None:
            raise UsageError(f"The {purpose} token cannot be read: {said.problem}")
        try:
            text = base64.b64decode(json.loads(said.output)["data"][key]).decode("ascii")
            return read_tokens(text)[0][1]
        except (KeyError, ValueError, IndexError):
            raise UsageError(f"The Secret {namespace}/{name} holds no token under the key {key}.") from None

    def _token_secret(self, purpose: str) -> tuple[str, str]:
        """Name and key of the Secret that the dispatcher's pods mount; where that cannot be seen, the controller's own."""
        namespace, release = self.release
        name = f"{release}{_SUFFIX}"
        said = self.kubectl.ask("get", "deployments", name, f"--namespace={namespace}", "--output=json")
        pods = json.loads(said.output)["spec"]["template"]["spec"] if said.problem is None else {}
        for volume in pods.get("volumes", ()):
            if volume["name"] == f"{purpose}-token":
                items = volume["secret"].get("items") or [{"key": "token"}]
                return volume["secret"]["secretName"], items[0]["key"]
        return f"{release}-{purpose}-token", "token"

    def forward(self, port: int) -> str:
        """Lead a free local port to a port of the dispatcher until the command ends; its URL.

        UsageError: kubectl cannot.
        """
        namespace, release = self.release
        forwarding = self.kubectl.forwarding(namespace, f"{release}{_SUFFIX}", port)
        return f"http://{click.get_current_context().with_resource(forwarding)}"

    def command(self, words: str) -> str:
        """A command to paste that reaches the same cluster."""
        context = "" if self.kubectl.context is None else f" --context {shlex.quote(self.kubectl.context)}"
        return f"{called()} {words}{'' if self.plugin else ' --cluster'}{context}"


def cluster_options(command: Command, *, namespaced: bool = False) -> Command:
    """`--cluster`, `-n` and `--context`, as one parameter `cluster`: a Cluster or None.

    `namespaced`: -n is of use without a cluster as well, and is the parameter `namespace`.
    """

    @wraps(command)
    def wrapper(
        *args: Any, cluster: bool, namespace: str | None, kube_context: str | None, **kwargs: Any
    ) -> Any:
        plugin = click.get_current_context().find_root().info_name == PLUGIN
        lost = kube_context is not None or (namespace is not None and not namespaced)
        if lost and not (cluster or plugin):
            raise click.UsageError("-n and --context go with --cluster.")
        if namespace is not None and not LABEL.fullmatch(namespace):
            raise click.UsageError(f"-n {namespace}: that is no name of a namespace.")
        reached = Cluster(Kubectl.found(kube_context), namespace, plugin) if cluster or plugin else None
        if namespaced:
            kwargs["namespace"] = namespace
        return command(*args, cluster=reached, **kwargs)

    for option in (
        click.option("--context", "kube_context", metavar="NAME", help="The context of your kubeconfig."),
        click.option("-n", "--namespace", metavar="NS", help="The namespace of names without one."),
        click.option("--cluster", is_flag=True, help="Reach the cluster of your kubectl."),
    ):
        wrapper = option(wrapper)
    return wrapper  # type: ignore[return-value]  # the same command with three options more


def _end(process: subprocess.Popen[str]) -> None:
    """Have it end; one that does not is killed, as nobody waits for it."""
    process.terminate()
    try:
        process.wait(KUBECTL_END_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()


def _last_words(errors: str) -> str:
    """The last line of what a kubectl wrote to its standard error: the lines before it are its log."""
    lines = [line.strip() for line in errors.splitlines() if line.strip()]
    return lines[-1] if lines else "it ended without a word."
