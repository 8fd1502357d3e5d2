"""`Webhook` (SPEC 2): what a user writes, one class per concept.

A field's docstring is its description in the CRD and in the reference. Value rules come from `api.rules`.
"""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import AfterValidator, Field

from hookwright.api import rules
from hookwright.api.base import Model
from hookwright.api.fields import CaKeyRef, ConfigMapKeyRef, KeyRef, NameRef, SecretKeyRef
from hookwright.api.ruled import Distinct, Follows, Rule, Ruled
from hookwright.api.rules import MANUAL as MANUAL
from hookwright.api.rules import METHODS as METHODS
from hookwright.api.rules import OPERATORS as OPERATORS
from hookwright.api.rules import REQUEST_TRIGGERS as REQUEST_TRIGGERS
from hookwright.api.rules import TRIGGERS as TRIGGERS
from hookwright.limits import MAX_IN_FLIGHT_DEFAULT, TEMPLATE_CHARACTERS

Method = Annotated[str, Field(max_length=64), Follows(rules.METHOD)]
Path = Annotated[str, Field(max_length=512), Follows(rules.PATH)]
FilterValues = Annotated[list[Annotated[str, Field(max_length=256)]], Field(min_length=1, max_length=64)]


class MatchExpression(Ruled):
    """One comparison of the values that a JSONPath finds in the event."""

    RULES: ClassVar[tuple[Rule, ...]] = (rules.VALUES_WANTED, rules.VALUES_UNWANTED)

    path: Path
    """RFC 9535 JSONPath over the whole event, such as $.data.justification."""
    operator: Annotated[str, Field(max_length=64), Follows(rules.OPERATOR)]
    """In, NotIn, Exists, DoesNotExist, Prefix, Suffix or Matches (an RE2 expression, found anywhere)."""
    values: Annotated[list[Annotated[str, Field(max_length=512)]], Field(max_length=64)] | None = None
    """What to compare with; at least one, except for Exists and DoesNotExist, which take none."""


class Filters(Model):
    """Which events this webhook wants: AND across entries, OR inside one."""

    integrations: FilterValues | None = None
    """Ids or names of integrations; * globs."""
    integration_types: FilterValues | None = None
    """Types of integrations; * globs."""
    resource_types: FilterValues | None = None
    """Ids or names of resource types; * globs."""
    resources: FilterValues | None = None
    """Ids or names of resources; * globs."""
    permissions: FilterValues | None = None
    """Ids or names of permissions; * globs."""
    requesters: FilterValues | None = None
    """Ids, names or e-mails of who asked; * globs."""
    grantees: FilterValues | None = None
    """Ids, source ids or names of who receives access; * globs."""
    access_flows: FilterValues | None = None
    """Ids or names of access flows; * globs."""
    bundles: FilterValues | None = None
    """Ids or names of access bundles; * globs."""
    approvals: Annotated[str, Field(max_length=64), Follows(rules.APPROVALS)] | None = None
    """Manual: a person approved. Automatic: no person stands among the approvals."""
    match_expressions: Annotated[list[MatchExpression], Field(max_length=16)] | None = None
    """Comparisons by JSONPath; all must hold."""


class Header(Ruled):
    """One header of the request."""

    RULES: ClassVar[tuple[Rule, ...]] = (rules.HEADER_SOURCE,)

    name: Annotated[str, Field(max_length=128), Follows(*rules.HEADER_NAME)]
    """Header name (RFC 9110 token)."""
    value: Annotated[str, Field(max_length=4096)] | None = None
    """Value; may hold a template."""
    value_from: SecretKeyRef | None = None
    """Value from a Secret."""


class Bearer(Model):
    """`Authorization: Bearer …`."""

    token_secret_ref: KeyRef
    """The token."""


class OAuth2(Ruled):
    """OAuth 2.0 client credentials (RFC 6749 section 4.4)."""

    RULES: ClassVar[tuple[Rule, ...]] = (rules.CLIENT_ID,)

    client_id: Annotated[str, Field(max_length=1024)] | None = Field(default=None, alias="clientID")
    """Client id."""
    client_id_secret_ref: KeyRef | None = Field(default=None, alias="clientIDSecretRef")
    """Client id from a Secret."""
    client_secret_ref: KeyRef
    """Client secret."""
    token_url: Annotated[
        str,
        Field(max_length=rules.URL_CHARACTERS),
        Follows(*rules.TOKEN_URL),
        AfterValidator(rules.without_port),
    ] = Field(alias="tokenURL")
    """Token endpoint URL; the rules of url, without expressions."""
    scopes: Annotated[list[Annotated[str, Field(max_length=256)]], Field(max_length=32)] | None = None
    """Scopes to ask for."""
    audience: Annotated[str, Field(max_length=1024)] | None = None
    """Audience parameter that some servers want."""
    auth_style: Annotated[str, Field(max_length=64), Follows(rules.AUTH_STYLE)] = "Header"
    """Where client id and secret go: Header (HTTP basic) or Body (form fields)."""


class Basic(Model):
    """`Authorization: Basic …`."""

    username_secret_ref: KeyRef
    """User name."""
    password_secret_ref: KeyRef
    """Password."""


class Auth(Ruled):
    """Credentials of the request: at most one of the three."""

    RULES: ClassVar[tuple[Rule, ...]] = (rules.ONE_AUTH,)

    bearer: Bearer | None = None
    """Bearer token."""
    oauth2: OAuth2 | None = Field(default=None, alias="oauth2")
    """OAuth 2.0 client credentials."""
    basic: Basic | None = None
    """User name and password."""


