"""The settings of a command: its flags before the environment, and what is wrong with them in one sentence.

Must not: know what a setting means (`dispatcher.settings` and `controller.settings` do).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import ValidationError
from pydantic_settings import BaseSettings

from hookwright.errors import UsageError

_Settings = TypeVar("_Settings", bound=BaseSettings)


def read_settings(model: type[_Settings], flags: Mapping[str, str], given: Mapping[str, Any]) -> _Settings:
    """`given` by flags, the rest by HOOKWRIGHT_… variables. `flags`: setting → flag.

    UsageError names the flag or the variable that holds the first mistake.
    """
    try:
        return model(**given)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        name = str(first["loc"][0])
        place = flags.get(name, name) if name in given else f"HOOKWRIGHT_{name.upper()}"
        sentence = first["msg"].removeprefix("Value error, ")
        raise UsageError(f"{place}: {sentence}.") from None
