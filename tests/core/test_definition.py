"""What is shown of a webhook's resource: as it was written, what holds beside it, and a manifest that says the same."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from core.builders import assembled, config_map, secret, webhook
from hookwright.cli.yaml_reader import documents
from hookwright.core.definition import definition, manifest

SECRET = "a-very-secret-value"


def shown(*others: Any, **spec: Any) -> Any:
    """The definition of one webhook."""
    assembly = assembled(webhook(**spec), *others)
    return definition(assembly.webhooks["default/w"].config)


def test_the_spec_is_that_of_the_manifest() -> None:
    """Nothing is added, nothing is left out, not even what says its default."""
    spec = {
        "displayName": "Jira issue",
        "method": "POST",
        "url": "https://a.example/x",
        "triggers": ["RequestCreated"],
        "filters": {"integrations": ["prod-*"]},
        "headers": [{"name": "X-A", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}}],
        "retry": {"schedule": ["1m"]},
    }
    found = shown(secret(k=SECRET), **spec)
    assert found.spec == spec
    assert SECRET not in found.model_dump_json()
    (document,) = documents(found.yaml)
    assert document.value == {
        "apiVersion": "hookwright.io/v1alpha1",
        "kind": "Webhook",
        "metadata": {"name": "w", "namespace": "default"},
        "spec": spec,
    }


def test_defaults_are_those_of_fields_that_are_left_out() -> None:
    """With the paths of the spec; the age follows from the schedule that holds."""
    found = shown(timeout="3s", retry={"schedule": ["1h"]})
    assert found.defaults == {
        "active": True,
        "method": "POST",
        "contentType": "application/json",
        "maxInFlight": 16,
        "retry.retryAfterMax": "1h",
        "retry.maxAge": "25h",
    }
    assert shown().defaults["retry.maxAge"] == "51h35m5s"


def test_a_template_of_a_config_map_is_shown_with_its_text() -> None:
    """And with the ConfigMap's name and key."""
    ref = {"configMapKeyRef": {"name": "c", "key": "body"}}
    found = shown(config_map(body='{"a": 1}'), bodyTemplateFrom=ref)
    assert (found.body_template, found.body_template_from) == ('{"a": 1}', "c/body")


def test_a_spec_that_breaks_a_rule_is_told_with_the_rule() -> None:
    """There is nothing else to show."""
    found = shown(url="http://a.example/")
    assert (found.spec, found.yaml) == (None, None)
    assert "https://" in found.problem


TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")) | st.sampled_from("\n\t ")) | (
    st.sampled_from(
        [
            "y",
            "n",
            "Y",
            "on",
            "0o17",
            "0x1F",
            "1e3",
            "1_000",
            "~",
            "null",
            "15s",
            ".5",
            "- a",
            "a: b",
            "#",
            "a\x85b\nc",
        ]
    )
)


@given(
    st.dictionaries(
        st.text("abcdefyn", min_size=1), TEXTS | st.lists(TEXTS) | st.integers(0, 9) | st.booleans()
    )
)
def test_a_manifest_is_read_as_what_was_written(spec: dict[str, Any]) -> None:
    """Whatever the texts look like, to kubectl's reader they are texts."""
    (document,) = documents(manifest({"spec": spec}))
    assert document.value == {"spec": spec}
