"""Reference pages of commands, settings, metrics and HTTP ports, made from the code that serves them.

Called by `tools/generate.py`. Must not: hold a word about any of them that the code does not say itself.
"""

from __future__ import annotations

import ast
import inspect
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import click
from prometheus_client import Metric
from pydantic_settings import BaseSettings

from chart_values import Value
from hookwright.api.fields import span
from hookwright.api.openapi import admin_api, events_api
from hookwright.cli.main import main
from hookwright.controller.settings import Settings as ControllerSettings
from hookwright.core.backlog_shares import BacklogShares
from hookwright.core.records import StoreStats
from hookwright.dispatcher.settings import Settings as DispatcherSettings
from hookwright.telemetry.controller_metrics import ControllerMetrics
from hookwright.telemetry.loop_watch import Slowest
from hookwright.telemetry.metrics import Metrics, Observed
from markdown_cells import escaped, table

NOTE = "Generated from the code by `make generate`: do not edit."


# --- commands ------------------------------------------------------------------------------------


def commands() -> str:
    """Every command with its arguments and options."""
    parts = ["# Commands", NOTE, "`kubectl hookwright …` is the same program, with `--cluster` implied."]
    with click.Context(main, info_name="hookwright") as context:
        for command, path in _walk(main, context):
            parts += [f"## `{path.command_path}`", *_command(command, path)]
    return "\n\n".join(parts) + "\n"


def _walk(group: click.Group, context: click.Context) -> Iterator[tuple[click.Command, click.Context]]:
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        below = click.Context(command, info_name=name, parent=context)
        yield command, below
        if isinstance(command, click.Group):
            yield from _walk(command, below)


def _command(command: click.Command, context: click.Context) -> Iterator[str]:
    pieces = " ".join(command.collect_usage_pieces(context))
    yield f"```\n{context.command_path} {pieces}\n```"
    yield inspect.cleandoc(command.help or "")
    options = [option for option in command.params if isinstance(option, click.Option) and not option.hidden]
    if options:
        yield table(("Option", "Meaning", "Default"), (_option(option, context) for option in options))
    if command.epilog:
        yield f"```\n{inspect.cleandoc(command.epilog.replace(chr(8), '')).strip()}\n```"


def _option(option: click.Option, context: click.Context) -> tuple[str, str, str]:
    names = ", ".join(f"`{name}`" for name in (*option.opts, *option.secondary_opts))
    if not option.is_flag:
        names += f" `{option.make_metavar(context)}`"
    shown = option.show_default if isinstance(option.show_default, str) else option.default
    plain = shown if isinstance(shown, str | int | float) and not isinstance(shown, bool) else ""
    return names.replace("|", "\\|"), escaped(option.help or ""), f"`{plain}`" if plain != "" else ""


# --- settings ------------------------------------------------------------------------------------


def settings(values: Sequence[Value]) -> str:
    """Every variable of both processes, with the chart value that sets it."""
    by_variable = {_variable(value.path): value for value in values}
    parts = [
        "# Settings",
        NOTE,
        "A setting is an environment variable; the chart sets it from the value beside it.",
    ]
    for title, model in (("Dispatcher", DispatcherSettings), ("Controller", ControllerSettings)):
        parts += [
            f"## {title}",
            table(("Variable", "Chart value", "Default", "Meaning"), _settings(model, by_variable)),
        ]
    return "\n\n".join(parts) + "\n"


def _variable(path: str) -> str:
    words = re.sub(r"([a-z])([A-Z])", r"\1_\2", path.replace(".", "_"))
    return f"HOOKWRIGHT_{words.upper()}"


def _settings(model: type[BaseSettings], values: Mapping[str, Value]) -> Iterator[tuple[str, ...]]:
    says = _docstrings(model)
    for name, field in model.model_fields.items():
        variable = f"HOOKWRIGHT_{name.upper()}"
        value = values.get(variable)
        meaning = says.get(name) or (value.meaning if value else "")
        if not meaning:
            raise ValueError(f"{model.__module__}.{name} says nowhere what it means: give it a docstring")
        default = "required" if field.is_required() else _default(_written(field.default, value))
        yield f"`{variable}`", f"`{value.path}`" if value else "", default, escaped(meaning)


def _written(default: object, value: Value | None) -> object:
    """A default as people write it: as the chart's values have it, where they have the same one."""
    chosen = json.loads(value.default) if value else None
    if isinstance(default, float) and isinstance(chosen, str) and span(chosen) != default:
        return f"{default:g}s"
    return default if chosen in (None, "", [], {}) else chosen


