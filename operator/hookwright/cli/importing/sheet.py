"""The vendor's form, filled in as YAML: one form, a list of them, or one a document.

Its words are the form's ("Body Template", "Token Endpoint URL") in any spelling of case, blanks and underscores, or a
Webhook's own (`bodyTemplate`). Must not: judge the values, only tell what is no field of the form.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

import yaml

from hookwright.api.v1alpha1.webhook import Filters
from hookwright.cli.importing.form import Form, OAuth
from hookwright.cli.importing.headers import take_headers
from hookwright.errors import UsageError

_FILTERS: Final = {
    re.sub("[^a-z]", "", (field.alias or name).lower()): field.alias or name
    for name, field in Filters.model_fields.items()
}
_ACTIVE: Final = {"active": True, "inactive": False, "true": True, "false": False}


def sheet_forms(text: str) -> list[Form]:
    """The forms of a sheet. UsageError names what cannot be read, or is no field of the form."""
    try:
        documents = list(yaml.safe_load_all(text))
    except yaml.YAMLError as error:
        raise UsageError(f"The form is no YAML: {' '.join(str(error).split())}.") from None
    forms = [_form(each) for document in documents for each in _each(document)]
    if not forms:
        raise UsageError("The form is empty: give name, url, triggers and what else it holds.")
    return forms


def _each(document: Any) -> Iterator[Mapping[str, Any]]:
    for each in document if isinstance(document, list) else [document]:
        if isinstance(each, dict):
            yield each
        elif each is not None:
            raise UsageError("A form is a mapping of its fields, such as name: and url:.")


class _Fields:
    """A mapping by its words, whatever their spelling; knows what nobody asked for."""

    def __init__(self, given: Any, place: str) -> None:
        if not isinstance(given, dict):
            raise UsageError(f"{place} must be a mapping of its fields.")
        self._place, self._words = place, {word: str(word) for word in given}
        self._given = {_plain(str(word)): value for word, value in given.items()}
        self._spelt = {_plain(word): word for word in self._words.values()}

    def take(self, *words: str) -> Any:
        """The value of a field under any of its words; None: not given."""
        found = [self._given.pop(word) for word in words if word in self._given]
        return found[0] if found else None

    def text(self, *words: str) -> str:
        """The value as text, empty when not given. UsageError for a list or a mapping."""
        found = self.take(*words)
        if isinstance(found, dict | list):
            raise UsageError(f"{self._place}: {words[0]} must be a text.")
        return "" if found is None else str(found).strip()

    def rest(self) -> dict[str, Any]:
        """What was not taken."""
        return self._given

    def end(self) -> None:
        """UsageError for a field that was not taken."""
        for word in self._given:
            raise UsageError(f"{self._place}: there is no field {self._spelt[word]!r} in the form.")


def _plain(word: str) -> str:
    return re.sub("[^a-z0-9]", "", word.lower())


def _form(given: Mapping[str, Any]) -> Form:
    fields = _Fields(given, "The form")
    fields.take("kind")
    form = Form(fields.text("name", "webhookname", "displayname"), fields.text("url"))
    form.method = fields.text("method").upper() or "POST"
    form.active = _active(fields.take("status", "active"))
    body = fields.take("bodytemplate", "body")
    form.body = body if body is None or isinstance(body, str) else _as_json(body)
    headers = _rows(fields.take("headers"))
    if (given_auth := fields.take("authentication", "auth", "credentials")) is not None:
        headers += _authentication(form, given_auth)
    take_headers(form, headers)
    form.triggers = _words(fields.take("triggers", "trigger"), "Request")
    form.filters = _filters(fields.take("filters"))
    if timeout := fields.text("timeout", "timeoutinsec", "timeoutseconds"):
        form.timeout = f"{timeout}s" if timeout.isdecimal() else timeout
    form.validators = [_validator(each) for each in fields.take("responsevalidators") or []]
    fields.end()
    return form


def _as_json(value: Any) -> str:
    """A template that was written as YAML instead of text."""
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"


def _active(given: Any) -> bool:
    if given is None:
        return True
    if str(given).lower() not in _ACTIVE:
        raise UsageError(f"Status is Active or Inactive, not {given}.")
    return _ACTIVE[str(given).lower()]


def _rows(given: Any) -> list[tuple[str, str]]:
    """Header rows: a mapping, or a list of `{name, value}` (or `{key, value}`)."""
    if isinstance(given, dict):
        return [(str(name), str(value)) for name, value in given.items()]
    rows = []
    for each in given or []:
        fields = _Fields(each, "headers")
        rows.append((fields.text("name", "key"), fields.text("value")))
        fields.end()
    return rows


def _authentication(form: Form, given: Any) -> list[tuple[str, str]]:
    """Bearer token, OAuth or user and password into the form; header rows are handed on."""
    if isinstance(given, str) and _plain(given) in {"none", ""}:
        return []
    fields = _Fields(given, "Authentication")
    oauth = fields.take("oauth", "oauth2")
    fields.take("type", "method")
    form.bearer = fields.text("bearer", "bearertoken", "token") or None
    if oauth is not None:
        form.oauth = _oauth(_Fields(oauth, "OAuth"))
    if user := fields.text("username", "user"):
        form.basic = user, fields.text("password")
    rows = _rows(fields.take("headers", "header"))
    fields.end()
    return rows


def _oauth(fields: _Fields) -> OAuth:
    made = OAuth(
        fields.text("clientid"),
        fields.text("clientsecret"),
        fields.text("tokenendpointurl", "tokenendpoint", "tokenurl"),
        tuple(_words(fields.take("scopes", "scope"))),
    )
    fields.end()
    return made


def _words(given: Any, prefix: str = "") -> list[str]:
    """A list, or a text with commas or blanks; older forms leave `Request` away before a trigger."""
    if isinstance(given, str):
        given = re.split(r"[,\s]+", given.strip())
    words = [str(each) for each in given or [] if str(each)]
    short = {"Created", "Approved", "Rejected", "Granted", "Expired", "Failed"}
    return [prefix + word if word in short else word for word in words]


def _filters(given: Any) -> dict[str, Any]:
    """The filters by a Webhook's names. UsageError for one that it does not have."""
    found: dict[str, Any] = {}
    for word, value in _Fields(given or {}, "Filters").rest().items():
        if word not in _FILTERS:
            raise UsageError(
                f"Filters: there is no filter {word!r}; there are {', '.join(_FILTERS.values())}."
            )
        name = _FILTERS[word]
        found[name] = value if name == "approvals" or isinstance(value, list) else [str(value)]
    return found


def _validator(given: Any) -> dict[str, Any]:
    fields = _Fields(given, "Response Validators")
    values = fields.take("values", "expectedvalues", "value")
    made = {
        "path": fields.text("path", "jsonpath"),
        "values": [str(each) for each in (values if isinstance(values, list) else [values])],
    }
    fields.end()
    return made
