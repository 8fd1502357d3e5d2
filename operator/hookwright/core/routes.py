"""A webhook made ready to run: everything that can be parsed per change is parsed here, nothing per event.

A Route is built once when a configuration is loaded. Its templates compile at first use, since a template costs
some milliseconds and 10,000 webhooks must not cost a start; `warm` does it ahead, `warm_one` piece by piece.
Must not: send, read the clock.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

import orjson

from hookwright import __version__
from hookwright.api.config import RouteConfig
from hookwright.api.fields import KeyRef, seconds
from hookwright.api.v1alpha1.webhook import Header, WebhookSpec
from hookwright.core.lane_steps import Rules
from hookwright.core.redaction import Redactor, placeholder
from hookwright.core.request import Outgoing
from hookwright.core.retry import RetryPolicy
from hookwright.core.templates import (
    Budget,
    Template,
    compile_body,
    compile_header,
    compile_url,
    template_context,
)
from hookwright.core.validators import Validators, compile_validators
from hookwright.errors import BudgetError, TemplateError

USER_AGENT = f"hookwright/{__version__}"
_PERIODS = {"Second": 1.0, "Minute": 60.0, "Hour": 3600.0}
_JSON_START = (b"{", b"[")


def host_of(url: str) -> str:
    """The host of an https URL that obeys the rules of SPEC 2 (no port, no user info)."""
    rest = url.removeprefix("https://")
    end = min((at for mark in "/?" if (at := rest.find(mark)) >= 0), default=len(rest))
    return rest[:end].lower()


def hosts_of(config: RouteConfig) -> list[str]:
    """The hosts that a webhook sends to, that of its token endpoint last; none when it cannot be sent."""
    spec = config.spec
    if spec is None or config.held is not None:
        return []
    ref = spec.url_from and spec.url_from.secret_key_ref
    urls = [spec.url or (config.secrets[ref.label] if ref else "")]
    if spec.auth is not None and spec.auth.oauth2 is not None:
        urls.append(spec.auth.oauth2.token_url)
    return list(dict.fromkeys(map(host_of, urls)))


def rules_of(spec: WebhookSpec) -> Rules:
    """What a spec says of its lane."""
    limit = spec.rate_limit
    rate = None if limit is None else (limit.requests, _PERIODS[limit.per])
    return Rules(RetryPolicy.of(spec.retry), spec.max_in_flight, rate)


class Route:
    """One webhook that can be sent. Raises ValueError when `config` is held, as there is nothing to send then."""

    def __init__(self, config: RouteConfig) -> None:
        if config.spec is None or config.held is not None:
            raise ValueError(config.held or f"{config.key} cannot be sent")
        spec = config.spec
        self.config = config
        self.spec: WebhookSpec = spec
        self.key = config.key
        self.timeout = seconds(spec.timeout)
        self.validators: Validators = compile_validators(spec.response_validators)
        self.redactor = Redactor({label: value for label, value in config.secrets.items() if value})
        self.rules = rules_of(spec)
        self.url = spec.url if spec.url is not None else self.secret(self._url_ref())
        self.host = host_of(self.url)
        self._shown_url_template = spec.url or placeholder(self._url_ref().label)
        own = {header.name.lower() for header in spec.headers or ()}
        self._static_headers: tuple[tuple[str, str], ...] = (("content-type", spec.content_type),)
        if "user-agent" not in own:
            self._static_headers += (("user-agent", USER_AGENT),)
        self._made: dict[str, Template] = {}
        """The templates that are compiled, by field."""
        self._templates: _Templates | None = None

    def _url_ref(self) -> KeyRef:
        assert self.spec.url_from is not None  # the rules of SPEC 2: url xor urlFrom
        return self.spec.url_from.secret_key_ref

    def secret(self, ref: KeyRef) -> str:
        """The value of a Secret's key that this webhook refers to."""
        return self.config.secrets[ref.label]

    def warm(self) -> bool:
        """Compile the templates now; False: they were. Raises TemplateError."""
        if self._templates is not None:
            return False
        while self.warm_one():
            pass
        return True

    def warm_one(self) -> bool:
        """Compile one template, which takes some milliseconds; False: none is left. Raises TemplateError."""
        if self._templates is not None:
            return False
        for field, compile_, source in _sources(self):
            if field not in self._made:
                made = self._made[field] = _compiled(field, compile_, source)
                if made.constant is None:
                    return True
        self._templates = _Templates(self, self._made)
        return False

    def _compiled(self) -> _Templates:
        self.warm()
        assert self._templates is not None
        return self._templates

    @property
    def reads_event(self) -> bool:
        """Whether `build` needs the event parsed. Raises TemplateError when a template does not compile."""
        return (self._templates or self._compiled()).need_context

    def build(
        self,
        raw: bytes,
        *,
        trigger: str | None,
        delivery_id: str,
        attempt: int,
        now: int,
        hops: int = 0,
        document: dict[str, Any] | None = None,
        budget: Budget | None = None,
    ) -> Outgoing:
        """The request for one event, without credentials and signature (the pipeline adds them).

        `raw` is the event's JSON text, `document` the same parsed if the caller has it, `now` epoch seconds, `hops` how
        often the event came through a dispatcher before, `budget` what all templates together may take: a caller that
        wants to know its `share` afterwards hands one in.
        Raises TemplateError when a template does not render this event, BudgetError when they took too much.
        """
        templates = self._templates or self._compiled()
        budget = budget or Budget()
        context: Mapping[str, Any] | None = None
        if templates.need_context:
            context = template_context(
                orjson.loads(raw) if document is None else document,
                trigger=trigger,
                webhook_name=self.config.name,
                webhook_namespace=self.config.namespace,
                delivery_id=delivery_id,
                attempt=attempt,
            )
        url = templates.url.constant
        if url is None:
            url = _rendered(_url_field(self.spec), templates.url, context, budget)
        headers: tuple[tuple[str, str], ...] = (
            *self._static_headers,
            ("webhook-id", delivery_id),
            ("webhook-timestamp", str(now)),
            ("webhook-attempt", str(attempt)),
            ("webhook-hops", str(hops + 1)),
        )
        shown = headers
        for header in templates.headers:
            value, shown_value = header.values(context, budget)
            headers += ((header.name, value),)
            shown += ((header.name, shown_value),)
        shown_url = self._shown_url_template if self.spec.url_from else url
        body = self._body(templates, raw, context, budget)
        return Outgoing(self.spec.method, url, headers, body, shown_url, shown)

    def _body(
        self, templates: _Templates, raw: bytes, context: Mapping[str, Any] | None, budget: Budget
    ) -> bytes:
        if templates.body is None:
            return b"" if self.spec.method == "DELETE" else raw
        text = templates.body.constant
        if text is None:
            text = _rendered(templates.body_field, templates.body, context, budget)
        body = text.strip().encode()
        try:
            orjson.loads(body)
        except orjson.JSONDecodeError as error:
            sentence = f"bodyTemplate: the rendered body is not JSON ({error})"
            raise TemplateError(sentence, field=templates.body_field) from None
        if not body.startswith(_JSON_START):
            sentence = "bodyTemplate: the rendered body must be a JSON object or array"
            raise TemplateError(sentence, field=templates.body_field)
        return body


