"""What docs/sources.md says of each source, done: its URL is posted to, and the example of that name delivers."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

import pytest
import yaml

from examples.conftest import EXAMPLES
from hookwright.core.samples import SAMPLE_TRIGGERS, sample
from product.conftest import Product

pytestmark = pytest.mark.xdist_group("examples")

PAGE = (EXAMPLES.parent / "docs" / "sources.md").read_text()
SECTIONS = dict(re.findall(r"^## (.+?)\n(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL))
SOURCES = {
    "Flux": "from-flux",
    "Argo CD": "from-argocd",
    "Alertmanager": "from-alertmanager",
    "Grafana": "from-grafana",
}
QUOTED = re.compile(r"[^ \"']+/v1/events\?type=[^ \"'\n]+")


def blocks(section: str, language: str) -> list[str]:
    """The fenced blocks of a language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", SECTIONS[section], re.MULTILINE | re.DOTALL)


def documents(example: str, file: str) -> list[dict[str, Any]]:
    """The YAML documents of a file of an example."""
    return list(yaml.safe_load_all((EXAMPLES / example / file).read_text()))


def test_every_source_has_its_example() -> None:
    """And the other way round, each linked from its part of the page."""
    folders = {path.name for path in EXAMPLES.glob("from-*")}
    assert folders == {*SOURCES.values(), "from-apono"}
    for section, example in {**SOURCES, "Apono": "from-apono"}.items():
        assert f"[{example}](../examples/{example})" in SECTIONS[section]
        readme = (EXAMPLES / example / "README.md").read_text()
        assert f"docs/sources.md#{section.lower().replace(' ', '-')})" in readme


@pytest.mark.parametrize(("section", "example"), SOURCES.items())
def test_what_a_source_posts_to_its_url_arrives(examples: Product, section: str, example: str) -> None:
    """The bodies of the example's tests, posted to the path of the page, make the requests that the tests expect."""
    manifests = [each for block in blocks(section, "yaml") for each in yaml.safe_load_all(block)]
    assert manifests
    (url,) = QUOTED.findall(json.dumps(manifests).replace("\\n", "\n"))
    path = url.removeprefix("http://hookwright-dispatcher.hookwright.svc:8080")
    for test in documents(example, "webhooktest.yaml"):
        posted = examples.post(test["spec"]["event"]["data"], path, content_type="text/plain")
        assert posted.status_code == 202, posted.text
        (listed,) = posted.json()["events"][0]["deliveries"]
        assert listed["webhook"] == f"default/{example}"
        body = json.loads(examples.arrived(listed["id"])["body"])
        assert body == test["spec"]["expect"]["request"]["body"]["json"]


def test_flux_events_that_are_no_errors_are_not_passed_on(examples: Product) -> None:
    """As the example's filter says."""
    (test,) = documents("from-flux", "webhooktest.yaml")
    data = {**test["spec"]["event"]["data"], "severity": "info"}
    assert examples.accepted(data, "/v1/events?type=io.fluxcd.event") == []


def handlebars(template: str, event: Mapping[str, Any]) -> str:
    """A template of plain paths as Handlebars fills it in: nothing for what is missing, nothing escaped."""

    def value(found: re.Match[str]) -> str:
        here: Any = event
        for step in re.findall(r"\[(\d+)\]|(\w+)", found[1]):
            index, name = step
            if index:
                here = here[int(index)] if isinstance(here, list) and int(index) < len(here) else None
            else:
                here = here.get(name) if isinstance(here, dict) else None
        return "" if here is None else str(here)

    return re.sub(r"\{\{(.+?)\}\}", value, template)


def as_text(value: Any) -> Any:
    """Numbers as the form can pass them on."""
    if isinstance(value, dict):
        return {key: as_text(each) for key, each in value.items()}
    if isinstance(value, list):
        return [as_text(each) for each in value]
    return str(value)


@pytest.mark.parametrize("trigger", [each for each in SAMPLE_TRIGGERS if each != "Manual"])
def test_the_template_for_aponos_form_passes_the_whole_event_on(examples: Product, trigger: str) -> None:
    """Every field of the sample, numbers as text, and the example delivers it."""
    (template,) = blocks("Apono", "handlebars")
    body = handlebars(template, sample(trigger))
    assert json.loads(body) == as_text(sample(trigger))
    answer = examples.post(body.encode())
    listed = {each["webhook"]: each["id"] for each in answer.json()["events"][0]["deliveries"]}
    sent = json.loads(examples.arrived(listed["default/from-apono"])["body"])
    assert sent["text"] == f"{trigger} AR-123: User"
    assert sent["integrations"] == ["prod db"]


def test_a_lean_event_of_apono_is_json_too(examples: Product) -> None:
    """A path without a value writes nothing, which must not break the body."""
    (template,) = blocks("Apono", "handlebars")
    lean = {
        "event_type": "AccessRequestCreated",
        "event_time": 1.5,
        "data": {"id": "r", "access_bundle": None},
    }
    body = handlebars(template, lean)
    assert json.loads(body)["data"]["access_bundle"] == {"id": "", "name": ""}
    answer = examples.post(body.encode())
    assert "default/from-apono" in [each["webhook"] for each in answer.json()["events"][0]["deliveries"]]
