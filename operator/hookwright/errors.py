"""The whole exception tree, and the causes a failure can have.

    HookwrightError
    ├── UsageError              a command was used wrong (exit code 2)
    ├── ManifestError           a manifest breaks a rule; knows file, line, field
    ├── FieldError              a part of a spec cannot be compiled; knows its field; a ValueError as well
    ├── ClusterError            the API server or a dispatcher gave no usable answer; tried again
    ├── ConfigurationError      a dispatch configuration was refused; the last good one stays
    ├── EventError              an event was refused; carries the HTTP status of SPEC 3
    ├── TemplateError           a template does not compile, or does not render this event
    │   └── BudgetError         ... because it used too many steps, bytes or time
    ├── FilterError             a filter went over its budget for this event
    ├── SendError               an attempt got no complete answer; says whether it may have been sent
    └── StoreError              durable storage
        ├── StoreWaits          answered 503, heals by itself
        │   ├── StoreFull       waits for space; nothing was stored
        │   └── StoreAway       waits for the database; what was under way may have been stored
        ├── StoreLocked         another process owns the data folder
        ├── StoreDamaged        the file is not ours or not intact; nothing is touched
        └── StoreBroken         an fsync or checkpoint failed: the process must end at once

Imports nothing of ours. An exception's text is one sentence that names the thing and the cure.
"""

from __future__ import annotations

from enum import StrEnum


class Cause(StrEnum):
    """Why an attempt did not end as Delivered; the key of the table of hints (`core.hints`)."""

    # before anything was sent
    TEMPLATE = "Template"  # does not render, or not to JSON
    UNDEFINED_FIELD = "UndefinedField"
    BUDGET = "Budget"
    FILTER = "Filter"
    HELD = "Held"  # the webhook is not usable: a Secret is away, a template fails
    TEST = "Test"  # a WebhookTest cannot run: a rule, a reference or its event is wrong
    TOKEN = "TokenEndpoint"  # noqa: S105 - the OAuth2 token endpoint gave no token
    # the way there
    DNS = "DNS"
    REFUSED_ADDRESS = "RefusedAddress"  # the egress policy refuses the name or one of its addresses
    CONNECT = "Connect"  # refused or unreachable
    TLS_NAME = "TLSName"
    TLS_UNTRUSTED = "TLSUntrusted"
    TLS_EXPIRED = "TLSExpired"
    TLS = "TLS"  # any other handshake failure
    TIMEOUT = "Timeout"
    RESET = "Reset"  # closed or reset before a complete answer
    PROTOCOL = "Protocol"  # not HTTP/1.1, or over a limit of headers
    # an answer came
    STATUS = "Status"  # a status code that is not 2xx
    VALIDATOR = "Validator"
    NOT_JSON = "NotJSON"
    # neither we nor the target foresaw it
    INTERNAL = "Internal"


class Sent(StrEnum):
    """How far a request came (SPEC 5: errors tell the three apart)."""

    NOT_SENT = "not sent"
    MAYBE_SENT = "may have been sent"
    ANSWERED = "answered"


class HookwrightError(Exception):
    """Base of all our exceptions."""


class UsageError(HookwrightError):
    """A command was used wrong: exit code 2."""


class ManifestError(HookwrightError):
    """A manifest breaks a rule.

    `field` is the path below the object (`spec.url`), `file` and `line` where it stands, if known.
    """

    def __init__(self, message: str, *, field: str = "", file: str = "", line: int = 0) -> None:
        super().__init__(message)
        self.message = message
        self.field = field
        self.file = file
        self.line = line


class FieldError(HookwrightError, ValueError):
    """A part of a spec cannot be compiled. `field` is the path below `spec`, `sentence` what is wrong there."""

    def __init__(self, field: str, sentence: str) -> None:
        super().__init__(f"{field}: {sentence}")
        self.field = field
        self.sentence = sentence


class ConfigurationError(HookwrightError):
    """A dispatch configuration was refused; the last good one stays in force."""


class ClusterError(HookwrightError):
    """The API server or a dispatcher gave no usable answer. `status`: the HTTP status, if there was one."""

    def __init__(self, message: str, *, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status


class EventError(HookwrightError):
    """An event was refused; `status` is the HTTP status code it is answered with (SPEC 3).

    `retry_after` (seconds) goes with 429 and 503, `hint` is the tip of an invocation that could not begin.
    """

    def __init__(
        self, message: str, *, status: int = 400, retry_after: int | None = None, hint: str | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.retry_after = retry_after
        self.hint = hint


class TemplateError(HookwrightError):
    """A template does not compile, or does not render this event.

    `line` is the template's line and `column` the character in it (from 1, 0 if unknown), `length` how many
    characters are meant, `expression` the source of the place. `lacking`: the event lacks an item of a list, or a
    field under no name like one that it has; another event may have it. `field`: the template, if it is known.
    """

    def __init__(
        self,
        message: str,
        *,
        line: int = 0,
        column: int = 0,
        length: int = 0,
        expression: str = "",
        cause: Cause = Cause.TEMPLATE,
        lacking: bool = False,
        field: str = "",
    ) -> None:
        super().__init__(message)
        self.lacking = lacking
        self.line = line
        self.column = column
        self.length = length
        self.expression = expression
        self.cause = cause
        self.field = field


class BudgetError(TemplateError):
    """The templates of a delivery went over their budget of steps or output.

    If the `field` in which it ended is known, the message begins with it.
    """

    def __init__(
        self,
        message: str,
        *,
        line: int = 0,
        column: int = 0,
        length: int = 0,
        expression: str = "",
        field: str = "",
    ) -> None:
        super().__init__(
            message,
            line=line,
            column=column,
            length=length,
            expression=expression,
            cause=Cause.BUDGET,
            field=field,
        )


class FilterError(HookwrightError):
    """A filter went over its budget for this event: a dead letter, never a silent mismatch."""


class SendError(HookwrightError):
    """An attempt got no answer. `sent` says how far it came, `cause` why.

    `unread`: what came instead of an answer that can be read. `retry_after`: what a token endpoint's header of that
    name says, and `slow` that it asks to be left alone.
    """

    def __init__(
        self, message: str, *, cause: Cause, sent: Sent, retry_after: str | None = None, slow: bool = False
    ) -> None:
        super().__init__(message)
        self.cause = cause
        self.sent = sent
        self.unread = b""
        self.retry_after = retry_after
        self.slow = slow


class StoreError(HookwrightError):
    """Durable storage. `in_doubt`: what was to be stored may have been."""

    in_doubt = True


class StoreWaits(StoreError):  # noqa: N818 - a state that heals, not a mistake
    """Nothing can be stored now; it goes on by itself."""


class StoreFull(StoreWaits):
    """Free space is under the reserve, or the file system is read-only. Nothing was stored."""

    in_doubt = False


class StoreAway(StoreWaits):
    """The database does not answer, or takes no writes. `in_doubt` if that happened while something was under way."""

    def __init__(self, message: str, *, in_doubt: bool = False) -> None:
        super().__init__(message)
        self.in_doubt = in_doubt


class StoreLocked(StoreError):  # noqa: N818
    """Another process owns the data folder."""


class StoreDamaged(StoreError):  # noqa: N818
    """The database is not ours or not intact; nothing was changed."""


class StoreBroken(StoreError):  # noqa: N818
    """A write, fsync or checkpoint failed: what is on disk is only known after a new start."""