def _rendered(field: str, template: Template, context: Mapping[str, Any] | None, budget: Budget) -> str:
    """The text of one template. Its errors know their field; where the budget of the delivery ends, they name it."""
    try:
        return template.render(context or {}, budget)
    except BudgetError as error:
        raise BudgetError(
            f"{field}: {error}",
            line=error.line,
            column=error.column,
            length=error.length,
            expression=error.expression,
            field=field,
        ) from None
    except TemplateError as error:
        error.field = field
        raise


def _compiled(field: str, compile_: Callable[[str], Template], source: str) -> Template:
    """One template; the error of one that does not compile knows its field."""
    try:
        return compile_(source)
    except TemplateError as error:
        error.field = field
        raise


_BODY: Final = "bodyTemplate"
_BODY_FROM: Final = "bodyTemplateFrom"


def _url_field(spec: WebhookSpec) -> str:
    return "url" if spec.url else "urlFrom"


def _sources(route: Route) -> Iterator[tuple[str, Callable[[str], Template], str]]:
    """Field, compiler and text of each template."""
    spec = route.spec
    yield _url_field(spec), compile_url, route.url
    for index, header in enumerate(spec.headers or ()):
        if header.value_from is None:
            yield _header_field(index), compile_header, header.value or ""
    if spec.body_template is not None:
        yield _BODY, compile_body, spec.body_template
    elif spec.body_template_from is not None:
        yield _BODY_FROM, compile_body, route.config.configs[spec.body_template_from.config_map_key_ref.label]


def _header_field(index: int) -> str:
    return f"headers[{index}].value"


class _HeaderTemplate:
    """One header: a constant, a template, or a Secret's value with its placeholder."""

    def __init__(self, index: int, header: Header, route: Route, made: Mapping[str, Template]) -> None:
        self.name = header.name
        self.field = _header_field(index)
        self.template: Template | None = None
        if header.value_from is not None:
            ref = header.value_from.secret_key_ref
            self.constant: str | None = route.secret(ref)
            self.shown = placeholder(ref.label)
        else:
            self.template = made[self.field]
            self.constant = self.template.constant
            self.shown = self.constant or ""

    def values(self, context: Mapping[str, Any] | None, budget: Budget) -> tuple[str, str]:
        """The value to send and the value to show."""
        if self.constant is not None:
            return self.constant, self.shown
        assert self.template is not None
        value = _rendered(self.field, self.template, context, budget)
        return value, value


class _Templates:
    """The compiled templates of one route, put in their places."""

    def __init__(self, route: Route, made: Mapping[str, Template]) -> None:
        spec = route.spec
        self.url: Template = made[_url_field(spec)]
        self.headers = [_HeaderTemplate(*numbered, route, made) for numbered in enumerate(spec.headers or ())]
        self.body_field = _BODY if spec.body_template_from is None else _BODY_FROM
        self.body: Template | None = made.get(self.body_field)
        self.need_context = any(template.constant is None for template in made.values())
