"""A field that the event lacks: silent while it is only asked about, a helpful sentence once it is used.

`data.requester.emial` becomes `data.requester.emial: no such field; data.requester has email, id, name`.
A field of a missing field is missing too, so `data.grantee.name | default("nobody")` works without a grantee.
Must not: look anything up (`core.templates.access`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from difflib import get_close_matches
from typing import Any, Final

from jinja2 import StrictUndefined
from jinja2.exceptions import TemplateRuntimeError, UndefinedError
from jinja2.utils import missing

from hookwright.core.templates.values import kind

_SHOWN: Final = 12  # names in one sentence
_SHOWN_CHARACTERS: Final = 64  # of one name
_COMPARED: Final = 8_000  # characters with characters, to find the nearest names: two milliseconds at worst


class Lacking(str):
    """A sentence about an item that another event may well have."""

    __slots__ = ()


class Missing(StrictUndefined):
    """What stands for an absent field, with its path as the template writes it."""

    __slots__ = ("_above", "_path")

    def __init__(
        self,
        hint: str | None = None,
        obj: Any = missing,
        name: Any = None,
        exc: type[TemplateRuntimeError] = UndefinedError,
        path: str = "",
        above: tuple[str | int, ...] = (),
    ) -> None:
        super().__init__(hint, obj, name, exc)
        self._path = path
        self._above = above  # names between the path and the field: put together only for a sentence

    def __bool__(self) -> bool:  # type: ignore[override]  # only asked about
        return False

    @property
    def _undefined_message(self) -> str:
        if self._undefined_hint:
            return self._undefined_hint
        if self._undefined_obj is missing:
            return f"{self._undefined_name}: this event has no such field at its top"
        path = self._path
        for name in self._above:
            path = join_path(path, name)
        return _absent(self._undefined_obj, self._undefined_name, path)


def _absent(parent: Any, name: Any, path: str) -> str:
    here = path or "this value"
    full = join_path(path, name)
    if isinstance(parent, dict):
        has = f"{here} has {listed(parent, str(name))}" if parent else f"{here} is empty"
        return f"{full}: no such field; {has}"
    if isinstance(parent, list | tuple):
        if isinstance(name, int):
            count = len(parent)
            has = f"{count} item{'s' * (count != 1)}" if count else "no items"
            return Lacking(f"{full}: no such item; {here} has {has}")
        return (
            f"{full}: no such field; {here} is a list, so write {here}[0] for its first item, or loop over it"
        )
    return f"{full}: no such field; {here} is {kind(parent)}"


def join_path(base: str, name: Any) -> str:
    """The way a template writes field `name` of `base`."""
    if isinstance(name, int):
        return f"{base}[{name}]"
    return f"{base}.{printable(name)}" if base else printable(name)


def printable(name: Any) -> str:
    """A field's name as it may stand in a sentence: no control characters, not too long."""
    text = "".join(
        c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in str(name)[:_SHOWN_CHARACTERS]
    )
    return text + "…" * (len(str(name)) > _SHOWN_CHARACTERS)


def listed(names: Collection[Any], wanted: str) -> str:
    """Names for a sentence, sorted; of very many the nearest ones to `wanted`."""
    if len(names) <= _SHOWN:
        return ", ".join(printable(name) for name in sorted(map(str, names)))
    compared = _compared(wanted, map(str, names))
    near = get_close_matches(wanted[:_SHOWN_CHARACTERS], compared, 3, 0.5) or sorted(compared)[:3]
    return ", ".join(printable(name) for name in near) + f" and {len(names) - len(near)} more"


def nearest(wanted: str, names: Iterable[str]) -> str | None:
    """The name that was probably meant."""
    compared = _compared(wanted, names)
    return next(iter(get_close_matches(wanted[:_SHOWN_CHARACTERS], compared, 1, 0.5)), None)


def _compared(wanted: str, names: Iterable[str]) -> list[str]:
    """The first of the names, as many as may be compared with `wanted`; none that is very long."""
    left, compared = _COMPARED, []
    for name in names:
        if len(name) <= _SHOWN_CHARACTERS:
            left -= (1 + min(len(wanted), _SHOWN_CHARACTERS)) * (1 + len(name))
            if left < 0:
                break
            compared.append(name)
    return compared
