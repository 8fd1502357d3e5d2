"""References of a Webhook to Secrets and ConfigMaps → values, or why there is none (SPEC 2).

Same namespace only, only objects that carry the label, and a Secret's annotation hookwright.io/allowed-hosts
must allow each host that its value would reach. Must not: read the spec for anything else, show a value.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Iterator, Mapping, Set
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any, Final

from hookwright.api.fields import KeyRef
from hookwright.api.rules import without_port
from hookwright.api.v1alpha1.webhook import Auth, WebhookSpec
from hookwright.core import secret_values
from hookwright.core.objects import CONFIG_MAP, SECRET, Object
from hookwright.core.redaction import placeholder
from hookwright.core.routes import host_of
from hookwright.core.templates.missing import nearest

LABELS: Final = {SECRET: "hookwright.io/webhook-secret", CONFIG_MAP: "hookwright.io/webhook-config"}
ALLOWED_HOSTS: Final = "hookwright.io/allowed-hosts"
HOST_NOT_ALLOWED: Final = "HostNotAllowed"
"""Reason of a value that may not go to one of the webhook's hosts."""
_LAST_BREAK: Final = re.compile(r"\r?\n\Z")
_NOT_BASE64: Final = "is not base64: put plain text under stringData"
_STAND_IN_URL: Final = "https://url.invalid"
_STAND_IN_SIGNING: Final = "whsec_" + "A" * 44

Check = Callable[[str], str | None]
Objects = Mapping[tuple[str, str], Object]
"""(kind, `namespace/name`) → object."""


@dataclass(frozen=True, slots=True)
class Reference:
    """One key of a Secret or ConfigMap that a spec refers to.

    `check` is what the value must be for its use; `stand_in` a value that serves where it is not to be had
    (None: ‹secret name/key›); `for_token`: the token endpoint receives it too.
    """

    kind: str
    name: str
    key: str
    field: str
    check: Check
    stand_in: str | None = None
    for_token: bool = False
    use: Callable[[str], str] = str
    """The value as it is used."""

    @property
    def label(self) -> str:
        """`name/key`."""
        return f"{self.name}/{self.key}"


@dataclass(frozen=True, slots=True)
class Unresolved:
    """Why a reference gives no value, in one sentence and as a condition's reason (SecretNotFound, KeyNotFound …).

    `absent`: the object is not there at all.
    """

    field: str
    sentence: str
    absent: bool = False
    reason: str = "InvalidValue"


@dataclass(slots=True)
class Resolved:
    """Values by `name/key`, and what has none."""

    secrets: dict[str, str] = field(default_factory=dict)
    configs: dict[str, str] = field(default_factory=dict)
    unresolved: list[Unresolved] = field(default_factory=list)


def references(spec: WebhookSpec) -> Iterator[Reference]:
    """Every reference of a spec."""
    if spec.url_from is not None:
        ref, where = spec.url_from.secret_key_ref, "spec.urlFrom.secretKeyRef"
        yield Reference(SECRET, ref.name, ref.key, where, secret_values.url, _STAND_IN_URL, use=without_port)
    for index, header in enumerate(spec.headers or ()):
        if header.value_from is not None:
            where = f"spec.headers[{index}].valueFrom.secretKeyRef"
            yield _secret(header.value_from.secret_key_ref, where, secret_values.header)
    if spec.auth is not None:
        yield from _credentials(spec.auth)
    if spec.body_template_from is not None:
        ref = spec.body_template_from.config_map_key_ref
        where = "spec.bodyTemplateFrom.configMapKeyRef"
        yield Reference(CONFIG_MAP, ref.name, ref.key, where, secret_values.template)
    if spec.signing is not None:
        signing = {
            "secretRef": spec.signing.secret_ref,
            "previousSecretRef": spec.signing.previous_secret_ref,
        }
        for name, secret in signing.items():
            if secret is not None:
                where = f"spec.signing.{name}"
                yield _secret(secret, where, secret_values.signing_secret, _STAND_IN_SIGNING)
    yield from _tls(spec)


