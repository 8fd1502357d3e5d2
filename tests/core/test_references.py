"""References to Secrets and ConfigMaps: whose values are given out, and for which hosts."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from hookwright.api.v1alpha1.webhook import WebhookSpec
from hookwright.core.objects import Object
from hookwright.core.references import Resolved, resolve, text_of

PEM = "-----BEGIN CERTIFICATE-----\nx\n-----END CERTIFICATE-----\n"
KEY = "-----BEGIN PRIVATE KEY-----\nx\n-----END PRIVATE KEY-----\n"
SIGNING = "whsec_" + base64.b64encode(bytes(range(32))).decode()


def secret(name: str = "s", *, namespace: str = "default", hosts: str | None = None, **data: Any) -> Object:
    """A labelled Secret with plain values (`__` in a key is a dot)."""
    metadata: dict[str, Any] = {"name": name, "labels": {"hookwright.io/webhook-secret": "true"}}
    if hosts is not None:
        metadata["annotations"] = {"hookwright.io/allowed-hosts": hosts}
    plain = {key.replace("__", "."): value for key, value in data.items()}
    return Object("Secret", namespace, name, {"metadata": metadata, "stringData": plain})


def config_map(name: str = "c", **data: Any) -> Object:
    """A labelled ConfigMap."""
    metadata = {"name": name, "labels": {"hookwright.io/webhook-config": "true"}}
    plain = {key.replace("__", "."): value for key, value in data.items()}
    return Object("ConfigMap", "default", name, {"metadata": metadata, "data": plain})


def resolved(*objects: Object, stand_ins: bool = False, **spec: Any) -> Resolved:
    """What the references of a spec in `default` give."""
    whole = {"triggers": ["Manual"], **({} if "urlFrom" in spec else {"url": "https://a.example/x"}), **spec}
    known = {(each.kind, each.key): each for each in objects}
    model = WebhookSpec.model_validate(whole, by_alias=True, by_name=False)
    return resolve(model, "default", known, stand_ins=stand_ins)


def bearer(name: str = "s", key: str = "token") -> dict[str, Any]:
    """`auth` with a bearer token from a Secret."""
    return {"bearer": {"tokenSecretRef": {"name": name, "key": key}}}


def sentences(found: Resolved) -> list[str]:
    """`field: sentence` of each reference without a value."""
    return [f"{each.field}: {each.sentence}" for each in found.unresolved]


def test_every_kind_of_reference_gives_its_value() -> None:
    """Every place that can refer to a Secret or ConfigMap is found; one newline at the end is dropped."""
    found = resolved(
        secret(url="https://b.example/hook\n", key="k1\n\n", id="cid\r\n", pw="p", sig=SIGNING, old=SIGNING),
        secret("cert", tls__crt=PEM, tls__key=KEY),
        config_map(body="{}\n", ca__crt=PEM),
        urlFrom={"secretKeyRef": {"name": "s", "key": "url"}},
        headers=[{"name": "X-Key", "valueFrom": {"secretKeyRef": {"name": "s", "key": "pw"}}}],
        auth={
            "oauth2": {
                "clientIDSecretRef": {"name": "s", "key": "id"},
                "clientSecretRef": {"name": "s", "key": "key"},
                "tokenURL": "https://t.example/token",
            }
        },
        bodyTemplateFrom={"configMapKeyRef": {"name": "c", "key": "body"}},
        signing={"secretRef": {"name": "s", "key": "sig"}, "previousSecretRef": {"name": "s", "key": "old"}},
        tls={"ca": {"configMapKeyRef": {"name": "c"}}, "clientCertSecretRef": {"name": "cert"}},
    )
    assert sentences(found) == []
    assert found.secrets == {
        "s/url": "https://b.example/hook",
        "s/key": "k1\n",
        "s/id": "cid",
        "s/pw": "p",
        "s/sig": SIGNING,
        "s/old": SIGNING,
        "cert/tls.crt": PEM.rstrip("\n"),
        "cert/tls.key": KEY.rstrip("\n"),
    }
    assert found.configs == {"c/body": "{}\n", "c/ca.crt": PEM}


def test_basic_credentials_are_two_references() -> None:
    """User name and password may come from two Secrets."""
    ref = {
        "usernameSecretRef": {"name": "u", "key": "user"},
        "passwordSecretRef": {"name": "p", "key": "pass"},
    }
    found = resolved(secret("u", user="me"), secret("p", **{"pass": "pw"}), auth={"basic": ref})
    assert found.secrets == {"u/user": "me", "p/pass": "pw"}


def test_data_is_base64_and_string_data_wins() -> None:
    """`data` holds base64, also folded over lines; `stringData` wins over it, as in the API server."""
    labels = {"labels": {"hookwright.io/webhook-secret": "true"}}
    body = {
        "metadata": labels,
        "data": {"a": base64.b64encode("grüße\n".encode()).decode(), "b": "eA==", "c": "eHh4\neHg=\n"},
        "stringData": {"b": "plain"},
    }
    found = Object("Secret", "default", "s", body)
    assert [text_of(found, key) for key in "abc"] == ["grüße", "plain", "xxxxx"]


def test_what_is_absent() -> None:
    """An object that is not there is told apart from one that is wrong; other namespaces do not count."""
    found = resolved(secret(namespace="other", token="t"), auth=bearer())
    assert [each.absent for each in found.unresolved] == [True]
    assert sentences(found) == [
        "spec.auth.bearer.tokenSecretRef: Secret s does not exist in namespace default: create it there"
    ]
    assert found.secrets == {}


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        (
            {"metadata": {}, "stringData": {"token": "t"}},
            'Secret s lacks the label hookwright.io/webhook-secret: "true", '
            "by which its owner lets webhooks use it",
        ),
        (
            {"metadata": {"labels": {"hookwright.io/webhook-secret": "True"}}, "stringData": {"token": "t"}},
            "Secret s has the label hookwright.io/webhook-secret: 'True', not \"true\", "
            "by which its owner lets webhooks use it",
        ),
        (
            {"stringData": {"a": "1"}, "data": {"b": "Yg=="}},
            "Secret s has no key token nor one of a similar name",
        ),
        (
            {"stringData": {"Token": "1", "admin-password": "2"}},
            "Secret s has no key token; did you mean Token?",
        ),
        ({}, "Secret s has no key token; it has no keys"),
        ({"data": {"token": "%%"}}, "key token of Secret s is not base64: put plain text under stringData"),
        ({"data": {"token": "gA=="}}, "key token of Secret s is not UTF-8 text"),
        ({"stringData": {"token": 7}}, "key token of Secret s must be a text: quote it"),
        ({"data": {"token": "grün"}}, "key token of Secret s is not base64: put plain text under stringData"),
        ({"stringData": {"token": "\n"}}, "key token of Secret s is empty"),
        ({"stringData": "x", "data": ["y"]}, "Secret s has no key token; it has no keys"),
    ],
)
def test_what_is_wrong_with_a_secret(body: dict[str, Any], sentence: str) -> None:
    """Each reason is one sentence that names object and key, and no value."""
    labels = {"metadata": {"labels": {"hookwright.io/webhook-secret": "true"}}}
    found = resolved(Object("Secret", "default", "s", labels | body), auth=bearer())
    assert sentences(found) == [f"spec.auth.bearer.tokenSecretRef: {sentence}"]
    assert not found.unresolved[0].absent


def test_a_part_of_http_basic_may_be_empty() -> None:
    """Many APIs take a key as user name or as password, and nothing as the other."""
    names = {
        "usernameSecretRef": {"name": "s", "key": "user"},
        "passwordSecretRef": {"name": "s", "key": "password"},
    }
    found = resolved(secret(user="key", password="\n"), auth={"basic": names})
    assert (found.unresolved, found.secrets) == ([], {"s/user": "key", "s/password": ""})


@pytest.mark.parametrize(
    ("spec", "value", "ending"),
    [
        ({"auth": bearer()}, "Bearer abc-private", "without Bearer"),
        ({"auth": bearer()}, "abc\nprivate", "without Bearer"),
        (
            {"headers": [{"name": "X", "valueFrom": {"secretKeyRef": {"name": "s", "key": "token"}}}]},
            "private\r\nX-Evil: 1",
            "holds a line break or another control character, which a header cannot: store the value alone",
        ),
        (
            {"signing": {"secretRef": {"name": "s", "key": "token"}}},
            "private-text-of-some-length",
            "base64 32)",
        ),
        (
            {"signing": {"secretRef": {"name": "s", "key": "token"}}},
            "whsec_private!",
            "must be base64 after whsec_; make one with: echo whsec_$(openssl rand -base64 32)",
        ),
        (
            {"signing": {"secretRef": {"name": "s", "key": "token"}}},
            "whsec_cHJpdmF0ZQ",
            "must hold 24 to 64 bytes, and holds 7; make one with: echo whsec_$(openssl rand -base64 32)",
        ),
        (
            {"tls": {"ca": {"secretKeyRef": {"name": "s", "key": "token"}}}},
            "private",
            "BEGIN CERTIFICATE-----)",
        ),
        (
            {"urlFrom": {"secretKeyRef": {"name": "s", "key": "token"}}},
            "http://private.example/",
            "is not usable: url must begin with https://",
        ),
        ({"urlFrom": {"secretKeyRef": {"name": "s", "key": "token"}}}, "https://private.example:8443/", ""),
        (
            {"urlFrom": {"secretKeyRef": {"name": "s", "key": "token"}}},
            "https://private.example/" + "a" * 2048,
            "is not usable: url must have at most 2,048 characters",
        ),
    ],
)
def test_a_value_must_fit_its_use_and_is_never_shown(spec: dict[str, Any], value: str, ending: str) -> None:
    """A value that its place cannot use is refused with the rule, without the value."""
    found = resolved(secret(token=value), **spec)
    (problem,) = sentences(found)
    assert problem.endswith(ending)
    assert "private" not in problem
    assert found.secrets == {}


@pytest.mark.parametrize(
    ("crt", "key", "problem"),
    [
        (
            PEM,
            "no key",
            "key tls.key of Secret s holds no private key in PEM form (-----BEGIN PRIVATE KEY-----)",
        ),
        (PEM, KEY.replace("PRIVATE", "ENCRYPTED PRIVATE"), None),
        ("no certificate", KEY, None),
        (PEM, KEY.replace("PRIVATE", "EC PRIVATE"), ""),
    ],
)
def test_a_client_certificate_is_pem(crt: str, key: str, problem: str | None) -> None:
    """A client certificate needs certificate and unencrypted key in PEM form."""
    found = resolved(secret(tls__crt=crt, tls__key=key), tls={"clientCertSecretRef": {"name": "s"}})
    assert len(found.unresolved) == (0 if problem == "" else 1)
    if problem:
        assert sentences(found) == [f"spec.tls.clientCertSecretRef: {problem}"]


OAUTH2 = {
    "oauth2": {
        "clientID": "id",
        "clientSecretRef": {"name": "s", "key": "token"},
        "tokenURL": "https://login.example/token",
    }
}


@pytest.mark.parametrize(
    ("hosts", "auth", "refused"),
    [
        ("a.example", bearer(), None),
        ("*.example", bearer(), None),
        ("b.example, A.EXAMPLE", bearer(), None),
        ("b.example", bearer(), "a.example"),
        ("", bearer(), "a.example"),
        ("a.example", OAUTH2, "login.example"),
        ("login.example", OAUTH2, "a.example"),
        ("login.example a.example", OAUTH2, None),
    ],
)
def test_a_secret_goes_only_to_allowed_hosts(hosts: str, auth: dict[str, Any], refused: str | None) -> None:
    """The annotation binds a Secret to hosts; a client secret must be allowed at both of its hosts."""
    found = resolved(secret(hosts=hosts, token="t0ken"), auth=auth)
    if refused is None:
        assert (found.secrets, found.unresolved) == ({"s/token": "t0ken"}, [])
    else:
        assert found.secrets == {}
        assert (
            f"Secret s may not be sent to {refused}: its annotation hookwright.io/allowed-hosts allows"
            in (found.unresolved[0].sentence)
        )


def test_a_url_from_a_secret_is_bound_to_hosts_too() -> None:
    """The host of a URL that comes from a Secret is the one that must be allowed, for every Secret."""
    found = resolved(
        secret("u", url="https://evil.example/x"),
        secret(token="t0ken", hosts="a.example"),
        urlFrom={"secretKeyRef": {"name": "u", "key": "url"}},
        auth=bearer(),
    )
    assert found.secrets == {"u/url": "https://evil.example/x"}
    assert found.unresolved[0].sentence.startswith("Secret s may not be sent to evil.example")


def test_the_url_that_stands_for_an_unknown_one_is_a_host_like_any_other() -> None:
    """A webhook that says it itself gets no bound Secret; where the URL is not known, nothing is said against it."""
    bound = secret(token="t0ken", hosts="a.example")
    said = resolved(bound, url="https://url.invalid", auth=bearer())
    assert said.secrets == {}
    assert "may not be sent to url.invalid" in said.unresolved[0].sentence
    said = resolved(bound, secret("u", url="https://url.invalid"), auth=bearer(), stand_ins=True,
                    urlFrom={"secretKeyRef": {"name": "u", "key": "url"}})  # fmt: skip
    assert "may not be sent to url.invalid" in said.unresolved[0].sentence
    unknown = resolved(
        bound, auth=bearer(), stand_ins=True, urlFrom={"secretKeyRef": {"name": "u", "key": "url"}}
    )
    assert [each.absent for each in unknown.unresolved] == [True]
    assert unknown.secrets["s/token"] == "t0ken"


def test_stand_ins_for_what_is_absent() -> None:
    """With stand-ins a request can be shown without its Secrets, and what is absent is still told."""
    found = resolved(
        stand_ins=True,
        urlFrom={"secretKeyRef": {"name": "s", "key": "url"}},
        auth=bearer(),
        signing={"secretRef": {"name": "s", "key": "sig"}},
    )
    assert found.secrets["s/token"] == "‹secret s/token›"
    assert found.secrets["s/url"].startswith("https://")
    assert found.secrets["s/sig"].startswith("whsec_")
    assert [each.absent for each in found.unresolved] == [True, True, True]


def test_no_stand_in_for_a_secret_that_is_wrong() -> None:
    """A Secret that is there and has no such key stays an error in any case."""
    found = resolved(secret(other="x"), stand_ins=True, auth=bearer())
    assert found.secrets == {}
    assert not found.unresolved[0].absent
