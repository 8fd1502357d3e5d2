"""The table of manifests, judged by the models; and that it leaves out no rule and no bound of the CRDs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
import re2
from pydantic import ValidationError

from api.cases import BAD, GOOD, ROWS
from api.cases.case import OURS, Bad, Good
from hookwright.api import rules
from hookwright.api.crd_schema import RULES
from hookwright.api.crd_yaml import crd
from hookwright.api.v1alpha1.manifest import KINDS, Problem, problems
from hookwright.outbound.sender import split_url


def name(row: Good | Bad) -> str:
    """The row's name."""
    return row.name


@pytest.mark.parametrize("row", GOOD, ids=name)
def test_good_manifest_is_accepted(row: Good) -> None:
    """A good manifest has no problem and becomes a model."""
    kind = row.manifest["kind"]
    assert problems(kind, row.manifest) == []
    assert KINDS[kind].model_validate(row.manifest).metadata.name == row.manifest["metadata"]["name"]


@pytest.mark.parametrize("row", BAD, ids=name)
def test_bad_manifest_has_its_one_problem(row: Bad) -> None:
    """A bad manifest is told its one mistake, at its field, in its sentence."""
    assert problems(row.manifest["kind"], row.manifest) == [Problem(row.field, row.sentence)]


@pytest.mark.parametrize("row", BAD, ids=name)
def test_model_refuses_bad_manifest(row: Bad) -> None:
    """The model itself refuses what `problems` complains of."""
    with pytest.raises(ValidationError):
        KINDS[row.manifest["kind"]].model_validate(row.manifest, by_alias=True, by_name=False)


def test_names_of_rows_are_unique() -> None:
    """A failing row can be found by its name."""
    names = [row.name for row in ROWS]
    assert sorted(set(names)) == sorted(names)


def spec(kind: str) -> dict[str, Any]:
    """The schema of the spec in the CRD."""
    root: dict[str, Any] = crd(kind)["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
    return root


def nodes(path: str, schema: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every node of a schema with its path; `[]` for items and members."""
    yield path, schema
    for member, below in schema.get("properties", {}).items():
        if f"{path}.{member}" != ".status":
            yield from nodes(f"{path}.{member}", below)
    for part in ("items", "additionalProperties"):
        if part in schema:
            yield from nodes(f"{path}[]", schema[part])


def judged() -> set[tuple[str, str, str]]:
    """Kind, path without indexes, and sentence of every bad row."""
    return {(row.manifest["kind"], re.sub(r"\[\d+\]|\.X-A$", "[]", row.field), row.sentence) for row in BAD}


@pytest.mark.parametrize("kind", KINDS)
def test_every_rule_has_a_bad_row(kind: str) -> None:
    """Each CEL rule of the CRD is broken by a row with its sentence at its path, and the row says so."""
    rules = {
        (kind, f"{path}{rule.get('fieldPath', '')}".lstrip("."), rule["message"])
        for path, schema in nodes("", spec(kind))
        for rule in schema.get(RULES, ())
    }
    # a missing key of one of the many references is one rule: shown once
    rules = {rule for rule in rules if rule[2] not in ("name must be set", "key must be set")}
    assert rules - judged() == set()


@pytest.mark.parametrize("kind", KINDS)
def test_every_bound_has_a_bad_row(kind: str) -> None:
    """Each bound of length and count in the CRD is passed by a row."""
    words = {
        "maxLength": "must have at most {} characters",
        "maxItems": "must have at most {} entries",
        "maxProperties": "must have at most {} entries",
        "minLength": "must not be empty",
        "minItems": "must have at least {} entry",
    }
    shown = {(path, sentence.split(" ", 1)[1]) for row_kind, path, sentence in judged() if row_kind == kind}
    bounds = {
        (path.lstrip("."), words[bound].format(schema[bound]))
        for path, schema in nodes("", spec(kind))
        for bound in words
        if bound in schema
    }
    # one filter shows the least count for all nine
    bounds = {
        (path, text)
        for path, text in bounds
        if "filters" not in path or "at least" not in text or path.endswith(".resources")
    }
    assert bounds - shown == set()


def test_server_words_are_kubernetes_own_only_where_no_rule_can_speak() -> None:
    """A row that the API server answers in our words has a rule with that sentence, and the others none."""
    sentences = {
        rule["message"]
        for kind in KINDS
        for _, schema in nodes("", spec(kind))
        for rule in schema.get(RULES, ())
    }
    for row in BAD:
        if row.server == OURS:
            assert row.sentence in sentences, row.name


def test_characters_are_judged_alike_by_the_api_server_and_here() -> None:
    """RE2 in the API server and `re` here: what one takes in a URL the other takes, and no URL that is taken fails later."""
    for text in (*map(chr, range(0x3001)), "\ufeff", "\N{GRINNING FACE}"):
        url = f"https://example.com/a{text}b"
        theirs = all(_re2_holds(rule.cel, url) for rule in rules.URL)
        assert theirs == (rules.url_problem(url) is None), ascii(text)
        if theirs:
            split_url(url)


def _re2_holds(cel: str, text: str) -> bool:
    """What a rule of one text says, its parts being `self.matches(…)`, negated or not, put together with `||`."""
    parts = re.findall(r"(!?)self\.matches\(r(['\"])(.*?)\2\)(?: \|\| |$)", cel)
    return any((re2.search(pattern, text) is None) == bool(negated) for negated, _, pattern in parts)
