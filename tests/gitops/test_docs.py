"""docs/gitops.md: what is shown there can be applied, and says what is so."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from gitops.states import STATES
from hookwright.api.v1alpha1.manifest import problems
from hookwright.core.objects import API_VERSION, SECRET
from hookwright.core.references import ALLOWED_HOSTS, LABELS

DOCS = Path(__file__).parents[2] / "docs"
TEXT = (DOCS / "gitops.md").read_text()
SHOWN = [
    yaml.safe_load(block) for block in re.findall(r"^```yaml\n(.*?)^```", TEXT, re.MULTILINE | re.DOTALL)
]


@pytest.mark.parametrize("shown", SHOWN, ids=lambda shown: shown["kind"])
def test_what_is_shown_is_a_whole_manifest(shown: dict[str, Any]) -> None:
    """It has kind and name, and ours obey the CRD."""
    assert {"apiVersion", "kind", "metadata", "spec"} <= set(shown)
    if shown["apiVersion"] == API_VERSION:
        assert problems(shown["kind"], shown) == []


@pytest.mark.parametrize("kind", ["ExternalSecret", "SealedSecret", "Certificate"])
def test_makers_of_secrets_set_our_label_and_annotation(kind: str) -> None:
    """As the controller looks for them."""
    (shown,) = (each for each in SHOWN if each["kind"] == kind)
    spec = shown["spec"]
    made = {
        "ExternalSecret": lambda: spec["target"]["template"]["metadata"],
        "SealedSecret": lambda: spec["template"]["metadata"],
        "Certificate": lambda: spec["secretTemplate"],
    }[kind]()
    assert made["labels"] == {LABELS[SECRET]: "true"}
    assert set(made["annotations"]) == {ALLOWED_HOSTS}


def test_every_file_that_is_named_exists() -> None:
    """No link leads nowhere, and every sample policy is linked."""
    linked = re.findall(r"\]\((?!http)([^)#]+)\)", TEXT)
    assert [each for each in linked if not (DOCS / each).exists()] == []
    assert {f"policies/{file.name}" for file in (DOCS / "policies").glob("*.yaml")} <= set(linked)


def test_the_table_of_states_is_that_of_the_tests() -> None:
    """Every pair of healths that the controller's statuses lead to stands in the table, and no other."""
    rows = [row.split("|")[3:5] for row in TEXT.splitlines() if re.match(r"\| .* \| (Prog|Heal|Degr)", row)]
    said = {(argo.strip().split(",")[0].split(";")[0], kstatus.strip()) for argo, kstatus in rows}
    written_by_controller = {
        (each.argo, each.kstatus)
        for each in STATES
        if "status" in each.object
        and not any(
            condition["reason"] == "ByHand" for condition in each.object["status"].get("conditions", [])
        )
        and ("conditions" in each.object["status"] or each.object["status"]["observedGeneration"] == -1)
    }
    assert said == {pair for pair in written_by_controller if pair != ("Progressing", "Current")}
