"""The dispatch configuration as JSON text, read and written one webhook after the other.

In one call 10,000 webhooks would hold the interpreter, and with it every other thread, for half a second; so a thread
that does this lets the event loop go on in between. Must not: know files, or what webhooks say.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, Final

import orjson
from pydantic import ValidationError

from hookwright.api.config import DispatchConfig, RouteConfig
from hookwright.errors import ConfigurationError

_DECODER: Final = json.JSONDecoder()  # unlike orjson it says where a value ends
_GAP: Final = re.compile(r"[ \t\r\n]*")


def dump(config: DispatchConfig) -> bytes:
    """The text of a configuration; the same one gives the same text."""
    head = orjson.dumps(
        config.model_copy(update={"webhooks": []}).model_dump(by_alias=True, exclude_none=True)
    )
    webhooks = [
        orjson.dumps(webhook.model_dump(by_alias=True, exclude_none=True)) for webhook in config.webhooks
    ]
    return head.removesuffix(b"]}") + b",".join(webhooks) + b"]}"


def parse(document: bytes, known: Mapping[str, RouteConfig]) -> DispatchConfig:
    """The configuration in a text. What a newer release says beside what is known here is left out (SPEC 8).

    A webhook that is equal to the `known` one of its key is that one: so there is nothing new to hold.
    Raises ConfigurationError naming the place, never a value, as values may be secrets; JSONDecodeError.
    """
    text = _Text(document.decode())
    rest: dict[str, Any] = {}
    webhooks: list[RouteConfig] = []
    text.go_over("{")
    while not text.go_over("}"):
        name = json.loads(text.value())
        text.go_over(":")
        if name == "webhooks" and text.go_over("["):
            while not text.go_over("]"):
                read = _route(text.value(), len(webhooks))
                same = known.get(read.key)
                webhooks.append(same if same is not None and same == read else read)
                text.go_over(",")
        else:
            rest[name] = json.loads(text.value())
        text.go_over(",")
    try:
        head = DispatchConfig.model_validate({"webhooks": [], **rest}, extra="ignore")
    except ValidationError as error:
        raise _unfit(error) from None
    return head.model_copy(update={"webhooks": webhooks})


def _route(text: str, number: int) -> RouteConfig:
    try:
        return RouteConfig.model_validate_json(text, extra="ignore")
    except ValidationError as error:
        raise _unfit(error, "webhooks", number) from None


def _unfit(error: ValidationError, *above: str | int) -> ConfigurationError:
    place = ".".join(map(str, (*above, *error.errors()[0]["loc"])))
    return ConfigurationError(f"the configuration does not fit this release ({place})")


class _Text:
    """JSON text, read from left to right."""

    def __init__(self, text: str) -> None:
        self._text, self._at = text, 0

    def go_over(self, sign: str) -> bool:
        """If this sign comes next, go behind it."""
        at = self._next()
        if not self._text.startswith(sign, at):
            return False
        self._at = at + 1
        return True

    def value(self) -> str:
        """The text of the value that comes next; go behind it."""
        begin = self._next()
        _, self._at = _DECODER.raw_decode(self._text, begin)
        return self._text[begin : self._at]

    def _next(self) -> int:
        found = _GAP.match(self._text, self._at)
        return self._at if found is None else found.end()
