"""The template workbench and the definition of a webhook, in a real browser at the real product."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from playwright.sync_api import Page, expect

from browser import LOOKS, NewTab, Tab
from hookwright.core.samples import sample
from product.conftest import Product
from rig import until

pytestmark = pytest.mark.needs_browser

TEMPLATE = r"""{
  "fields": {
    "project": {"key": "OPS"},
    "summary": "Access: {{ data.friendly_id }} for {{ data.requester.name }}",
    "description": "{{ data.justification }}\n\nFlow: {{ data.access_flow.name | default("none", true) }}",
    "groups": [
      {% for group in data.access_groups %}
      {"name": "{{ group.integration.name | lower }}"}{% if not loop.last %},{% endif %}
      {% endfor %}
    ]
  }
}"""
SPEC = {
    "displayName": "Jira issue",
    "url": "https://target.test/rest/api/2/issue",
    "triggers": ["RequestFailed", "RequestCreated"],
    "headers": [{"name": "X-Team", "valueFrom": {"secretKeyRef": {"name": "jira", "key": "team"}}}],
    "bodyTemplate": TEMPLATE,
}
SECRET = "correct-horse-battery-staple"


@pytest.fixture
def jira(product: Product) -> Product:
    """The product with one webhook that has a template and a Secret."""
    metadata = {"name": "jira", "namespace": "default"}
    labels = {"hookwright.io/webhook-secret": "true"}
    objects = [
        {"apiVersion": "hookwright.io/v1alpha1", "kind": "Webhook", "metadata": metadata, "spec": SPEC},
        {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {**metadata, "labels": labels},
            "stringData": {"team": SECRET},
        },
    ]
    product.write("jira", yaml.safe_dump_all(objects))
    product.start()
    product.loaded("default/jira")
    return product


def opened(product: Product, here: Tab, path: str = "workbench") -> Page:
    """The workbench, with its first answer."""
    page = here.open(f"{product.admin}/webhooks/default/jira/{path}")
    if path.startswith("workbench"):
        expect(page.get_by_text("Renders:")).to_be_visible()
    return page


def typed(page: Page, text: str) -> None:
    """Write another template."""
    page.get_by_role("textbox", name="Body template").click()
    page.keyboard.press("ControlOrMeta+a")
    page.keyboard.insert_text(text)


def body(page: Page) -> Any:
    """The rendered body."""
    return page.get_by_role("region", name="Rendered body").inner_text()


def hookwright(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """A command of the product."""
    return subprocess.run([sys.executable, "-m", "hookwright", *arguments], capture_output=True, text=True)


@pytest.mark.parametrize(("width", "scheme"), LOOKS)
def test_workbench_and_definition_are_accessible_and_fit(
    jira: Product, tab: NewTab, width: int, scheme: str
) -> None:
    """As they are first seen, with a problem, with the dialog, and the definition."""
    here = tab(width=width, scheme=scheme)
    page = opened(jira, here)
    here.shoot("workbench")
    checked(here)
    typed(page, TEMPLATE.replace("requester.name", "requester.nam"))
    expect(page.get_by_text("Problem", exact=True)).to_be_visible()
    page.get_by_role("button", name="YAML to paste").scroll_into_view_if_needed()
    here.shoot("workbench-problem")
    checked(here)
    page.get_by_role("button", name="YAML to paste").click()
    here.shoot("workbench-yaml")
    checked(here)
    page.keyboard.press("Escape")
    page.get_by_role("link", name="Definition").click()
    expect(page.get_by_role("heading", name="Defaults in force")).to_be_visible()
    here.shoot("definition")
    checked(here)


def checked(here: Tab) -> None:
    """Nothing serious, nothing that scrolls sideways."""
    here.assert_accessible()
    here.assert_fits()


def test_what_would_be_sent_is_what_render_prints(jira: Product, tab: NewTab) -> None:
    """The body to the byte, method, URL and headers with the Secret's name; what does not match is told with reasons."""
    page = opened(jira, tab())
    rendered = json.loads(hookwright("render", jira.manifests, "-o", "json").stdout)
    assert body(page) == rendered["request"]["body"]
    sent = page.get_by_role("region", name="What would be sent")
    expect(sent).to_contain_text(f"POST {rendered['request']['url']}")
    sent.get_by_text("headers").click()
    expect(sent).to_contain_text("‹secret jira/team›")
    assert SECRET not in page.content()
    expect(sent.get_by_text("Matches", exact=True)).to_be_visible()
    page.get_by_label("Sample").select_option("RequestRejected")
    expect(sent.get_by_text("Does not match")).to_be_visible()
    expect(sent).to_contain_text("triggers: RequestRejected is not in [RequestFailed, RequestCreated]")
    assert "trigger=RequestRejected" in page.url


