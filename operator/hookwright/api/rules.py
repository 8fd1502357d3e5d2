"""Every value rule of SPEC 2 and 6, once: its sentence, its CEL, its predicate.

The models (`v1alpha1`) check with the predicate, the CRDs carry the CEL, and both say the same sentence:
one per mistake, so where two rules could refuse the same mistake, one of them steps aside.
What is a matter of type, length or count stands on the models' fields instead; JSONPath, regular expressions
and templates are read by `core`, which knows their languages.

Patterns are read by RE2 in the API server and by `re` here, so they use only what means the same in both:
no `\\s`, `\\w` or `$`, no look-around, and no two ways to match the same text (`re` backtracks). A character is
written `\\u2028`, for which RE2 has `\\x{2028}`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

from hookwright.api.fields import DURATION, microseconds
from hookwright.api.ruled import FORBIDDEN, REQUIRED, Rule

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
VALUELESS = ("Exists", "DoesNotExist")
OPERATORS = ("In", "NotIn", *VALUELESS, "Prefix", "Suffix", "Matches")
URL_CHARACTERS = 2048


# --- ways to write a rule ------------------------------------------------------------------------


def _literal(text: str) -> str:
    """A CEL string literal; raw, so that a pattern reads as it is."""
    quote = '"' if "'" in text else "'"
    return f"r{quote}{text}{quote}"


def _matches(pattern: str) -> str:
    ours = re.sub(r"\\u([0-9a-f]{4})", r"\\x{\1}", pattern)
    return f"self.matches({_literal(f'^(?s:{ours})$')})"


def _whole(pattern: str) -> Callable[[str], object]:
    return re.compile(pattern, re.DOTALL).fullmatch


def _words(values: Sequence[str]) -> str:
    """`A, B or C`"""
    return f"{', '.join(values[:-1])} or {values[-1]}"


def fits(sentence: str, pattern: str, *, given: str | None = None) -> Rule:
    """The whole text matches the pattern; with `given`, only texts that match that one must."""
    matched = _whole(pattern)
    if given is None:
        return Rule(sentence, _matches(pattern), lambda text: matched(text) is not None)
    concerned = _whole(given)
    return Rule(
        sentence,
        f"!{_matches(given)} || {_matches(pattern)}",
        lambda text: concerned(text) is None or matched(text) is not None,
    )


def never(sentence: str, pattern: str) -> Rule:
    """The whole text does not match the pattern."""
    matched = _whole(pattern)
    return Rule(sentence, f"!{_matches(pattern)}", lambda text: matched(text) is None, reason=FORBIDDEN)


def one_of(field: str, values: Sequence[str]) -> Rule:
    """The text is one of a few words."""
    allowed = frozenset(values)
    words = ", ".join(f"'{value}'" for value in values)
    return Rule(f"{field} must be {_words(values)}", f"self in [{words}]", lambda text: text in allowed)


def between(field: str, low: int, high: int) -> Rule:
    """The number is in the range, both ends included."""
    sentence = f"{field} must be a number from {low:,} to {high:,}"
    return Rule(sentence, f"self >= {low} && self <= {high}", lambda number: low <= number <= high)


_DURATIONS = ("30s", "5m", "1h30m")  # examples, of which a sentence takes those within its bounds


def duration(field: str, low: str | None = None, high: str | None = None) -> Rule:
    """The text is a duration (SPEC 2), within the bounds if there are any, both ends included."""
    cel = f"self.matches({_literal(DURATION.pattern)})"
    shortest, longest, bounds = 0, None, ""
    if low:
        cel += f" && duration(self) >= duration('{low}')"
        shortest, bounds = microseconds(low), f", of at least {low}"
    if low and high:
        cel += f" && duration(self) <= duration('{high}')"
        longest, bounds = microseconds(high), f", from {low} to {high}"

    def holds(text: str) -> bool:
        if not DURATION.fullmatch(text):
            return False
        length = microseconds(text)
        return shortest <= length and (longest is None or length <= longest)

    fitting = [example for example in _DURATIONS if holds(example)]
    examples = _words(fitting if len(fitting) > 1 else [*fitting, "1m"])
    return Rule(f"{field} must be a duration with its unit{bounds}, such as {examples}", cel, holds)


def _given(*values: object) -> int:
    return sum(value is not None for value in values)


def exactly_one(first: str, second: str, values: Callable[[Any], tuple[object, object]]) -> Rule:
    """One of two fields is set, not both; `values` reads them from the model."""
    return Rule(
        f"set exactly one of {first} and {second}",
        f"has(self.{first}) != has(self.{second})",
        lambda model: _given(*values(model)) == 1,
        field=first,
    )


def at_most_one(first: str, second: str, values: Callable[[Any], tuple[object, object]]) -> Rule:
    """Two fields are not both set; `values` reads them from the model."""
    return Rule(
        f"set at most one of {first} and {second}",
        f"!has(self.{first}) || !has(self.{second})",
        lambda model: _given(*values(model)) <= 1,
        field=second,
        reason=FORBIDDEN,
    )


def missing(field: str) -> str:
    """The sentence about a field that has no default and is not there."""
    return f"{field} must be set"


# --- metadata ------------------------------------------------------------------------------------

_DNS_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")

OBJECT_NAME = Rule(
    "metadata.name must be at most 63 lower-case letters, digits and hyphens, without dots",
    # stands on the whole object, the only place where CEL sees the name; the API server itself refuses what
    # is no DNS subdomain, so that CEL must not say it once more
    "self.metadata.name.size() <= 63 && !self.metadata.name.contains('.')",
    lambda name: _DNS_LABEL.fullmatch(name) is not None,
    field="metadata.name",
)

# --- URLs ----------------------------------------------------------------------------------------

# blanks, control characters and what turns a line around; what else is not ASCII is percent-encoded later
_BLANK = (
    r"\x00-\x20\x7f-\xa0\xad\u061c\u1680\u180e\u2000-\u200b\u200e\u200f\u2028-\u202f\u205f-\u206f\u3000\ufeff"
)
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_AFTER = r"(?:[/?#].*)?"
_PORT = ":443"  # that of https, which some targets write out in the URL that they hand out
_EXPRESSION = r"\{\{(?:[^}]|\}[^}])*\}\}"
_STATEMENT = r"\{%(?:[^%]|%[^}])*%\}"
_REST = rf"(?:[^{{#{_BLANK}]|{_EXPRESSION}|{_STATEMENT}|\{{[^{{%#{_BLANK}])*\{{?"


def _host_rules(field: str, no_expression: str) -> tuple[Rule, ...]:
    """What stands before the first `/`, `?` or `#`: each rule leaves alone what an earlier one refuses."""
    return (
        fits(f"{field} must begin with https://", r"https://.*"),
        never(f"{field} must not hold a user or password before the host: remove it", r"https://[^/?#]*@.*"),
        never(no_expression, rf"https://[^/?#@{{}}]*[{{}}][^/?#@]*{_AFTER}"),
        never(
            f"{field} must name its host, not an IPv6 address in brackets",
            rf"https://[^/?#@{{}}\[\]]*[\[\]][^/?#@{{}}]*{_AFTER}",
        ),
        fits(
            f"{field} must not name a port other than :443: remove it",
            rf"https://[^/?#@{{}}\[\]:]*{_PORT}{_AFTER}",
            given=rf"https://[^/?#@{{}}\[\]:]*:[^/?#@{{}}\[\]]*{_AFTER}",
        ),
        fits(
            f"{field} must name a host made of letters, digits, dots and hyphens after https://",
            rf"https://{_LABEL}(?:\.{_LABEL})*(?:{_PORT})?{_AFTER}",
            given=rf"https://[^/?#@{{}}\[\]:]*(?:{_PORT})?{_AFTER}",
        ),
    )


URL = (
    *_host_rules("url", "url must have a literal host: {{ }} may only stand after it"),
    never("url takes {{ }} expressions only: remove the {% %}", r"https://[^/?#]*[/?#].*\{%.*"),
    fits(
        "url must not hold blanks, control characters or # outside {{ }}, and each {{ needs its }}",
        rf"https://[^/?#]*(?:[/?]{_REST})?",
        given=r"https://.*",
    ),
)
TOKEN_URL = (
    *_host_rules("tokenURL", "tokenURL must have a literal host without {{ }}"),
    never("tokenURL takes no {{ }} and no {% %}: write it out", r"https://[^/?#]*[/?#].*\{[{%].*"),
    fits(
        "tokenURL must not hold blanks, control characters or #",
        rf"https://[^/?#]*(?:[/?]{_REST})?",
        given=r"https://.*",
    ),
)


_WITH_PORT = re.compile(rf"(https://[^/?#:]*){_PORT}(?=[/?#]|\Z)")


def without_port(url: str) -> str:
    """A URL that obeys the rules, without the one port that it may name."""
    return _WITH_PORT.sub(r"\1", url, count=1)


def url_problem(url: str) -> str | None:
    """Why a URL that comes from a Secret cannot be used, in one sentence; None: it can (SPEC 2)."""
    if len(url) > URL_CHARACTERS:
        return f"url must have at most {URL_CHARACTERS:,} characters"
    return next((rule.sentence for rule in URL if not rule.holds(url)), None)


# --- Webhook: what and when ----------------------------------------------------------------------

_TYPE_CHARACTERS = rf"[^*{_BLANK}]+"
_CLOUDEVENTS_TYPE = rf"{_TYPE_CHARACTERS}\.{_TYPE_CHARACTERS}"

DISPLAY_NAME = fits(
    "displayName must hold only letters, digits and blanks, and not begin with a blank",
    r"[A-Za-z0-9][A-Za-z0-9 ]*",
)
METHOD = one_of("method", METHODS)
TRIGGER = fits(
    f"triggers must each be {_words(TRIGGERS)}, or a CloudEvents type that contains a dot, "
    "such as dev.example.deployed.v1 or com.example.*",
    rf"{'|'.join(TRIGGERS)}|{_CLOUDEVENTS_TYPE}|{_TYPE_CHARACTERS}\.\*",
)
URL_SOURCE = exactly_one("url", "urlFrom", lambda spec: (spec.url, spec.url_from))
APPROVALS = one_of("approvals", ("Manual", "Automatic"))
PATH = fits("path must be a JSONPath that begins with $, such as $.data.status", r"\$.*")
OPERATOR = one_of("operator", OPERATORS)
VALUES_WANTED = Rule(
    "values must hold at least one value, as operator is not Exists or DoesNotExist",
    "!has(self.operator) || !(self.operator in ['In', 'NotIn', 'Prefix', 'Suffix', 'Matches']) "
    "|| (has(self.values) && self.values.size() > 0)",
    lambda match: match.operator not in OPERATORS or match.operator in VALUELESS or bool(match.values),
    field="values",
    reason=REQUIRED,
)
VALUES_UNWANTED = Rule(
    "values must be left out, as Exists and DoesNotExist take none",
    "!has(self.operator) || !(self.operator in ['Exists', 'DoesNotExist']) "
    "|| !has(self.values) || self.values.size() == 0",
    lambda match: match.operator not in VALUELESS or not match.values,
    field="values",
    reason=FORBIDDEN,
)

# --- Webhook: headers, credentials ---------------------------------------------------------------

_OURS = (
    "host|content-length|transfer-encoding|connection|keep-alive|te|trailer|upgrade|expect|accept-encoding"
    "|proxy-.*|webhook-.*"
)
HEADER_NAME = (
    fits(
        "name must be a header name of letters, digits and !#$%&'*+-.^_`|~, without blanks and colons",
        r"[A-Za-z0-9!#$%&'*+.^_`|~-]+",  # RFC 9110 section 5.6.2, token
    ),
    never("name must not be Content-Type: use contentType", "(?i:content-type)"),
    never(
        "name must not be Host, Content-Length, Transfer-Encoding, Connection, Keep-Alive, TE, Trailer, "
        "Upgrade, Expect, Accept-Encoding, Proxy-* or webhook-*: those are set for you",
        f"(?i:{_OURS})",
    ),
)
HEADER_NAMES = Rule(
    "headers must not repeat a name in other letters of case: keep one of them",
    # an exact repeat is refused by the list type
    "!has(self.headers) || self.headers.all(h, !self.headers.exists(o, "
    "o.name != h.name && o.name.lowerAscii() == h.name.lowerAscii()))",
    lambda spec: (
        spec.headers is None
        or len({h.name.lower() for h in spec.headers}) == len({h.name for h in spec.headers})
    ),
    field="headers",
)
HEADER_SOURCE = exactly_one("value", "valueFrom", lambda header: (header.value, header.value_from))
ONE_AUTHORIZATION = Rule(
    "headers must not hold Authorization beside auth: remove one of them",
    "!has(self.auth) || !has(self.headers) "
    "|| !self.headers.exists(h, h.name.lowerAscii() == 'authorization')",
    lambda spec: spec.auth is None or all(h.name.lower() != "authorization" for h in spec.headers or ()),
    field="headers",
    reason=FORBIDDEN,
)
ONE_AUTH = Rule(
    "auth must have at most one of bearer, oauth2 and basic",
    "[has(self.bearer), has(self.oauth2), has(self.basic)].filter(x, x).size() <= 1",
    lambda auth: _given(auth.bearer, auth.oauth2, auth.basic) <= 1,
    reason=FORBIDDEN,
)
CLIENT_ID = exactly_one(
    "clientID", "clientIDSecretRef", lambda oauth2: (oauth2.client_id, oauth2.client_id_secret_ref)
)
AUTH_STYLE = one_of("authStyle", ("Header", "Body"))
CA_SOURCE = exactly_one(
    "secretKeyRef", "configMapKeyRef", lambda ca: (ca.secret_key_ref, ca.config_map_key_ref)
)

# --- Webhook: body, answer, delivery -------------------------------------------------------------

BODY_SOURCE = at_most_one(
    "bodyTemplate", "bodyTemplateFrom", lambda spec: (spec.body_template, spec.body_template_from)
)
CONTENT_TYPE = fits(
    "contentType must be application/json or application/*+json, without parameters",
    r"application/(?:json|[A-Za-z0-9!#$&^_.+-]+\+json)",
)
TIMEOUT = duration("timeout", "1s", "60s")
RETRY_STEP = duration("schedule", "1s", "24h")
RETRY_AFTER_MAX = duration("retryAfterMax")
MAX_AGE = duration("maxAge")
MAX_IN_FLIGHT = between("maxInFlight", 1, 1024)
RATE_REQUESTS = between("requests", 1, 100_000)
RATE_PER = one_of("per", ("Second", "Minute", "Hour"))

# --- WebhookTest (SPEC 6) ------------------------------------------------------------------------

TEST_TRIGGER = fits(
    f"trigger must be {_words(TRIGGERS)}, or one CloudEvents type that contains a dot, without *",
    rf"{'|'.join(TRIGGERS)}|{_CLOUDEVENTS_TYPE}",
)
EVENT_SOURCE = at_most_one("event", "eventFrom", lambda spec: (spec.event, spec.event_from))
MODE = one_of("mode", ("Send", "Render"))
RUN_POLICY = one_of("runPolicy", ("OnChange", "Interval"))
INTERVAL = duration("interval", "1m")
INTERVAL_WANTED = Rule(
    "interval must be set, as runPolicy is Interval",
    "self.runPolicy != 'Interval' || has(self.interval)",
    lambda spec: spec.run_policy != "Interval" or spec.interval is not None,
    field="interval",
    reason=REQUIRED,
)
INTERVAL_UNWANTED = Rule(
    "interval must be left out unless runPolicy is Interval",
    "self.runPolicy != 'OnChange' || !has(self.interval)",
    lambda spec: spec.run_policy != "OnChange" or spec.interval is None,
    field="interval",
    reason=FORBIDDEN,
)
TEST_TIMEOUT = duration("timeout", "1s", "5m")
RESPONSE_WANTS_SEND = Rule(
    "expect.response must be left out in mode Render, as nothing is sent",
    "self.mode != 'Render' || !has(self.expect) || !has(self.expect.response)",
    lambda spec: spec.mode != "Render" or spec.expect is None or spec.expect.response is None,
    field="expect.response",
    reason=FORBIDDEN,
)
EXPECTED_HEADERS = Rule(
    "headers must have names of 1 to 128 characters",
    "self.all(name, name.size() >= 1 && name.size() <= 128)",
    lambda headers: all(1 <= len(name) <= 128 for name in headers),
)
STATUS_CODE = between("statusCodes", 100, 599)
