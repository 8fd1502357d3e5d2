"""The sample policies as far as they can be judged without an API server: shape, names, and what they speak of.

What they refuse stands in `gitops.policies`, for tests with a cluster.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from gitops.policies import CASES, FOLDER, manifests
from hookwright.api.v1alpha1.manifest import problems
from hookwright.core.objects import WEBHOOK
from hookwright.core.references import ALLOWED_HOSTS, LABELS

FILES = sorted(FOLDER.glob("*.yaml"))


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_file_is_a_policy_and_its_binding(file: Path) -> None:
    """Two objects of one name; the binding refuses what the policy refuses; nothing passes if it cannot be judged."""
    policy, binding = yaml.safe_load_all(file.read_text())
    assert [policy["kind"], binding["kind"]] == [
        "ValidatingAdmissionPolicy",
        "ValidatingAdmissionPolicyBinding",
    ]
    assert {each["apiVersion"] for each in (policy, binding)} == {"admissionregistration.k8s.io/v1"}
    assert policy["metadata"]["name"] == binding["metadata"]["name"] == binding["spec"]["policyName"]
    assert policy["metadata"]["name"] == f"hookwright-{file.stem}"
    assert (policy["spec"]["failurePolicy"], binding["spec"]["validationActions"]) == ("Fail", ["Deny"])


@pytest.mark.parametrize("policy", [each for each in manifests() if "validations" in each["spec"]],
                         ids=lambda policy: policy["metadata"]["name"])  # fmt: skip
def test_expressions_are_whole(policy: dict[str, Any]) -> None:
    """Brackets are closed, variables are declared before they are used, every refusal has one message."""
    declared: list[str] = []
    for variable in policy["spec"]["variables"]:
        _assert_whole(variable["expression"], declared)
        declared.append(variable["name"])
    for rule in policy["spec"]["validations"]:
        _assert_whole(rule["expression"], declared)
        _assert_whole(rule.get("messageExpression", ""), declared)
        assert ("message" in rule) != ("messageExpression" in rule)


def _assert_whole(expression: str, declared: list[str]) -> None:
    for opening, closing in ("()", "[]", "{}"):
        assert expression.count(opening) == expression.count(closing)
    used = {part.split(".")[0].split(" ")[0].rstrip(")") for part in expression.split("variables.")[1:]}
    assert used <= set(declared)


def test_every_policy_is_tested_both_ways() -> None:
    """For each there are objects that pass and objects that do not."""
    for policy in {each["metadata"]["name"] for each in manifests()}:
        assert {case.refused is None for case in CASES if case.policy == policy} == {True, False}


def test_the_cases_are_objects_that_only_a_policy_refuses() -> None:
    """Every webhook among them obeys the CRD."""
    for case in CASES:
        if case.object["kind"] == "Webhook":
            assert problems(WEBHOOK, case.object) == []


def test_secrets_are_known_by_our_label_and_annotation() -> None:
    """The policy on Secrets speaks of those that the controller takes."""
    text = (FOLDER / "bound-secrets.yaml").read_text()
    assert f'matchLabels: {{{LABELS["Secret"]}: "true"}}' in text
    assert f"'{ALLOWED_HOSTS}' in object.metadata.annotations" in text
