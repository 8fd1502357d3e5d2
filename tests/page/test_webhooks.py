"""The table of webhooks at `/`: what it shows, finds, sorts and pages through, live and by keyboard alone."""

from __future__ import annotations

import json
import re

import pytest
from playwright.sync_api import FloatRect, Locator, Page, expect

from browser import LOOKS, NewTab
from product.conftest import HOST, Product, granted
from rig import until

pytestmark = pytest.mark.needs_browser

AWAY = "  auth: {bearer: {tokenSecretRef: {name: away, key: token}}}\n"
MANY = 10_000


def hook(
    product: Product, name: str, path: str = "/hook", more: str = "", namespace: str = "default"
) -> None:
    """Write a webhook on RequestGranted."""
    spec = f"  url: https://{HOST}{path}\n  triggers: [RequestGranted]\n{more}"
    product.webhook(name, spec, namespace=namespace)


@pytest.fixture
def running(product: Product) -> Product:
    """One webhook of each kind; the held one comes last by name, and a delivery has come of an event."""
    hook(product, "a-well", more="  displayName: All well\n")
    hook(product, "b-rejects", "/-/status/404")
    hook(product, "c-off", more="  active: false\n")
    hook(product, "d-idle", more="  displayName: Second team\n", namespace="teams")
    hook(product, "z-held", more=AWAY, namespace="teams")
    product.start()
    product.loaded("teams/z-held", "held")
    product.accepted(granted())
    until(lambda: product.view("default/b-rejects")["deadLettered"] == 1)
    return product


def table(page: Page) -> Locator:
    """The table, once it is there."""
    found = page.get_by_role("table", name="Webhooks")
    expect(found).to_be_visible()
    return found


def row(page: Page, key: str) -> Locator:
    """The row of a webhook."""
    return table(page).get_by_role("row").filter(has_text=key)


def names(page: Page) -> list[str]:
    """Addresses of the rows' links, in their order."""
    links = table(page).get_by_role("link").filter(has_not_text="dead").all()
    found = [link.get_attribute("href") or "" for link in links]
    return [each.removeprefix("/webhooks/") for each in found if each.startswith("/webhooks/")]


@pytest.mark.parametrize(("width", "scheme"), LOOKS)
def test_the_table_is_accessible_and_fits(running: Product, tab: NewTab, width: int, scheme: str) -> None:
    """A dot says active or inactive, words say the rest; cards on a phone are the same table."""
    here = tab(width=width, scheme=scheme)
    page = here.open(running.admin)
    expect(page.get_by_role("heading", level=1)).to_have_text("Webhooks")
    expect(row(page, "default/c-off").get_by_role("img", name="Inactive", exact=True)).to_be_visible()
    expect(row(page, "default/a-well").get_by_role("img", name="Active", exact=True)).to_be_visible()
    expect(row(page, "teams/z-held").get_by_role("img", name="Active", exact=True)).to_be_visible()
    expect(row(page, "teams/z-held")).to_contain_text("Held")
    expect(row(page, "default/a-well")).to_contain_text("Delivered")
    expect(row(page, "default/b-rejects")).to_contain_text("Rejected")
    here.assert_accessible()
    here.assert_fits()
    here.shoot("webhooks")


def test_the_last_hour_is_told_in_words(running: Product, tab: NewTab) -> None:
    """Whoever does not see the bars hears them."""
    page = tab().open(running.admin)
    expect(
        row(page, "default/a-well").get_by_role("img", name="Last hour: 1 delivered", exact=True)
    ).to_be_visible()
    expect(
        row(page, "default/b-rejects").get_by_role("img", name="Last hour: 0 delivered, 1 failed")
    ).to_be_visible()
    expect(row(page, "default/c-off").get_by_role("img", name="Last hour: nothing sent")).to_be_visible()


def test_a_row_is_told_in_whole_words(running: Product, tab: NewTab) -> None:
    """What the columns leave out to the eye is there to the ear: how long ago it was, of whom how many are dead."""
    page = tab().open(running.admin)
    rejects = row(page, "default/b-rejects")
    expect(rejects.get_by_role("cell", name=re.compile(r"^(now|[0-9]+ s ago)$"))).to_be_visible()
    dead = rejects.get_by_role("link", name="1 dead letter of default/b-rejects", exact=True)
    expect(dead).to_be_visible()
    page.get_by_role("link", name="b-rejects", exact=True).click()
    facts = page.get_by_role("region", name="Facts")
    expect(facts.get_by_role("link", name="1 dead letter", exact=True)).to_have_text("1")


def test_a_search_stands_in_the_address(running: Product, tab: NewTab) -> None:
    """The key / leads to it, typing narrows the rows, a reload keeps both."""
    page = tab().open(running.admin)
    expect(row(page, "default/a-well")).to_be_visible()
    page.keyboard.press("/")
    search = page.get_by_role("searchbox", name="Search webhooks")
    expect(search).to_be_focused()
    page.keyboard.type("SECOND team")
    expect(row(page, "default/a-well")).to_have_count(0)
    expect(row(page, "teams/d-idle")).to_be_visible()
    assert "q=SECOND+team" in page.url
    page.reload()
    expect(search).to_have_value("SECOND team")
    expect(row(page, "teams/d-idle")).to_be_visible()
    assert names(page) == ["teams/d-idle"]