class ResponseValidator(Model):
    """The value at a place of the answer must be one of some values."""

    path: Path
    """RFC 9535 JSONPath over the answer's body ($)."""
    values: Annotated[list[Annotated[str, Field(max_length=1024)]], Field(min_length=1, max_length=64)]
    """Allowed values, compared as a string or as JSON text."""


class Retry(Model):
    """When to try again."""

    schedule: (
        Annotated[list[Annotated[str, Field(max_length=32), Follows(rules.RETRY_STEP)]], Field(max_length=32)]
        | None
    ) = None
    """Waits between attempts; default [5s, 5m, 30m, 2h, 5h, 10h, 10h], [] means no retry; jitter 20 %."""
    retry_after_max: Annotated[str, Field(max_length=32), Follows(rules.RETRY_AFTER_MAX)] = "1h"
    """The longest Retry-After that is obeyed."""
    max_age: Annotated[str, Field(max_length=32), Follows(rules.MAX_AGE)] | None = None
    """After this a delivery is Exhausted, tried or not; default: the schedule plus 24h."""


class RateLimit(Model):
    """At most so many requests in a period."""

    requests: Annotated[int, Follows(rules.RATE_REQUESTS)]
    """Number of requests, 1 to 100,000."""
    per: Annotated[str, Field(max_length=64), Follows(rules.RATE_PER)]
    """Second, Minute or Hour."""


class Signing(Model):
    """Standard Webhooks signatures (HMAC-SHA256)."""

    secret_ref: KeyRef
    """The whsec_… secret."""
    previous_secret_ref: KeyRef | None = None
    """The secret before, while receivers change over: both signatures are sent."""


class CaSource(Ruled):
    """A private certificate authority, PEM."""

    RULES: ClassVar[tuple[Rule, ...]] = (rules.CA_SOURCE,)

    secret_key_ref: CaKeyRef | None = None
    """From a Secret; key defaults to ca.crt."""
    config_map_key_ref: CaKeyRef | None = None
    """From a ConfigMap; key defaults to ca.crt."""


class Tls(Model):
    """How to trust the target, and who we are to it."""

    ca: CaSource | None = None
    """Private certificate authority to trust instead of the system's roots."""
    client_cert_secret_ref: NameRef | None = None
    """A Secret with tls.crt and tls.key: our client certificate."""


class WebhookSpec(Ruled):
    """What to send where, and when."""

    RULES: ClassVar[tuple[Rule, ...]] = (
        rules.URL_SOURCE,
        rules.BODY_SOURCE,
        rules.HEADER_NAMES,
        rules.ONE_AUTHORIZATION,
    )

    display_name: Annotated[str, Field(max_length=63), Follows(rules.DISPLAY_NAME)] | None = None
    """A friendly name."""
    active: bool = True
    """Whether it accepts events; what is already accepted still goes out."""
    method: Method = "POST"
    """POST, PUT or DELETE."""
    url: (
        Annotated[
            str,
            Field(max_length=rules.URL_CHARACTERS),
            Follows(*rules.URL),
            AfterValidator(rules.without_port),
        ]
        | None
    ) = None
    """https:// URL with a literal host; its port is 443, and :443 may be left out; {{ }} only after the host."""
    url_from: SecretKeyRef | None = None
    """The URL from a Secret."""
    triggers: Annotated[
        list[Annotated[str, Field(max_length=256), Follows(rules.TRIGGER)]],
        Field(min_length=1, max_length=32),
        Distinct(),
    ]
    """What fires it: RequestCreated, RequestApproved, RequestRejected, RequestGranted, RequestExpired,
    RequestFailed, Manual, or a CloudEvents type that contains a dot, exact or with a trailing .*"""
    filters: Filters | None = None
    """Which of those events it wants."""
    headers: Annotated[list[Header], Field(max_length=32), Distinct("name")] | None = None
    """Further headers."""
    auth: Auth | None = None
    """Credentials."""
    body_template: Annotated[str, Field(max_length=TEMPLATE_CHARACTERS)] | None = None
    """Jinja2 template (Handlebars paths understood) of a JSON body; without one the event is sent as it was
    parsed, and with DELETE no body."""
    body_template_from: ConfigMapKeyRef | None = None
    """The template from a ConfigMap."""
    content_type: Annotated[str, Field(max_length=128), Follows(rules.CONTENT_TYPE)] = "application/json"
    """application/json or application/*+json."""
    response_validators: Annotated[list[ResponseValidator], Field(max_length=16)] | None = None
    """What the answer must say to count as delivered; all must hold."""
    timeout: Annotated[str, Field(max_length=32), Follows(rules.TIMEOUT)] = "15s"
    """One deadline over connect, TLS, token, send and read together; 1s to 60s."""
    retry: Retry | None = Retry()
    """When to try again."""
    max_in_flight: Annotated[int, Follows(rules.MAX_IN_FLIGHT)] = MAX_IN_FLIGHT_DEFAULT
    """How many requests may be under way at once, 1 to 1024."""
    rate_limit: RateLimit | None = None
    """At most so many requests in a period."""
    signing: Signing | None = None
    """Signatures."""
    tls: Tls | None = None
    """Trust and client certificate."""