def _credentials(auth: Auth) -> Iterator[Reference]:
    if auth.bearer is not None:
        yield _secret(auth.bearer.token_secret_ref, "spec.auth.bearer.tokenSecretRef", secret_values.token)
    if auth.basic is not None:
        where = "spec.auth.basic"
        yield _secret(auth.basic.username_secret_ref, f"{where}.usernameSecretRef", secret_values.user_name)
        yield _secret(auth.basic.password_secret_ref, f"{where}.passwordSecretRef", secret_values.password)
    if auth.oauth2 is not None:
        for ref, name in (
            (auth.oauth2.client_id_secret_ref, "clientIDSecretRef"),
            (auth.oauth2.client_secret_ref, "clientSecretRef"),
        ):
            if ref is not None:
                where = f"spec.auth.oauth2.{name}"
                yield Reference(SECRET, ref.name, ref.key, where, secret_values.any_text, for_token=True)


def _tls(spec: WebhookSpec) -> Iterator[Reference]:
    if spec.tls is None:
        return
    if spec.tls.ca is not None:
        for kind, ref, name in (
            (SECRET, spec.tls.ca.secret_key_ref, "secretKeyRef"),
            (CONFIG_MAP, spec.tls.ca.config_map_key_ref, "configMapKeyRef"),
        ):
            if ref is not None:
                where = f"spec.tls.ca.{name}"
                yield Reference(kind, ref.name, ref.key, where, secret_values.certificate)
    if spec.tls.client_cert_secret_ref is not None:
        name, where = spec.tls.client_cert_secret_ref.name, "spec.tls.clientCertSecretRef"
        yield Reference(SECRET, name, "tls.crt", where, secret_values.certificate)
        yield Reference(SECRET, name, "tls.key", where, secret_values.private_key)


def _secret(ref: KeyRef, where: str, check: Check, stand_in: str | None = None) -> Reference:
    return Reference(SECRET, ref.name, ref.key, where, check, stand_in)


def resolve(spec: WebhookSpec, namespace: str, objects: Objects, *, stand_ins: bool) -> Resolved:
    """The values of all references of a spec.

    With `stand_ins` an object that is absent gives a stand-in beside its Unresolved, so that the request can
    still be shown.
    """
    resolved = Resolved()
    stood_in: set[str] = set()
    wanted = list(references(spec))
    for reference in wanted:
        try:
            value = _value(reference, namespace, objects, stand_ins)
        except _NoValueError as error:
            resolved.unresolved.append(error.reason)
            if not (error.reason.absent and stand_ins and reference.kind == SECRET):
                continue
            value = reference.stand_in or placeholder(reference.label)
            stood_in.add(reference.label)
        values = resolved.secrets if reference.kind == SECRET else resolved.configs
        values[reference.label] = reference.use(value)
    _check_hosts(spec, wanted, namespace, objects, resolved, stood_in)
    return resolved


def absent(kind: str, name: str, namespace: str, stand_ins: bool) -> str:
    """That an object is not there; with `stand_ins` only these files were looked at."""
    if stand_ins:
        return f"{kind} {name} of namespace {namespace} is not among these files, so it was not checked"
    return f"{kind} {name} does not exist in namespace {namespace}: create it there"


class UnfitError(ValueError):
    """Why an object that is there gives no value: one sentence, and a condition's reason."""

    def __init__(self, sentence: str, reason: str = "InvalidValue") -> None:
        super().__init__(sentence)
        self.reason = reason


class _NoValueError(Exception):
    def __init__(self, reason: Unresolved) -> None:
        super().__init__(reason.sentence)
        self.reason = reason


def _value(reference: Reference, namespace: str, objects: Objects, stand_ins: bool) -> str:
    """The value of one reference. Raises _NoValueError."""
    found = objects.get((reference.kind, f"{namespace}/{reference.name}"))
    if found is None:
        sentence = absent(reference.kind, reference.name, namespace, stand_ins)
        raise _NoValueError(
            Unresolved(reference.field, sentence, absent=True, reason=f"{reference.kind}NotFound")
        )
    try:
        return text_of(found, reference.key, reference.check)
    except UnfitError as error:
        raise _NoValueError(Unresolved(reference.field, str(error), reason=error.reason)) from None


