"""Lua as Argo CD runs it: version 5.1 with the base, table and package libraries and a small `os`, no more."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from lupa import lua51

FILE = Path(__file__).parents[2] / "docs/gitops/argocd-cm.yaml"

_RESTRICT = """
for _, name in ipairs({"string", "math", "io", "debug", "coroutine", "python", "dofile", "loadfile"}) do
  _G[name] = nil
end
getmetatable("").__index = nil
os = {date = os.date, time = os.time}
"""


def run(source: str, obj: Mapping[str, Any]) -> Any:
    """What a script returns for an object, as JSON types. LuaError: it does not run."""
    runtime = lua51.LuaRuntime(unpack_returned_tuples=True, register_eval=False, register_builtins=False)
    restrict, script = runtime.compile(_RESTRICT), runtime.compile(source)
    runtime.globals().obj = runtime.table_from(obj, recursive=True)
    restrict()
    return _plain(script())


def health(obj: Mapping[str, Any]) -> dict[str, str]:
    """Status and message of an object's health."""
    found: dict[str, str] = run(_data()[f"resource.customizations.health.{_kind(obj)}"], obj)
    return found


def actions(obj: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """The actions that are offered on an object."""
    found: dict[str, dict[str, Any]] = run(_actions(obj)["discovery.lua"], obj)
    return found


def act(name: str, obj: Mapping[str, Any]) -> dict[str, Any]:
    """The object after an action."""
    (source,) = (each["action.lua"] for each in _actions(obj)["definitions"] if each["name"] == name)
    after: dict[str, Any] = run(source, obj)
    return after


def defined(obj: Mapping[str, Any]) -> set[str]:
    """Names of the actions that are defined for an object's kind."""
    return {each["name"] for each in _actions(obj)["definitions"]}


@cache
def _data() -> dict[str, str]:
    data: dict[str, str] = yaml.safe_load(FILE.read_text())["data"]
    return data


def _actions(obj: Mapping[str, Any]) -> Any:
    return yaml.safe_load(_data()[f"resource.customizations.actions.{_kind(obj)}"])


def _kind(obj: Mapping[str, Any]) -> str:
    return f"{obj['apiVersion'].partition('/')[0]}_{obj['kind']}"


def _plain(value: Any) -> Any:
    """A Lua table as a list (keys 1…n) or a dictionary."""
    if lua51.lua_type(value) != "table":
        return value
    items = dict(value.items())
    if items and list(items) == list(range(1, len(items) + 1)):
        return [_plain(each) for each in items.values()]
    return {key: _plain(each) for key, each in items.items()}