@pytest.mark.parametrize("width", [1600, 360])
def test_chips_and_namespace_narrow_and_count(running: Product, tab: NewTab, width: int) -> None:
    """A chip says how many it would find; one that would find none is left out, unless it is chosen."""
    page = tab(width=width).open(f"{running.admin}/?state=held")
    held = page.get_by_role("button", name="Held 1")
    expect(held).to_have_attribute("aria-pressed", "true")
    assert names(page) == ["teams/z-held"]
    expect(page.get_by_role("button", name="Gone")).to_have_count(0)
    page.get_by_role("combobox", name="Namespace").select_option("default")
    expect(page.get_by_text("No webhook fits")).to_be_visible()
    expect(page.get_by_role("button", name="Held 0")).to_have_attribute("aria-pressed", "true")
    page.get_by_role("button", name="Dead letters 1").click()
    expect(row(page, "default/b-rejects")).to_be_visible()
    assert "namespace=default" in page.url
    assert "state=dead" in page.url
    page.get_by_role("button", name="All 3").click()
    expect(row(page, "default/a-well")).to_be_visible()
    assert "state=" not in page.url


def test_what_needs_attention_stands_first(running: Product, tab: NewTab) -> None:
    """Unless another order is asked for; then held comes where its name stands."""
    page = tab().open(running.admin)
    expect(row(page, "teams/z-held")).to_be_visible()
    assert names(page) == [
        "teams/z-held", "default/b-rejects", "default/a-well", "teams/d-idle", "default/c-off",
    ]  # fmt: skip
    expect(page.get_by_role("columnheader", name="Attention")).to_have_attribute("aria-sort", "ascending")
    page.get_by_role("columnheader", name="Webhook").get_by_role("button").click()
    expect(table(page).get_by_role("row").nth(1)).to_contain_text("default/a-well")
    assert names(page)[-1] == "teams/z-held"


@pytest.mark.parametrize("width", [1600, 360])
def test_a_column_is_sorted_by_its_head(running: Product, tab: NewTab, width: int) -> None:
    """Upwards first, then downwards; screen readers are told, the address keeps it."""
    page = tab(width=width).open(running.admin)
    dead = page.get_by_role("columnheader", name="Dead")
    dead.get_by_role("button").click()
    expect(dead).to_have_attribute("aria-sort", "ascending")
    expect(table(page).get_by_role("row").last).to_contain_text("default/b-rejects")
    dead.get_by_role("button").click()
    expect(dead).to_have_attribute("aria-sort", "descending")
    expect(table(page).get_by_role("row").nth(1)).to_contain_text("default/b-rejects")
    page.reload()
    expect(dead).to_have_attribute("aria-sort", "descending")
    expect(page.locator("[aria-sort]")).to_have_count(1)


def test_the_table_follows_by_itself(running: Product, tab: NewTab) -> None:
    """What a delivery changes is seen without a reload: counts, result, the chips, the order."""
    page = tab().open(running.admin)
    rejects = row(page, "default/b-rejects")
    dead = rejects.get_by_role("link", name="1 dead letter of default/b-rejects", exact=True)
    expect(dead).to_have_attribute("href", "/dead-letters?webhook=default%2Fb-rejects")
    running.accepted(granted())
    expect(
        rejects.get_by_role("link", name="2 dead letters of default/b-rejects", exact=True)
    ).to_be_visible()
    hook(running, "a-well", more=AWAY)
    expect(page.get_by_role("button", name="Held 2")).to_be_visible()
    expect(row(page, "default/a-well")).to_contain_text("Held")


def test_keyboard_alone_opens_a_webhook(running: Product, tab: NewTab) -> None:
    """The first row's link is at most thirty Tab stops away."""
    page = tab().open(running.admin)
    link = row(page, "teams/z-held").get_by_role("link").first
    expect(link).to_be_visible()
    stops = 0
    while not link.evaluate("link => link === document.activeElement"):
        page.keyboard.press("Tab")
        stops += 1
        assert stops <= 30
    page.keyboard.press("Enter")
    expect(page).to_have_url(f"{running.admin}/webhooks/teams/z-held")


def test_a_row_opens_wherever_it_is_clicked(running: Product, tab: NewTab) -> None:
    """All of it is the webhook's link, but for the number that leads to its dead letters."""
    page = tab().open(running.admin)
    row(page, "default/b-rejects").get_by_role("link", name="1 dead letter").click()
    expect(page).to_have_url(f"{running.admin}/dead-letters?webhook=default%2Fb-rejects")
    page.go_back()
    row(page, "default/b-rejects").get_by_text("Rejected").click()
    expect(page).to_have_url(f"{running.admin}/webhooks/default/b-rejects")


