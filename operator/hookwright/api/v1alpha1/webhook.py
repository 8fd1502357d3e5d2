"""`Webhook` (SPEC 2): what a user writes, one class per concept. A field's docstring is its CRD description."""

from __future__ import annotations

from pydantic import Field

from hookwright.api.base import Model
from hookwright.api.fields import ConfigMapKeyRef, KeyRef, NameRef, SecretKeyRef
from hookwright.limits import TEMPLATE_CHARACTERS

REQUEST_TRIGGERS = (
    "RequestCreated",
    "RequestApproved",
    "RequestRejected",
    "RequestGranted",
    "RequestExpired",
    "RequestFailed",
)
MANUAL = "Manual"
TRIGGERS = (*REQUEST_TRIGGERS, MANUAL)
METHODS = ("POST", "PUT", "DELETE")
OPERATORS = ("In", "NotIn", "Exists", "DoesNotExist", "Prefix", "Suffix", "Matches")


class MatchExpression(Model):
    """One comparison of the values that a JSONPath finds in the event."""

    path: str = Field(max_length=512)
    """RFC 9535 JSONPath over the whole event, such as $.data.justification."""
    operator: str
    """In, NotIn, Exists, DoesNotExist, Prefix, Suffix or Matches (a linear-time expression, found anywhere)."""
    values: list[str] | None = None
    """What to compare with; at least one, except for Exists and DoesNotExist, which take none."""


class Filters(Model):
    """Which events this webhook wants: AND across entries, OR inside one."""

    integrations: list[str] | None = None
    """Ids or names of integrations; * globs."""
    integration_types: list[str] | None = None
    """Types of integrations; * globs."""
    resource_types: list[str] | None = None
    """Ids or names of resource types; * globs."""
    resources: list[str] | None = None
    """Ids or names of resources; * globs."""
    permissions: list[str] | None = None
    """Ids or names of permissions; * globs."""
    requesters: list[str] | None = None
    """Ids, names or e-mails of who asked; * globs."""
    grantees: list[str] | None = None
    """Ids, source ids or names of who receives access; * globs."""
    access_flows: list[str] | None = None
    """Ids or names of access flows; * globs."""
    bundles: list[str] | None = None
    """Ids or names of access bundles; * globs."""
    approvals: str | None = None
    """Manual: a person approved. Automatic: no person stands among the approvals."""
    match_expressions: list[MatchExpression] | None = None
    """Comparisons by JSONPath; all must hold."""


class Header(Model):
    """One header of the request."""

    name: str = Field(max_length=128)
    """Header name (RFC 9110 token)."""
    value: str | None = Field(default=None, max_length=4096)
    """Value; may hold a template."""
    value_from: SecretKeyRef | None = None
    """Value from a Secret."""


class Bearer(Model):
    """`Authorization: Bearer …`."""

    token_secret_ref: KeyRef
    """The token."""


class OAuth2(Model):
    """OAuth 2.0 client credentials (RFC 6749 section 4.4)."""

    client_id: str | None = Field(default=None, max_length=1024, alias="clientID")
    """Client id."""
    client_id_secret_ref: KeyRef | None = Field(default=None, alias="clientIDSecretRef")
    """Client id from a Secret."""
    client_secret_ref: KeyRef
    """Client secret."""
    token_url: str = Field(max_length=2048, alias="tokenURL")
    """Token endpoint URL; the rules of url, without expressions."""
    scopes: list[str] | None = None
    """Scopes to ask for."""
    audience: str | None = Field(default=None, max_length=1024)
    """Audience parameter that some servers want."""
    auth_style: str = "Header"
    """Where client id and secret go: Header (HTTP basic) or Body (form fields)."""


class Basic(Model):
    """`Authorization: Basic …`."""

    username_secret_ref: KeyRef
    """User name."""
    password_secret_ref: KeyRef
    """Password."""


class Auth(Model):
    """Credentials of the request: at most one of the three."""

    bearer: Bearer | None = None
    """Bearer token."""
    oauth2: OAuth2 | None = Field(default=None, alias="oauth2")
    """OAuth 2.0 client credentials."""
    basic: Basic | None = None
    """User name and password."""


class ResponseValidator(Model):
    """The value at a place of the answer must be one of some values."""

    path: str = Field(max_length=512)
    """RFC 9535 JSONPath over the answer's body ($)."""
    values: list[str]
    """Allowed values, compared as a string or as JSON text."""


class Retry(Model):
    """When to try again."""

    schedule: list[str] | None = None
    """Waits between attempts; default [5s, 5m, 30m, 2h, 5h, 10h, 10h], [] means no retry; jitter 20 %."""
    retry_after_max: str = "1h"
    """The longest Retry-After that is obeyed."""
    max_age: str | None = None
    """After this a delivery is Exhausted, tried or not; default: the schedule plus 24h."""


class RateLimit(Model):
    """At most so many requests in a period."""

    requests: int
    """Number of requests, 1 to 100,000."""
    per: str
    """Second, Minute or Hour."""


class Signing(Model):
    """Standard Webhooks signatures (HMAC-SHA256)."""

    secret_ref: KeyRef
    """The whsec_… secret."""
    previous_secret_ref: KeyRef | None = None
    """The secret before, while receivers change over: both signatures are sent."""


class CaSource(Model):
    """A private certificate authority, PEM."""

    secret_key_ref: KeyRef | None = None
    """From a Secret; key defaults to ca.crt."""
    config_map_key_ref: KeyRef | None = None
    """From a ConfigMap; key defaults to ca.crt."""


class Tls(Model):
    """How to trust the target, and who we are to it."""

    ca: CaSource | None = None
    """Private certificate authority to trust instead of the system's roots."""
    client_cert_secret_ref: NameRef | None = None
    """A Secret with tls.crt and tls.key: our client certificate."""


class WebhookSpec(Model):
    """What to send where, and when."""

    display_name: str | None = Field(default=None, max_length=63)
    """A friendly name."""
    active: bool = True
    """Whether it accepts events; what is already accepted still goes out."""
    method: str = "POST"
    """POST, PUT or DELETE."""
    url: str | None = Field(default=None, max_length=2048)
    """https:// URL with a literal host and no port; {{ }} only after the host."""
    url_from: SecretKeyRef | None = None
    """The URL from a Secret."""
    triggers: list[str]
    """What fires it."""
    filters: Filters | None = None
    """Which of those events it wants."""
    headers: list[Header] | None = None
    """Further headers."""
    auth: Auth | None = None
    """Credentials."""
    body_template: str | None = Field(default=None, max_length=TEMPLATE_CHARACTERS)
    """Jinja2 template (Handlebars paths understood) of a JSON body; without one the event is sent as it was parsed."""
    body_template_from: ConfigMapKeyRef | None = None
    """The template from a ConfigMap."""
    content_type: str = Field(default="application/json", max_length=128)
    """application/json or application/*+json."""
    response_validators: list[ResponseValidator] | None = None
    """What the answer must say to count as delivered; all must hold."""
    timeout: str = "15s"
    """One deadline over connect, TLS, token, send and read together; 1s to 60s."""
    retry: Retry | None = None
    """When to try again."""
    max_in_flight: int = 16
    """How many requests may be under way at once, 1 to 1024."""
    rate_limit: RateLimit | None = None
    """At most so many requests in a period."""
    signing: Signing | None = None
    """Signatures."""
    tls: Tls | None = None
    """Trust and client certificate."""