def text_of(found: Object, key: str, check: Check = secret_values.any_text) -> str:
    """The value of one key. UnfitError with one sentence: no label, no such key, not text, unfit for its use.

    One line break at the end of a Secret's value is dropped.
    """
    what = f"{found.kind} {found.name}"
    label = LABELS[found.kind]
    given = found.labels.get(label)
    if given != "true":
        lacks = (
            f'lacks the label {label}: "true"'
            if given is None
            else f'has the label {label}: {given!r}, not "true"'
        )
        raise UnfitError(
            f"{what} {lacks}, by which its owner lets webhooks use it", f"{found.kind}NotLabelled"
        )
    value = _data(found, key)
    if found.kind == SECRET:
        value = _LAST_BREAK.sub("", value)
    if not value and check not in secret_values.MAY_BE_EMPTY:
        raise UnfitError(f"key {key} of {what} is empty")
    if problem := check(value):
        raise UnfitError(f"key {key} of {what} {problem}")
    return value


def _data(found: Object, key: str) -> str:
    """`stringData` wins over `data`, as in the API server."""
    what = f"{found.kind} {found.name}"
    plain, data = _member(found, "stringData"), _member(found, "data")
    if found.kind == SECRET and key in plain:
        value = plain[key]
    elif key not in data:
        raise UnfitError(f"{what} has no key {key}{_meant(key, {*plain, *data})}", "KeyNotFound")
    elif found.kind == SECRET:
        value = _decoded(data[key], f"key {key} of {what}")
    else:
        value = data[key]
    if not isinstance(value, str):
        raise UnfitError(f"key {key} of {what} must be a text: quote it")
    return value


def _meant(key: str, keys: Set[str]) -> str:
    """What to do about a key that is not there; of those that are, only the one that was probably meant is named."""
    if not keys:
        return "; it has no keys"
    near = nearest(key, sorted(keys))
    return f"; did you mean {near}?" if near else " nor one of a similar name"


def _member(found: Object, name: str) -> Mapping[str, Any]:
    value = found.body.get(name)
    return value if isinstance(value, Mapping) else {}


def _decoded(value: Any, what: str) -> str:
    try:
        return _bytes(value).decode()
    except UnicodeDecodeError:
        raise UnfitError(f"{what} is not UTF-8 text") from None
    except ValueError:
        raise UnfitError(f"{what} {_NOT_BASE64}") from None


def _bytes(value: Any) -> bytes:
    """What stands in base64. ValueError: it does not."""
    return base64.b64decode("".join(str(value).split()), validate=True)


def malformed(found: Object) -> Iterator[tuple[str, str]]:
    """What the API server refuses in the data of a Secret or ConfigMap, used or not: field and sentence."""
    for name in ("data", "stringData") if found.kind == SECRET else ("data",):
        values = found.body.get(name)
        if values is not None and not isinstance(values, Mapping):
            yield name, f"{name} must hold keys with their values"
        for key, value in _member(found, name).items():
            if not isinstance(value, str):
                yield f"{name}[{key}]", "the value must be a text: quote it"
            elif found.kind == SECRET and name == "data":
                try:
                    _bytes(value)
                except ValueError:
                    yield f"{name}[{key}]", f"the value {_NOT_BASE64}"


def _check_hosts(
    spec: WebhookSpec,
    wanted: list[Reference],
    namespace: str,
    objects: Objects,
    resolved: Resolved,
    stood_in: set[str],
) -> None:
    """Take away the values of Secrets that may not go to this webhook's hosts. The host of a stand-in is unknown."""
    url = spec.url
    if spec.url_from is not None and (label := spec.url_from.secret_key_ref.label) not in stood_in:
        url = resolved.secrets.get(label)
    token_url = spec.auth.oauth2.token_url if spec.auth and spec.auth.oauth2 else None
    for reference in wanted:
        found = objects.get((reference.kind, f"{namespace}/{reference.name}"))
        if found is None or reference.kind != SECRET:
            continue
        for target in (url, token_url if reference.for_token else None):
            if target and (problem := _host_problem(found, host_of(target))):
                resolved.unresolved.append(Unresolved(reference.field, problem, reason=HOST_NOT_ALLOWED))
                resolved.secrets.pop(reference.label, None)
                break


def _host_problem(secret: Object, host: str) -> str | None:
    """Why the Secret's owner does not let it go to that host."""
    allowed = secret.annotations.get(ALLOWED_HOSTS)
    if allowed is None:
        return None
    globs = str(allowed).replace(",", " ").lower().split()
    if any(fnmatchcase(host, glob) for glob in globs):
        return None
    return (
        f"Secret {secret.name} may not be sent to {host}: its annotation {ALLOWED_HOSTS}"
        f" allows {', '.join(globs) or 'no host'}"
    )
