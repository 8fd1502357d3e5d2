"""Forms → one stream of manifests: Secret, Webhook, WebhookTest of each, and what is wrong with them.

What is a credential moves into the Secret; the stream holds placeholders for it, and only `secrets_text` holds the
values. Each form is judged with its real values by the same rules as everything else. The same forms give the same
bytes. Must not: print, write files.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlsplit

import yaml

from hookwright.api.v1alpha1.webhook import MANUAL
from hookwright.cli.importing.form import Form
from hookwright.cli.importing.sensitive import PLACEHOLDER, hidden_url, secret_header, secret_members
from hookwright.core.assemble import assemble
from hookwright.core.findings import Finding
from hookwright.core.objects import API_VERSION, DEFAULT_NAMESPACE, SECRET, WEBHOOK, WEBHOOK_TEST, Object
from hookwright.core.redaction import printable
from hookwright.core.references import LABELS
from hookwright.core.samples import SAMPLE_TRIGGERS

_NO_KEY: Final = bytes(32)
_LABEL_CHARACTERS: Final = 63
_DISPLAY_CHARACTERS: Final = 63
_COMMENT_WIDTH: Final = 100


@dataclass(slots=True)
class Imported:
    """The objects of one form. `values`: key of its Secret → value and what stands for it in the stream."""

    name: str
    namespace: str | None
    webhook: dict[str, Any]
    test: dict[str, Any] | None
    hosts: list[str]
    url: str = field(repr=False)
    values: dict[str, tuple[str, str]] = field(default_factory=dict, repr=False)
    notes: list[str] = field(default_factory=list)

    @property
    def metadata(self) -> dict[str, Any]:
        """Name, and the namespace if one is to be written."""
        return {"name": self.name} | ({"namespace": self.namespace} if self.namespace else {})


def imported(forms: Iterable[Form], namespace: str | None = None) -> list[Imported]:
    """The objects of forms, in their order; names become DNS labels that differ. None: no namespace is written."""
    taken: set[str] = set()
    return [_imported(form, namespace, _unique(_label(form.name), taken)) for form in forms]


def problems(one: Imported) -> list[Finding]:
    """What `validate` would say of it, with its real values, errors and warnings.

    A URL that moves into the Secret is judged as one that is written out, by the sentences of that rule.
    """
    secret = [_secret(one, real=True)] if one.values else []
    if "urlFrom" in one.webhook["spec"]:
        spec = {"url": one.url} | {
            key: value for key, value in one.webhook["spec"].items() if key != "urlFrom"
        }
        found = _judged([*secret, one.webhook | {"spec": spec}])
        if any(finding.severity == "error" for finding in found):
            return found
    found = _judged([*secret, one.webhook])
    if one.test is None or any(finding.severity == "error" for finding in found):
        return found
    return _judged([*secret, one.webhook, one.test])


def stream(every: Sequence[Imported], *, with_secrets: bool) -> str:
    """The YAML of all, placeholders for values; without Secrets where they are written apart."""
    return "---\n".join(text for one in every for text in _documents(one, with_secrets))


def secrets_text(every: Iterable[Imported]) -> str:
    """The YAML of all Secrets, with their values."""
    return "---\n".join(_yaml(_secret(one, real=True)) for one in every if one.values)


# --- one form ------------------------------------------------------------------------------------


def _imported(form: Form, namespace: str | None, name: str) -> Imported:
    one = Imported(name, namespace, {}, None, _hosts(form), form.url, notes=list(form.notes))
    spec: dict[str, Any] = {}
    if form.name != name and (display := _display_name(form, one)):
        spec["displayName"] = display
    if not form.active:
        spec["active"] = False
    if form.method != "POST":
        spec["method"] = form.method
    spec.update(_target(form, one))
    spec["triggers"] = form.triggers or [MANUAL]
    if form.filters:
        spec["filters"] = form.filters
    spec.update(_credentials(form, one))
    if form.content_type not in (None, "application/json"):
        spec["contentType"] = form.content_type
    if form.timeout is not None:
        spec["timeout"] = form.timeout
    if form.validators:
        spec["responseValidators"] = form.validators
    if form.body:
        spec["bodyTemplate"] = form.body
        if found := secret_members(form.body):
            one.notes.append(
                f"The body holds what looks like a credential ({', '.join(found)}): templates see no Secret, so it "
                "stays here. Ask the target for a header or a URL instead."
            )
    one.webhook = _object(WEBHOOK, one, spec)
    one.test = _test(one, spec)
    return one


def _display_name(form: Form, one: Imported) -> str | None:
    """The friendly name, of letters, digits and blanks; None: nothing of it is left."""
    kept = " ".join(re.sub(r"[^A-Za-z0-9 ]", " ", form.name).split())[:_DISPLAY_CHARACTERS].strip()
    if kept != form.name:
        one.notes.append(f"displayName holds letters, digits and blanks only: {form.name!r} became {kept!r}.")
    return kept or None


def _target(form: Form, one: Imported) -> dict[str, Any]:
    shown = hidden_url(form.url)
    if shown is None:
        return {"url": form.url}
    return {"urlFrom": {"secretKeyRef": _kept(one, "url", form.url, shown)}}


def _credentials(form: Form, one: Imported) -> dict[str, Any]:
    """`auth` and `headers`."""
    found: dict[str, Any] = {}
    if form.bearer is not None:
        found["auth"] = {"bearer": {"tokenSecretRef": _kept(one, "token", form.bearer)}}
    elif form.basic is not None:
        user, password = form.basic
        found["auth"] = {
            "basic": {
                "usernameSecretRef": _kept(one, "username", user),
                "passwordSecretRef": _kept(one, "password", password),
            }
        }
    elif form.oauth is not None:
        oauth: dict[str, Any] = {
            "clientID": form.oauth.client_id,
            "clientSecretRef": _kept(one, "client-secret", form.oauth.client_secret),
            "tokenURL": form.oauth.token_url,
        }
        found["auth"] = {"oauth2": oauth | ({"scopes": list(form.oauth.scopes)} if form.oauth.scopes else {})}
    if form.headers:
        found["headers"] = [_header(one, name, value) for name, value in form.headers]
    return found


def _header(one: Imported, name: str, value: str) -> dict[str, Any]:
    if secret_header(name, value):
        key = re.sub(r"[^A-Za-z0-9._-]", "-", name).lower()
        return {"name": name, "valueFrom": {"secretKeyRef": _kept(one, key, value)}}
    return {"name": name, "value": value}


def _kept(one: Imported, key: str, value: str, shown: str = PLACEHOLDER) -> dict[str, str]:
    """A reference to a value that goes into the Secret."""
    one.values[key] = (value, shown)
    return {"name": one.name, "key": key}


def _test(one: Imported, spec: dict[str, Any]) -> dict[str, Any] | None:
    """A test that renders the request and sends nothing; None: no trigger has a sample event."""
    trigger = next((each for each in spec["triggers"] if each in SAMPLE_TRIGGERS), None)
    if trigger is None:
        one.notes.append("No WebhookTest: its triggers have no sample event; write one with spec.event.")
        return None
    request = {"method": spec.get("method", "POST")}
    return _object(
        WEBHOOK_TEST,
        one,
        {
            "webhookRef": {"name": one.name},
            "trigger": trigger,
            "mode": "Render",
            "expect": {"request": request},
        },
    )


def _hosts(form: Form) -> list[str]:
    urls = [form.url] + ([form.oauth.token_url] if form.oauth else [])
    found = (urlsplit(url).hostname for url in urls)
    return sorted({host for host in found if host})


# --- objects and text ----------------------------------------------------------------------------


def _object(kind: str, one: Imported, spec: dict[str, Any]) -> dict[str, Any]:
    return {"apiVersion": API_VERSION, "kind": kind, "metadata": one.metadata, "spec": spec}


def _secret(one: Imported, *, real: bool) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": SECRET,
        "metadata": {
            **one.metadata,
            "labels": {LABELS[SECRET]: "true"},
            "annotations": {"hookwright.io/allowed-hosts": ",".join(one.hosts)},
        },
        "stringData": {key: value if real else shown for key, (value, shown) in one.values.items()},
    }


def _judged(bodies: Iterable[dict[str, Any]]) -> list[Finding]:
    objects = [Object(body["kind"], DEFAULT_NAMESPACE, body["metadata"]["name"], body) for body in bodies]
    return assemble(objects, cluster_events=None, key=_NO_KEY).findings


def _documents(one: Imported, with_secrets: bool) -> Iterator[str]:
    if one.values and with_secrets:
        yield f"# Fill in: {', '.join(one.values)}.\n" + _yaml(_secret(one, real=False))
    yield "".join(_comment(note) for note in one.notes) + _yaml(one.webhook)
    if one.test is not None:
        yield "# Renders the request and sends nothing; mode: Send really sends it.\n" + _yaml(one.test)


def _comment(note: str) -> str:
    """A sentence as comment lines."""
    lines, line = [], "#"
    for word in printable(note).split():
        if len(line) + len(word) >= _COMMENT_WIDTH and line != "#":
            lines.append(line)
            line = "#  "
        line += f" {word}"
    return "\n".join([*lines, line]) + "\n"


class _Dumper(yaml.SafeDumper):
    """Templates as blocks, everything else as YAML has it."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)


def _text(dumper: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
    style = "|" if "\n" in value else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)


_Dumper.add_representer(str, _text)


def _yaml(document: dict[str, Any]) -> str:
    return yaml.dump(document, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=1_000)


def _label(name: str) -> str:
    """A DNS label of a name."""
    label = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:_LABEL_CHARACTERS].strip("-")
    return label or "webhook"


def _unique(label: str, taken: set[str]) -> str:
    found, number = label, 2
    while found in taken:
        end = f"-{number}"
        found, number = label[: _LABEL_CHARACTERS - len(end)] + end, number + 1
    taken.add(found)
    return found