def test_a_misspelt_field_is_told_in_the_words_of_validate(
    jira: Product, tab: NewTab, tmp_path: Path
) -> None:
    """Underlined at its place; the last request stays and says so; undoing brings everything back."""
    page = opened(jira, tab())
    wrong = TEMPLATE.replace("requester.name", "requester.nam")
    spec = {**SPEC, "bodyTemplate": wrong}
    manifest = {
        "apiVersion": "hookwright.io/v1alpha1",
        "kind": "Webhook",
        "metadata": {"name": "jira"},
        "spec": spec,
    }
    changed = tmp_path / "changed.yaml"
    changed.write_text(yaml.safe_dump(manifest))
    said = json.loads(hookwright("validate", changed, "-o", "json").stdout)["items"]
    (sentence,) = [each["message"] for each in said if each["severity"] == "error"]
    before = body(page)
    typed(page, wrong)
    expect(page.get_by_text(sentence)).to_be_visible(timeout=1000)
    expect(page.locator(".problem.error")).to_have_text("{{ data.requester.nam }}")
    expect(page.get_by_text("As it was before the problem:")).to_be_visible()
    assert body(page) == before
    page.get_by_role("button", name="Undo all").click()
    expect(page.get_by_text("Renders:")).to_be_visible()


def test_a_field_goes_to_the_cursor(jira: Product, tab: NewTab) -> None:
    """With its braces; a list as a loop that renders; what is looked for stays alone."""
    page = opened(jira, tab())
    typed(page, '{"who": ""}')
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowLeft")
    page.get_by_role("button", name="Insert data.requester.email").click()
    editor = page.get_by_role("textbox", name="Body template")
    expect(editor).to_have_text('{"who": "{{ data.requester.email }}"}')
    expect(page.get_by_role("region", name="Rendered body")).to_have_text('{"who": "user@example.com"}')
    page.get_by_label("Find a field").fill("access_groups")
    expect(page.get_by_role("button", name="Insert data.requester.email")).to_have_count(0)
    typed(page, "[]")
    page.keyboard.press("ArrowLeft")
    page.get_by_role("button", name="Insert a loop over data.access_groups", exact=True).click()
    expect(page.get_by_text("Renders:")).to_be_visible()
    expect(page.get_by_role("region", name="Rendered body")).to_contain_text('"prod db"')


def test_paths_are_completed_after_braces(jira: Product, tab: NewTab) -> None:
    """The fields below what was typed, taken with Enter."""
    page = opened(jira, tab())
    typed(page, '{"a": {{ data.requester.}}}')
    for _ in range(3):
        page.keyboard.press("ArrowLeft")
    page.keyboard.type("em")
    expect(page.get_by_role("option", name="email")).to_be_visible()
    page.keyboard.press("Enter")
    expect(page.get_by_role("region", name="Rendered body")).to_have_text('{"a": "user@example.com"}')


def test_what_is_typed_quickly_stays_as_it_was_typed(jira: Product, tab: NewTab) -> None:
    """However many answers come meanwhile."""
    page = opened(jira, tab())
    typed(page, '{"text": ""}')
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowLeft")
    words = "one word after the other, much quicker than answers come " * 3
    page.keyboard.type(words)
    expect(page.get_by_role("textbox", name="Body template")).to_have_text(f'{{"text": "{words}"}}')
    expect(page.get_by_role("region", name="Rendered body")).to_have_text(f'{{"text": "{words}"}}')


def test_a_warning_brings_a_button_that_mends_it(jira: Product, tab: NewTab) -> None:
    """What an event may lack is written so that it renders without; then there is no warning."""
    page = opened(jira, tab())
    expect(page.locator(".problem.warning")).to_have_text("{{ data.justification }}")
    page.get_by_role("button", name="Write it so").click()
    expect(page.get_by_text("Warning", exact=True)).to_have_count(0)
    expect(page.get_by_role("textbox", name="Body template")).to_contain_text(
        '{{ data.justification | default("", true) }}'
    )


