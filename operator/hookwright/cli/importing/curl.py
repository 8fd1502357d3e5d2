"""A working curl command → a form.

Knows the options of curl that say what is sent, those that say only how, and names every other one. Credentials are
left where `manifests` looks for them; the rules judge method, URL and body later. Must not: send, or read anything but
the files that `@` names.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Final, NoReturn
from urllib.parse import quote, unquote, urlsplit, urlunsplit

from hookwright.cli.importing.form import Form
from hookwright.cli.importing.headers import take_headers
from hookwright.errors import UsageError
from hookwright.limits import MANIFEST_BYTES

_QUIET: Final = (
    "-s --silent -S --show-error -v --verbose -i --include --show-headers -f --fail --fail-with-body -# --progress-bar "
    "--no-progress-meter --compressed -N --no-buffer --http1.0 --http1.1 --http2 --http2-prior-knowledge --http3 -0 "
    "--tcp-nodelay --no-keepalive -g --globoff --tlsv1 --tlsv1.2 --tlsv1.3 -1 -4 --ipv4 -6 --ipv6 --path-as-is -j "
    "--junk-session-cookies --ssl-reqd -Z --parallel -q --disable"
)
_QUIET_WITH_VALUE: Final = (
    "-o --output -w --write-out --trace --trace-ascii --stderr -D --dump-header --limit-rate -c --cookie-jar "
    "--keepalive-time --parallel-max --ciphers --tls-max --expect100-timeout -Y --speed-limit -y --speed-time"
)
_DROPPED: Final = {
    "-L --location --location-trusted": "redirects are never followed: write the URL that they end at",
    "-k --insecure": "the target's certificate is always checked: name its authority in spec.tls.ca",
    "-n --netrc": "credentials of a netrc file are not read: put them into the Secret",
    "-O --remote-name -J --remote-header-name -R --remote-time -a --append": "answers are not written to files",
}
_DROPPED_WITH_VALUE: Final = {
    "--cacert --capath": "put the authority into a ConfigMap or Secret and name it in spec.tls.ca",
    "-E --cert --key --cert-type --key-type --pass": "put the client certificate into a Secret and name it in "
    "spec.tls.clientCertSecretRef",
    "-x --proxy -U --proxy-user --noproxy --socks5 --socks5-hostname --preproxy": "requests go straight to the target",
    "--retry --retry-delay --retry-max-time": "deliveries are retried by spec.retry, for 28 hours if it says nothing",
    "--connect-timeout": "spec.timeout is one deadline over everything",
    "--resolve --connect-to --dns-servers --interface --unix-socket": "where names lead is the administrator's setting",
    "-r --range -C --continue-at -z --time-cond": "it has no meaning for a webhook",
}
_UNUSABLE: Final = {
    "-F --form --form-string": "a form upload is no JSON: use the target's JSON endpoint",
    "-T --upload-file": "a file upload is no JSON: use the target's JSON endpoint",
    "--data-urlencode": "form fields are no JSON: use the target's JSON endpoint",
    "--aws-sigv4": "this signature cannot be made here: use an API key, a bearer token or OAuth",
    "-K --config": "options of a config file are not read: write them into the command",
}
_UNUSABLE_FLAGS: Final = {
    "--digest --ntlm --negotiate --anyauth": "only basic, bearer and OAuth credentials can be sent",
}
_NAMED: Final = (  # what is only noted: the options, where they are noted, how many values each takes
    (_DROPPED, "dropped", 0),
    (_DROPPED_WITH_VALUE, "dropped", 1),
    (_UNUSABLE, "unusable", 1),
    (_UNUSABLE_FLAGS, "unusable", 0),
)


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise UsageError(f"This is no curl command that can be imported: {message}.")


class _Data(argparse.Action):
    """Bodies in their order, with the option that gave each."""

    def __call__(self, parser: Any, namespace: Any, values: Any, option: str | None = None) -> None:
        namespace.data.append((option, values))


def curl_form(words: Sequence[str], name: str | None, trigger: str) -> Form:
    """The request of a command, with or without the word `curl` before it. UsageError says what cannot be taken."""
    given = list(words[1:] if words and Path(words[0]).name.removesuffix(".exe") == "curl" else words)
    options, unknown = _parser().parse_known_args(given)
    if unknown:
        raise UsageError(f"curl's option {unknown[0]} cannot be imported: take it out of the command.")
    for option in options.unusable:
        raise UsageError(f"curl {option} cannot be imported: {_reason(option)}.")
    urls = [*options.url, *options.urls]
    if len(urls) != 1:
        raise UsageError(
            "The command names no URL." if not urls else "The command names several URLs: import one."
        )
    form = Form(name or "", urls[0], triggers=[trigger])
    _say_dropped(form, options)
    _take_url(form)
    _take_body(form, options)
    _take_headers(form, options)
    _take_user(form, options)
    form.method = options.request or _method(form, options)
    if options.max_time:
        form.timeout = f"{options.max_time}s"
    form.name = name or _named_after(form.url)
    return form


def _parser() -> _Parser:
    parser = _Parser(prog="curl", add_help=False, allow_abbrev=False)
    parser.set_defaults(data=[], dropped=[], unusable=[])
    parser.add_argument("urls", nargs="*")
    parser.add_argument("--url", action="append", default=[])
    parser.add_argument("-X", "--request")
    parser.add_argument("-H", "--header", action="append", default=[])
    parser.add_argument(
        "-d", "--data", "--data-ascii", "--data-raw", "--data-binary", "--json", action=_Data, dest="data"
    )
    parser.add_argument("-u", "--user")
    parser.add_argument("--basic", action="store_true")
    parser.add_argument("--oauth2-bearer")
    parser.add_argument("-A", "--user-agent")
    parser.add_argument("-e", "--referer")
    parser.add_argument("-b", "--cookie")
    parser.add_argument("-m", "--max-time")
    parser.add_argument("-G", "--get", action="store_true")
    parser.add_argument("-I", "--head", action="store_true")
    parser.add_argument(*_QUIET.split(), action="store_true", dest="quiet")
    parser.add_argument(*_QUIET_WITH_VALUE.split(), dest="quiet_value")
    for table, dest, values in _NAMED:
        for names in table:
            parser.add_argument(*names.split(), action=_Named, dest=dest, nargs=values)
    return parser


class _Named(argparse.Action):
    """Notes that an option was there; its value may be a secret and is let go."""

    def __call__(self, parser: Any, namespace: Any, values: Any, option: str | None = None) -> None:
        getattr(namespace, self.dest).append(option)


def _reason(option: str) -> str:
    return next(says for table, _, _ in _NAMED for names, says in table.items() if option in names.split())


def _say_dropped(form: Form, options: argparse.Namespace) -> None:
    for option in dict.fromkeys(options.dropped):
        form.notes.append(f"curl {option} was left out: {_reason(option)}.")


def _take_url(form: Form) -> None:
    """User and password out of the URL, its fragment away."""
    url, mark, _ = form.url.partition("#")
    if mark:
        form.notes.append("The fragment of the URL was left out: it is never sent.")
    form.url = url
    with suppress(ValueError):
        parts = urlsplit(url)
        if parts.username is not None:
            form.basic = unquote(parts.username), unquote(parts.password or "")
            form.url = urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))


def _take_body(form: Form, options: argparse.Namespace) -> None:
    """All `-d` together, as curl joins them; with `-G` they are the query."""
    if not options.data:
        return
    bodies = [_body(option, text) for option, text in options.data]
    if options.get:
        form.url += ("&" if "?" in form.url else "?") + "&".join(bodies)
        return
    form.body = ("" if options.data[0][0] == "--json" else "&").join(bodies)
    with suppress(ValueError):  # several lines are easier to edit than one
        form.body = json.dumps(json.loads(form.body), indent=2, ensure_ascii=False) + "\n"


def _body(option: str | None, text: str) -> str:
    if option == "--data-raw" or not text.startswith("@"):
        return text
    if text == "@-":
        raise UsageError(
            f"curl {option} @- reads the body from a pipe: write it into the command, or name a file."
        )
    try:
        with open(text[1:], "rb") as file:
            return file.read(MANIFEST_BYTES).decode()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no UTF-8 text"
        raise UsageError(f"curl {option} {text}: the file cannot be read: {reason}.") from None


def _take_headers(form: Form, options: argparse.Namespace) -> None:
    found: list[tuple[str, str]] = []
    for line in options.header:
        name, _, value = line.partition(":")
        if line.startswith("@"):
            form.notes.append("curl -H @FILE was left out: write its headers into spec.headers.")
        elif value.strip():
            found.append((name.strip(), value.strip()))
    named = (("User-Agent", options.user_agent), ("Referer", options.referer), ("Cookie", options.cookie))
    take_headers(form, [*found, *((name, value) for name, value in named if value)])


def _take_user(form: Form, options: argparse.Namespace) -> None:
    if options.oauth2_bearer:
        form.bearer = options.oauth2_bearer
    elif options.user is not None:
        user, _, password = options.user.partition(":")
        form.basic = user, password


def _method(form: Form, options: argparse.Namespace) -> str:
    if options.head:
        return "HEAD"
    return "GET" if options.get or not options.data else "POST"


def _named_after(url: str) -> str:
    """The host, without what all have; the whole of it where nothing is left."""
    with suppress(ValueError):
        host = urlsplit(url).hostname or ""
        parts = [
            part for part in host.split(".") if part not in {"www", "api", "hooks", "com", "net", "org", "io"}
        ]
        return quote("-".join(parts) or host) or "webhook"
    return "webhook"
