"""One webhook and its invocations: list, detail, attempts compared, the request as curl, and the test dialog."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from browser import LOOKS, NewTab
from product.conftest import Product, granted
from rig import until

pytestmark = pytest.mark.needs_browser

SECRET = "s3cret-Zq81vbn7xw"
FAILS = """  url: https://target.test/-/status/503
  displayName: On call pager
  triggers: [RequestGranted, Manual]
  auth: {bearer: {tokenSecretRef: {name: pager, key: api.token}}}
  headers: [{name: x-note, value: "it's {{ data.friendly_id }} $HOME"}]
  retry: {schedule: [1s, 1s, 1h]}
"""
WORKS = "  url: https://target.test/works\n  triggers: [RequestGranted, Manual]\n"


def secret(product: Product) -> None:
    """The Secret that FAILS refers to."""
    product.write(
        "secret",
        "apiVersion: v1\nkind: Secret\nmetadata:\n  name: pager\n  namespace: default\n"
        '  labels: {hookwright.io/webhook-secret: "true"}\nstringData:\n'
        f'  api.token: "{SECRET}"\n',
    )


def tried(product: Product, times: int = 3) -> str:
    """A delivery of FAILS that was tried so often; its id."""
    secret(product)
    product.webhook("pager", FAILS)
    product.start(HISTORY_BODIES="all")
    (identifier,) = product.accepted(granted(friendly_id="AR-1089", note="a 'quoted' $note\nof two lines"))
    product.arrived(identifier, times)
    product.invocation(f"{identifier}.{times}")
    return identifier


def details(page: Page) -> Any:
    """The region of the invocation that is open."""
    return page.get_by_role("region", name="Invocation", exact=True)


@pytest.mark.parametrize(("width", "scheme"), LOOKS)
def test_each_view_is_accessible_and_fits(product: Product, tab: NewTab, width: int, scheme: str) -> None:
    """One webhook, one of its invocations compared, all invocations, the test dialog."""
    identifier = tried(product)
    here = tab(width=width, scheme=scheme)
    for path in (
        "/webhooks/default/pager",
        f"/webhooks/default/pager/invocations/{identifier}.3",
        "/invocations",
    ):
        page = here.open(product.admin + path)
        expect(page.get_by_role("region", name=re.compile("^Invocations?$")).first).to_contain_text("AR-1089")
        if path.endswith(".3"):
            details(page).get_by_role("button", name="Compare with attempt 2").click()
            expect(page.get_by_role("region", name="Difference")).to_be_visible()
        here.assert_accessible()
        here.assert_fits()
        here.shoot("invocations" + path.replace("/", "-").replace(identifier, "id"))
    page = here.open(f"{product.admin}/webhooks/default/pager")
    page.get_by_role("button", name="Send test").click()
    dialog = page.get_by_role("dialog", name="Test default/pager")
    dialog.get_by_role("button", name="Send test").click()
    expect(dialog.get_by_role("status")).to_contain_text("Test failed")
    here.assert_accessible()
    here.assert_fits()
    here.shoot("invocations-test")


def test_an_invocation_opens_beside_the_list(product: Product, tab: NewTab) -> None:
    """The newest first; sentence, tip, timings, request and response, and no secret anywhere."""
    tried(product)
    page = tab().open(f"{product.admin}/webhooks/default/pager")
    expect(page.get_by_role("heading", level=1)).to_have_text("On call pager")
    listed = page.get_by_role("region", name="Invocations").get_by_role("listitem")
    expect(listed).to_have_count(3)
    expect(listed.first).to_contain_text("attempt 3")
    expect(listed.first.get_by_role("link")).to_have_accessible_name(
        re.compile("AR-1089 (now|[0-9]+ s ago) attempt 3")
    )
    listed.first.get_by_role("link").press("Enter")
    opened = details(page)
    expect(opened.get_by_role("heading", level=2)).to_be_focused()
    expect(opened).to_contain_text("The target answered 503")
    expect(opened).to_contain_text("Tip")
    expect(opened.get_by_role("figure", name=re.compile(r"^Timings: .*in all "))).to_be_visible()
    request = opened.get_by_role("region", name="Request")
    expect(request).to_contain_text("Bearer ‹secret pager/api.token›")
    expect(request).to_contain_text("a 'quoted' $note")
    expect(opened.get_by_role("region", name="Response")).to_contain_text("HTTP 503")
    expect(opened).to_contain_text("next attempt in ")
    assert "Zq81" not in page.content()
    opened.get_by_role("button", name="Copy id").click()
    assert page.evaluate("navigator.clipboard.readText()").startswith("dlv_")


def test_each_view_of_a_webhook_names_the_tab_of_the_browser(product: Product, tab: NewTab) -> None:
    """As many are open beside each other; Back names the one before."""
    tried(product)
    page = tab().open(f"{product.admin}/webhooks/default/pager")
    expect(page).to_have_title("On call pager · Hookwright")
    page.get_by_role("link", name="Template workbench").click()
    expect(page).to_have_title("Template workbench · On call pager · Hookwright")
    page.get_by_role("link", name="Definition").click()
    expect(page).to_have_title("Definition · On call pager · Hookwright")
    page.go_back()
    page.go_back()
    expect(page).to_have_title("On call pager · Hookwright")
    page.get_by_role("region", name="Invocations").get_by_role("listitem").first.get_by_role("link").click()
    expect(page).to_have_title(re.compile(r"^Invocation dlv_\w+\.3 · On call pager · Hookwright$"))


def test_attempts_are_a_chain_and_compared(product: Product, tab: NewTab) -> None:
    """A link each; what two of them sent and got differs line by line."""
    identifier = tried(product)
    page = tab().open(f"{product.admin}/invocations/{identifier}.2")
    attempts = details(page).get_by_role("navigation", name="Attempts").get_by_role("link")
    expect(attempts).to_have_count(3)
    expect(attempts.nth(1)).to_have_attribute("aria-current", "true")
    details(page).get_by_role("button", name="Compare with attempt 1").click()
    difference = details(page).get_by_role("region", name="Difference")
    expect(difference.get_by_role("deletion").filter(has_text="webhook-attempt: 1")).to_be_visible()
    expect(difference.get_by_role("insertion").filter(has_text="webhook-attempt: 2")).to_be_visible()
    attempts.nth(0).click()
    expect(page).to_have_url(re.compile(r"\.1$"))
    expect(details(page).get_by_role("button", name="Compare with attempt 2")).to_be_visible()


def test_a_copied_command_sends_the_same_again(product: Product, tab: NewTab, tmp_path: Path) -> None:
    """Run by a shell with the variable that it names: method, path, headers and body arrive as they did; no secret in it."""
    identifier = tried(product)
    page = tab().open(f"{product.admin}/invocations/{identifier}.1")
    details(page).get_by_role("button", name="Copy as curl").click()
    expect(page.get_by_text("Copied.", exact=True)).to_be_attached()
    command = page.evaluate("navigator.clipboard.readText()")
    assert "Zq81" not in command
    assert set(re.findall(r"\$\{(\w+)", command)) == {"PAGER_API_TOKEN"}
    (tmp_path / ".curlrc").write_text(
        f"connect-to = {product.connect_to[0]}\ncacert = {product.ca_file}\nsilent\n"
    )
    env = {"PATH": os.environ["PATH"], "CURL_HOME": str(tmp_path)}
    unset = subprocess.run(["sh", "-c", command], env=env, capture_output=True, text=True)
    assert "PAGER_API_TOKEN: is key api.token of Secret pager" in unset.stderr
    before = product.received(identifier)
    subprocess.run(["sh", "-c", command], env=env | {"PAGER_API_TOKEN": SECRET}, check=True)
    again = until(lambda: len(found := product.received(identifier)) > len(before) and found[-1])
    assert again == before[0]
    assert again["headers"]["authorization"] == f"Bearer {SECRET}"


def test_a_test_is_sent_once(product: Product, tab: NewTab) -> None:
    """The dialog tells what came of it; the target got one request that says it is a test."""
    product.webhook("works", WORKS)
    product.start()
    before = len(product.received(path="/works"))
    page = tab().open(f"{product.admin}/webhooks/default/works")
    page.get_by_role("button", name="Send test").click()
    dialog = page.get_by_role("dialog", name="Test default/works")
    dialog.get_by_role("combobox", name="Trigger").select_option("RequestGranted")
    dialog.get_by_role("button", name="Send test").click()
    expect(dialog.get_by_role("status")).to_contain_text("Test successful")
    expect(dialog.get_by_role("button", name="Send test")).to_be_focused()
    expect(dialog.get_by_role("region", name="Request")).to_contain_text("webhook-test")
    expect(dialog.get_by_role("region", name="Response")).to_contain_text("HTTP 200")
    expect(dialog.get_by_role("figure", name=re.compile("^Timings:"))).to_be_visible()
    got = product.received(path="/works")[before:]
    assert [each["headers"]["webhook-test"] for each in got] == ["true"]
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    expect(page.get_by_role("button", name="Send test")).to_be_focused()
    expect(page.get_by_role("region", name="Invocations").get_by_role("listitem")).to_contain_text(
        "Test successful"
    )


def test_what_happens_is_seen_until_somebody_pauses(product: Product, tab: NewTab) -> None:
    """A delivery made now is in the list by itself; one made after a pause is not, and comes when it ends."""
    product.webhook("works", WORKS)
    product.start()
    page = tab().open(f"{product.admin}/webhooks/default/works")
    listed = page.get_by_role("region", name="Invocations").get_by_role("listitem")
    expect(page.get_by_text("Nothing was sent yet")).to_be_visible()
    expect(page.get_by_role("region", name="Invocations").get_by_role("list")).to_have_count(0)
    product.arrived(product.accepted(granted())[0])
    expect(listed).to_have_count(1)
    page.get_by_role("button", name="Live updates are on. Pause").click()
    with page.expect_response(lambda answer: "/summary" in answer.url):  # the page would have asked by then
        page.get_by_role("link", name="Webhooks").first.focus()
        product.invocation(product.accepted(granted())[0])
        page.get_by_role("button", name="Live updates are paused. Resume").click()
    expect(listed).to_have_count(2)


def test_invocations_are_found_by_request_and_by_id(product: Product, tab: NewTab) -> None:
    """The search narrows and stands in the address; an id leads to its invocation; filters say so when nothing fits."""
    identifier = tried(product)
    page = tab().open(f"{product.admin}/invocations")
    listed = page.get_by_role("region", name="Invocations").get_by_role("listitem")
    search = page.get_by_role("searchbox", name="Search invocations")
    page.keyboard.press("/")
    expect(search).to_be_focused()
    search.fill("AR-7")
    expect(page.get_by_text("No invocation fits")).to_be_visible()
    search.fill("AR-1089")
    expect(listed).to_have_count(3)
    page.reload()
    expect(search).to_have_value("AR-1089")
    page.get_by_role("combobox", name="Result").select_option("Delivered")
    page.get_by_role("button", name="Show all").click()
    expect(listed).to_have_count(3)
    search.fill(identifier)
    expect(page).to_have_url(f"{product.admin}/invocations/{identifier}")
    expect(details(page)).to_contain_text("AR-1089")


def test_a_dead_letter_can_be_replayed_where_it_is_shown(product: Product, tab: NewTab) -> None:
    """Once; it is tried again at once, and the chain has another link."""
    product.webhook("dies", "  url: https://target.test/-/status/404\n  triggers: [RequestGranted]\n")
    product.start()
    (identifier,) = product.accepted(granted())
    until(lambda: product.dead_letters())
    page = tab().open(f"{product.admin}/webhooks/default/dies/invocations/{identifier}.1")
    expect(details(page)).to_contain_text("Dead letter")
    details(page).get_by_text("Event as it was accepted").click()
    expect(details(page).get_by_role("group", name="Event")).to_contain_text("AccessRequestGranted")
    details(page).get_by_role("button", name="Replay").click()
    product.arrived(identifier, 2)
    expect(details(page).get_by_role("navigation", name="Attempts").get_by_role("link")).to_have_count(2)
    assert page.evaluate(
        "document.activeElement !== document.body"
    )  # whoever pressed the key goes on from there


def test_a_webhook_whose_circuit_is_open_can_be_tried_now(product: Product, tab: NewTab) -> None:
    """The sentence holds the command to paste; the button does the same."""
    product.webhook("down", "  url: https://target.test/-/status/503\n  triggers: [RequestGranted]\n")
    product.start()
    product.accepted([granted()] * 10)
    until(lambda: product.view("default/down")["circuit"] == "Open")
    page = tab().open(f"{product.admin}/webhooks/default/down")
    expect(page.get_by_text("The circuit is open after")).to_be_visible()
    page.get_by_role("button", name="Copy command").click()
    assert page.evaluate("navigator.clipboard.readText()") == "hookwright retry default/down"
    before = len(product.received(path="/-/status/503"))
    page.get_by_role("button", name="Try now").click()
    expect(page.get_by_text("It is tried now.")).to_be_attached()
    until(lambda: len(product.received(path="/-/status/503")) > before)


def test_a_body_that_is_not_kept_says_which_setting(product: Product, tab: NewTab) -> None:
    """Not an empty one."""
    product.webhook("works", WORKS)
    product.start(HISTORY_BODIES="none")
    (identifier,) = product.accepted(granted())
    product.invocation(identifier)
    page = tab().open(f"{product.admin}/invocations/{identifier}")
    expect(details(page).get_by_role("region", name="Request")).to_contain_text("history.bodies")
    expect(details(page).get_by_role("region", name="Response")).to_contain_text("history.bodies")


@pytest.mark.parametrize(("width", "scheme"), [(360, "light"), (1600, "light")])
def test_events_of_strangers_are_text(product: Product, tab: NewTab, width: int, scheme: str) -> None:
    """Markup, right-to-left marks and endless names: nothing of theirs exists or opens, and the layout holds."""
    markup = "<img/src=x/onerror=alert(1)>"
    hostile = [f'{markup}"><script>alert(2)</script>', "\u202etxet\u2066", "n" * 10_000]
    product.webhook("works", WORKS)
    product.start(HISTORY_BODIES="all")
    event = granted(friendly_id=markup, requester={"name": hostile[1]}, note=hostile[2], more=hostile)
    (identifier,) = product.accepted(event | {"event_type": "RequestGranted"})
    product.invocation(identifier)
    here = tab(width=width, scheme=scheme)
    for path in ("/webhooks/default/works", f"/invocations/{identifier}"):
        page = here.open(product.admin + path)
        expect(page.get_by_role("region", name=re.compile("^Invocations?$")).first).to_contain_text(
            "<img/src=x"
        )
        here.assert_fits()
        assert page.locator("img, main script").count() == 0
    expect(details(page)).to_contain_text(markup)
    here.assert_accessible()