def test_the_yaml_to_paste_is_a_whole_manifest_that_validates(
    jira: Product, tab: NewTab, tmp_path: Path
) -> None:
    """With the template as it is in the editor; nothing has changed in the product."""
    page = opened(jira, tab())
    changed = TEMPLATE.replace("OPS", "SEC")
    typed(page, changed)
    expect(page.get_by_role("region", name="Rendered body")).to_contain_text("SEC")
    page.get_by_role("button", name="YAML to paste").click()
    dialog = page.get_by_role("dialog", name="YAML to paste into Git")
    text = dialog.get_by_role("group", name="YAML").inner_text()
    document = yaml.safe_load(text)
    assert document["spec"] == {**SPEC, "bodyTemplate": changed}
    pasted = tmp_path / "pasted.yaml"
    pasted.write_text(text)
    assert hookwright("validate", pasted).returncode == 0
    dialog.get_by_role("button", name="Copy YAML").click()
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    expect(page.get_by_role("button", name="YAML to paste")).to_be_focused()
    view = jira.http.get(f"{jira.admin}/admin/v1/webhooks/default/jira/definition").json()
    assert view["bodyTemplate"] == TEMPLATE


def test_an_event_full_of_markup_is_text_in_a_valid_body(jira: Product, tab: NewTab) -> None:
    """Quotes, line breaks, elements and right-to-left marks; nothing of it lives or breaks the page."""
    event = sample("RequestCreated")
    evil = 'a "quoted"\nline <img src=x onerror=alert(1)>"><script>alert(1)</script> \u202e ' + "n" * 10_000
    event["data"]["justification"] = evil
    event["data"]["<b>bold</b>"] = {"<i>": 1}
    here = tab(width=360)
    page = here.open(f"{jira.admin}/webhooks/default/jira/workbench?trigger=RequestCreated")
    expect(page.get_by_text("Renders:")).to_be_visible()
    page.get_by_role("textbox", name="Event", exact=True).fill(json.dumps(event))
    expect(page.get_by_role("region", name="Rendered body")).to_contain_text("onerror")
    assert json.loads(body(page))["fields"]["description"].startswith(evil[:200])
    assert (
        page.locator("img[src=x]").count()
        == page.locator("main script").count()
        == page.locator("main b:text('bold')").count()
        == 0
    )
    here.assert_fits()


def test_an_event_that_is_no_json_says_so(jira: Product, tab: NewTab) -> None:
    """The last one that was is tried on, and the YAML is that of the template as it is."""
    page = opened(jira, tab())
    page.get_by_role("textbox", name="Event", exact=True).fill("{")
    expect(page.get_by_text("This is not JSON")).to_be_visible()
    typed(page, '{"now": "{{ data.id }}"}')
    expect(page.get_by_role("region", name="Rendered body")).to_have_text('{"now": "request-1"}')
    page.get_by_role("button", name="YAML to paste").click()
    expect(page.get_by_role("group", name="YAML")).to_contain_text('bodyTemplate: \'{"now"')


def test_an_editor_of_another_version_says_how_to_come_by_it(jira: Product, tab: NewTab) -> None:
    """Its file is not there any more when the dispatcher was upgraded meanwhile; nothing is thrown."""
    here = tab()
    here.page.route(
        "**/assets/*editor*.js", lambda route: route.continue_(url=f"{jira.admin}/assets/older.js")
    )
    page = here.open(f"{jira.admin}/webhooks/default/jira/workbench")
    expect(page.get_by_role("alert")).to_contain_text("perhaps another version runs now")
    assert ["404" in said for said in here.console] == [True]
    here.console.clear()


def test_a_trigger_without_a_sample_is_tried_with_another(jira: Product, tab: NewTab) -> None:
    """The way here from an invocation names a CloudEvents type; the webhook's own first sample stands in for it."""
    page = opened(jira, tab(), "workbench?trigger=dev.example.deployed.v1")
    expect(page.get_by_label("Sample")).to_have_value("RequestFailed")
    expect(page.get_by_role("textbox", name="Event", exact=True)).to_have_value(
        re.compile("AccessRequestFailed")
    )


def test_the_recorded_event_of_a_delivery_can_be_tried(jira: Product, tab: NewTab) -> None:
    """While it is kept; the address names it, and another choice takes it out of the address."""
    spec = "  url: https://target.test/-/status/404\n  triggers: [RequestCreated]\n"
    jira.webhook("refused", spec)
    jira.loaded("default/refused")
    event = sample("RequestCreated")
    event["data"]["friendly_id"] = "AR-777"
    delivery = jira.accepted(event)[-1]
    until(lambda: jira.dead_letters(webhook="default/refused"))
    page = tab().open(f"{jira.admin}/webhooks/default/refused/workbench?delivery={delivery}")
    expect(page.get_by_role("region", name="Rendered body")).to_contain_text("AR-777")
    expect(page.get_by_label("Recorded")).to_have_value(delivery)
    page.get_by_label("Recorded").select_option("RequestCreated")
    expect(page.get_by_role("region", name="Rendered body")).to_contain_text("AR-123")
    assert "delivery=" not in page.url