def _default(value: object) -> str:
    return "" if value in (None, (), "") else f"`{value}`"


def _docstrings(model: type[BaseSettings]) -> dict[str, str]:
    """What stands under each field in the source."""
    [tree] = ast.parse(inspect.getsource(model)).body
    assert isinstance(tree, ast.ClassDef)
    found = {}
    for field, below in zip(tree.body, tree.body[1:], strict=False):
        if (
            isinstance(field, ast.AnnAssign)
            and isinstance(below, ast.Expr)
            and isinstance(below.value, ast.Constant)
        ):
            found[ast.unparse(field.target)] = str(below.value.value)
    return found


# --- metrics -------------------------------------------------------------------------------------


def metrics() -> str:
    """Every family of both processes."""
    dispatcher, controller = Metrics(), ControllerMetrics()
    dispatcher.watch(_observed)
    dispatcher.look()
    parts = [
        "# Metrics",
        NOTE,
        "At `/metrics` of each process, beside the usual `process_…` of the dispatcher.",
    ]
    for title, families in (("Dispatcher", dispatcher.collect()), ("Controller", controller.collect())):
        parts += [f"## {title}", table(("Metric", "Type", "Labels", "Meaning"), map(_family, families))]
    return "\n\n".join(parts) + "\n"


def _observed() -> Observed:
    """A dispatcher with a configuration, in which nothing has happened, with the figures of every kind of store."""
    return Observed(
        (),
        (),
        "",
        0.0,
        StoreStats(
            checkpoints=0, checkpoint_seconds=0.0, wal_bytes=0, away=False, standby=False, oldest_identity=0
        ),  # as no store alone has them
        Slowest(0.0, 0.0),
        BacklogShares(),
        DispatcherSettings().room,
        parts=0,
    )


def _family(family: Metric) -> tuple[str, ...]:
    end = {"counter": "_total", "info": "_info"}.get(family.type, "")
    labels = ", ".join(f"`{label}`" for label in getattr(family, "_labelnames", ()))
    return f"`{family.name}{end}`", family.type, labels, escaped(family.documentation)


# --- HTTP ----------------------------------------------------------------------------------------


def http() -> str:
    """Every path of both ports."""
    parts = [
        "# HTTP",
        NOTE,
        "The whole of it, with the shapes of all answers, is served as OpenAPI 3.1 at the paths named last.",
    ]
    for title, document in (("Events port (8080)", events_api()), ("Admin port (8081)", admin_api())):
        parts.append(f"## {title}")
        for path, methods in document["paths"].items():
            for method, operation in methods.items():
                parts += [f"### `{method.upper()} {path}`", *_operation(operation)]
    return "\n\n".join(parts) + "\n"


def _operation(operation: Mapping[str, Any]) -> Iterator[str]:
    open_ = " No token is asked." if operation.get("security") == [] else ""
    answers = ", ".join(_answer(status, answer) for status, answer in operation["responses"].items())
    yield f"{operation['summary']}{open_} Answers {answers}."
    if body := operation.get("requestBody"):
        optional = "" if body["required"] else ", which may be left out"
        yield f"Takes {', '.join(f'`{kind}`' + _named(each) for kind, each in body['content'].items())}{optional}."
    if rows := operation.get("parameters"):
        yield table(("Parameter", "In", "Rule", "Meaning"), map(_parameter, rows))


def _answer(status: str, answer: Mapping[str, Any]) -> str:
    what = "otherwise a problem document" if status == "default" else f"{status}"
    named = next((_named(each) for each in answer["content"].values() if each), "")
    return what if status == "default" else what + named


def _named(content: Mapping[str, Any]) -> str:
    """The name of a shape, in brackets."""
    reference = content.get("schema", {}).get("$ref", "")
    return f" ({reference.rpartition('/')[2]})" if reference else ""


def _parameter(one: Mapping[str, Any]) -> tuple[str, ...]:
    rules = {key: value for key, value in one["schema"].items() if key not in {"type", "minLength"}}
    shown = ", ".join(f"{key} {json.dumps(value)}" for key, value in rules.items())
    return (
        f"`{one['name']}`",
        one["in"],
        f"`{shown}`".replace("|", "\\|") if shown else "",
        escaped(one["description"]),
    )