def test_without_a_webhook_it_says_how_to_make_one(product: Product, tab: NewTab) -> None:
    """And it is there as soon as it is."""
    product.start()
    page = tab().open(product.admin)
    expect(page.get_by_text("There is no webhook yet")).to_be_visible()
    hook(product, "first")
    expect(row(page, "default/first")).to_be_visible()


def test_an_address_that_says_nothing_is_told(running: Product, tab: NewTab) -> None:
    """In the API's own sentence, with the way back to all webhooks."""
    here = tab()
    page = here.open(f"{running.admin}/?sort=age")
    expect(page.get_by_role("alert")).to_contain_text("sort must be one of attention")
    page.get_by_role("button", name="Show all").click()
    expect(row(page, "default/a-well")).to_be_visible()
    assert all("400" in said for said in here.console)
    here.console.clear()


HOSTILE = [
    "com.<img/src=x/onerror=alert(1)>",
    'com."><script>alert(2)</script>',
    "com.\u05d0\u05d1\u05d2.{{7+7}}",
    "com." + "x" * 252,
]


@pytest.mark.parametrize("width", [1600, 360])
def test_hostile_names_are_text(product: Product, tab: NewTab, width: int) -> None:
    """No element of theirs exists, no dialog opens, and the layout holds."""
    for letter, trigger in zip("abcd", HOSTILE, strict=True):
        listed = json.dumps([trigger, f"{trigger[:200]}.two"])
        product.webhook(letter * 63, f"  url: https://{HOST}/\n  triggers: {listed}\n", namespace="s" * 63)
    hook(product, "n" * 63, more=AWAY, namespace="s" * 63)
    product.start()
    here = tab(width=width)
    page = here.open(f"{product.admin}/?q=%22%3E%3Cimg%20src%3Dx%20onerror%3Dalert(3)%3E")
    expect(page.get_by_text("No webhook fits")).to_be_visible()
    page.get_by_role("button", name="Show all").click()
    expect(row(page, "n" * 63)).to_contain_text("Held")
    for letter, trigger in zip("abcd", HOSTILE, strict=True):
        expect(row(page, letter * 63)).to_contain_text(trigger)
    assert page.locator("img, main script").count() == 0
    here.assert_fits()
    here.assert_accessible()
    here.shoot("webhooks-hostile")


def test_ten_thousand_webhooks_come_in_pages(product: Product, tab: NewTab) -> None:
    """Fifty at a time, forwards and back, and a first view costs what a small table costs."""
    spec = f"{{url: 'https://{HOST}/', triggers: [RequestFailed]}}"
    for first in range(0, MANY, 1_000):
        product.write(
            f"many-{first}",
            "".join(
                "---\napiVersion: hookwright.io/v1alpha1\nkind: Webhook\n"
                f"metadata: {{name: w{number:05}, namespace: team-{number % 40:02}}}\nspec: {spec}\n"
                for number in range(first, first + 1_000)
            ),
        )
    product.start()
    until(lambda: product.http.get(f"{product.admin}/admin/v1/summary").json()["webhooks"] == MANY)
    page = tab().open(product.admin)
    expect(page.get_by_text("1–50 of 10,000")).to_be_visible()
    expect(table(page).get_by_role("row")).to_have_count(51)
    sent = "performance.getEntries().reduce((sum, one) => sum + (one.transferSize ?? 0), 0)"
    assert page.evaluate(sent) <= 60_000
    page.get_by_role("button", name="Next").click()
    expect(page.get_by_text("51–100 of 10,000")).to_be_visible()
    page.get_by_role("button", name="Previous").click()
    expect(page.get_by_text("1–50 of 10,000")).to_be_visible()
    assert "after=" not in page.url
    expect(page.get_by_role("button", name="Previous")).to_be_disabled()
    page.get_by_role("searchbox").fill("team-07/w0")
    expect(page.get_by_text("1–50 of 250")).to_be_visible()


def test_a_long_address_leaves_its_method_and_the_button_in_place(product: Product, tab: NewTab) -> None:
    """The method is one line high, and Send test stands beside the heading."""
    hook(product, "long", "/" + "p" * 900)
    product.start()
    product.loaded("default/long")
    here = tab()
    page = here.open(f"{product.admin}/webhooks/default/long")
    method, title = page.get_by_text("POST", exact=True), page.get_by_role("heading", level=1)
    send = page.get_by_role("button", name="Send test")
    assert box(method)["height"] < 24
    assert box(send)["y"] < box(title)["y"]
    here.assert_fits()


def test_on_a_phone_the_dot_stands_before_a_long_name(product: Product, tab: NewTab) -> None:
    """However many lines the name takes."""
    hook(product, "long", more="  displayName: The channel of all who are on call\n")
    product.start()
    product.loaded("default/long")
    page = tab(width=360).open(f"{product.admin}/webhooks/default/long")
    title = box(page.get_by_role("heading", level=1))
    dot = box(page.get_by_role("main").get_by_role("img", name="Active", exact=True))
    assert dot["x"] + dot["width"] < title["x"]
    assert dot["y"] > title["y"]


def box(element: Locator) -> FloatRect:
    """Where it is drawn."""
    expect(element).to_be_visible()
    found = element.bounding_box()
    assert found is not None
    return found
