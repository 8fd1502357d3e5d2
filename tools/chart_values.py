"""The chart's values as its two files say them, `values.yaml` with its comments and `values.schema.json`; its README.

Called by `tools/generate.py`. Must not: hold a word about a value that the chart does not say.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from hookwright import __version__
from markdown_cells import escaped

CHART = Path(__file__).resolve().parent.parent / "charts" / "hookwright"


class Value(NamedTuple):
    """A value: `backlog.total`, its type, its default as JSON, and what it means in one line."""

    path: str
    type: str
    default: str
    meaning: str


def values(chart: Path = CHART) -> list[Value]:
    """All that the schema knows by name, in the order of `values.yaml`. ValueError: one says nowhere what it means."""
    text = (chart / "values.yaml").read_text(encoding="utf-8")
    schema = resolved(json.loads((chart / "values.schema.json").read_text(encoding="utf-8")))
    root = yaml.compose(text)
    assert isinstance(root, yaml.MappingNode)
    return list(_below("", root, schema, yaml.safe_load(text), text.splitlines()))


def resolved(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema with what is referred to in the places of its references; what stands beside one goes before it."""

    def whole(node: Any) -> Any:
        if isinstance(node, list):
            return [whole(each) for each in node]
        if not isinstance(node, dict):
            return node
        named = schema["$defs"][node["$ref"].rpartition("/")[2]] if "$ref" in node else {}
        return {key: whole(each) for key, each in {**named, **node}.items() if key not in ("$ref", "$defs")}

    return dict(whole(schema))


def _below(
    path: str,
    node: yaml.MappingNode,
    schema: Mapping[str, Any],
    defaults: Mapping[str, Any],
    lines: list[str],
    shared: str = "",
) -> Iterator[Value]:
    """`shared`: the comment above the whole, which its first value is given. What the schema describes is one value."""
    for key, below in node.value:
        name = key.value
        said, field = _comment(lines, key.start_mark.line), schema["properties"].get(name, {})
        where, default = f"{path}{name}", defaults[name]
        if "properties" in field and "description" not in field:
            assert isinstance(below, yaml.MappingNode)
            yield from _below(f"{where}.", below, field, default, lines, said)
            continue
        meaning = said or shared or field.get("description")
        if not meaning:
            raise ValueError(f"{where}: neither a comment in values.yaml nor a description in the schema")
        shared = ""
        yield Value(where, _type(field), json.dumps(default, ensure_ascii=False), meaning)


def _comment(lines: list[str], line: int) -> str:
    """The comment right above a key, in one line; what divides the file into parts is none."""
    found: list[str] = []
    while (
        line > 0
        and (match := re.fullmatch(r"\s*# ?(.*)", lines[line - 1]))
        and not match[1].startswith("---")
    ):
        found.insert(0, match[1])
        line -= 1
    return " ".join(found) if line > 0 else ""


def _type(field: Mapping[str, Any]) -> str:
    if "enum" in field:
        return "one of " + ", ".join(str(each) or '""' for each in field["enum"])
    kind = field.get("type", "any")
    return " or ".join(kind) if isinstance(kind, list) else str(kind)


def chart_yaml(chart: Path = CHART) -> str:
    """Chart.yaml with the version of the package, which is written down nowhere else."""
    text = (chart / "Chart.yaml").read_text(encoding="utf-8")
    text = re.sub(r"^((?:appV|v)ersion: ).*$", rf"\g<1>{__version__}", text, flags=re.MULTILINE)
    return re.sub(r"(image: hookwright/hookwright:)\S+", rf"\g<1>{__version__}", text)


def readme(chart: Path = CHART) -> str:
    """The README of the chart."""
    about = yaml.safe_load((chart / "Chart.yaml").read_text(encoding="utf-8"))
    rows = "\n".join(
        f"| `{each.path}` | {each.type} | `{each.default}` | {escaped(each.meaning)} |"
        for each in values(chart)
    )
    return _README.format(
        description=about["description"],
        kubernetes=about["kubeVersion"].removeprefix(">=").removesuffix(".0-0"),
        rows=rows,
        version=__version__,
    )


_README = """# Hookwright

{description}.

A controller reads `Webhook` and `WebhookTest` resources; a dispatcher takes events on a Service and delivers them.
Kubernetes {kubernetes} or newer.

```
helm install hookwright oci://registry.example/team/charts/hookwright --version {version} --namespace hookwright \\
    --create-namespace --wait --set image.repository=registry.example/team/hookwright
```

From a checkout, `charts/hookwright` stands in the place of the OCI reference. Values to begin with for EKS, GKE, OpenShift
and kind, and for a database by CloudNativePG or a managed one, are in `examples/`.

## Values

A key that is not in this table is refused. Generated from `values.yaml` and `values.schema.json` by `make generate`: do
not edit.

| Value | Type | Default | Meaning |
| --- | --- | --- | --- |
{rows}
"""
