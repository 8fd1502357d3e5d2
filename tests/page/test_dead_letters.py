"""Dead letters on the page: by webhook and reason, one by one, and sent once more, at a real receiver."""

from __future__ import annotations

import re
from collections import Counter

import pytest
from playwright.sync_api import Route, expect

from browser import LOOKS, NewTab
from product.conftest import HOST, Product, granted
from rig import until

pytestmark = pytest.mark.needs_browser

REFUSES = f"  url: https://{HOST}/-/status/422\n  triggers: [RequestGranted]\n  maxInFlight: 64\n"
GONE = f"  url: https://{HOST}/-/status/410\n  triggers: [RequestCreated]\n"
WORKS = f"  url: https://{HOST}/%s\n  triggers: [RequestGranted]\n"


def died(product: Product, count: int) -> list[str]:
    """So many deliveries of default/helpdesk that were rejected; their ids."""
    product.webhook("helpdesk", REFUSES)
    product.start()
    product.loaded("default/helpdesk")
    ids = product.accepted([granted(number=number) for number in range(count)])
    until(lambda: product.view("default/helpdesk")["deadLettered"] == count)
    return ids


def test_a_group_is_replayed(product: Product, tab: NewTab) -> None:
    """The dialog says how many and of whom; each arrives once, with the id it had; the row is gone."""
    ids = died(product, 60)
    product.webhook("helpdesk", WORKS % "group")
    product.loaded("default/helpdesk")
    page = tab().open(f"{product.admin}/dead-letters")
    row = page.get_by_role("table", name="Dead letters").get_by_role("row", name="default/helpdesk")
    expect(row).to_contain_text("The target answered 422 Unprocessable")
    page.get_by_role("button", name="Replay 60 dead letters of default/helpdesk, Rejected").click()
    dialog = page.get_by_role("dialog", name="Replay dead letters")
    expect(dialog).to_contain_text("60 dead letters of default/helpdesk, Rejected")
    dialog.get_by_role("button", name="Replay 60").click()
    expect(dialog.get_by_role("progressbar", name="Replayed")).to_have_attribute("value", "60")
    expect(dialog.get_by_role("status")).to_have_text("Replayed 60 dead letters")
    expect(dialog).to_be_focused()  # the button that had the focus is gone
    dialog.get_by_role("button", name="Done").click()
    expect(page.get_by_text("There is no dead letter", exact=True)).to_be_visible()
    until(lambda: product.view("default/helpdesk")["pending"] == 0)
    arrived = Counter(each["headers"]["webhook-id"] for each in product.received(path="/group"))
    assert arrived == dict.fromkeys(ids, 1)


def test_cancel_stops_a_replay(product: Product, tab: NewTab) -> None:
    """What was replayed is said and arrives once; the others stay dead letters."""
    ids = died(product, 200)
    product.webhook("helpdesk", WORKS % "cancelled")
    product.loaded("default/helpdesk")
    page = tab().open(f"{product.admin}/dead-letters")
    asked: list[Route] = []

    def let_pass(route: Route) -> None:
        asked.append(route)
        if len(asked) <= 3:  # the count and two steps; the third step stays under way
            route.continue_()

    page.route("**/admin/v1/replays", let_pass)
    page.get_by_role("button", name="Replay all").click()
    dialog = page.get_by_role("dialog", name="Replay dead letters")
    dialog.get_by_role("button", name="Replay 200").click()
    expect(dialog.get_by_role("progressbar", name="Replayed")).to_have_attribute("value", "16")
    dialog.get_by_role("button", name="Cancel").click()
    asked[3].continue_()
    expect(dialog.get_by_role("status")).to_have_text("Replayed 24 dead letters")
    expect(dialog).to_contain_text("176 dead letters stayed as they were")
    until(lambda: product.view("default/helpdesk")["pending"] == 0)
    arrived = Counter(each["headers"]["webhook-id"] for each in product.received(path="/cancelled"))
    assert set(arrived.values()) == {1}
    assert len(arrived) == 24
    assert {letter["id"] for letter in product.dead_letters(limit="500")} == set(ids) - set(arrived)


def test_one_letter_of_a_group(product: Product, tab: NewTab) -> None:
    """A group opens to its letters, and the address holds it; one of them is replayed alone."""
    ids = died(product, 3)
    product.webhook("helpdesk", WORKS % "letter")
    product.loaded("default/helpdesk")
    page = tab().open(f"{product.admin}/dead-letters")
    page.get_by_role("link", name="default/helpdesk").click()
    expect(page).to_have_url(re.compile(r"\?webhook=default%2Fhelpdesk&reason=Rejected$"))
    letters = page.get_by_role("region", name="Letters").get_by_role("listitem")
    expect(letters).to_have_count(3)
    page.get_by_role("button", name=f"Replay {ids[1]}").click()
    dialog = page.get_by_role("dialog", name="Replay dead letters")
    dialog.get_by_role("button", name="Replay 1").click()
    expect(dialog.get_by_role("status")).to_have_text("Replayed 1 dead letter")
    page.keyboard.press("Escape")
    expect(letters).to_have_count(2)
    until(lambda: product.view("default/helpdesk")["pending"] == 0)
    assert [each["headers"]["webhook-id"] for each in product.received(path="/letter")] == [ids[1]]


@pytest.mark.parametrize(("width", "scheme"), LOOKS)
def test_dead_letters_are_accessible_and_fit(product: Product, tab: NewTab, width: int, scheme: str) -> None:
    """Empty, with groups, with the letters of one, and with the dialog."""
    product.webhook("retired-crm", GONE, namespace="sales")
    here = tab(width=width, scheme=scheme)
    died(product, 12)
    product.post({"event_type": "AccessRequestCreated", "data": {"id": "req-1"}})
    until(lambda: product.view("sales/retired-crm")["deadLettered"] == 1)
    page = here.open(f"{product.admin}/dead-letters")
    for path, shown in (
        ("/dead-letters", "default/helpdesk"),
        ("/dead-letters?webhook=default/helpdesk&reason=Rejected", "Letters"),
        ("/dead-letters?webhook=default/nothing", "No dead letter fits"),
    ):
        page = here.open(product.admin + path)
        expect(page.get_by_role("main")).to_contain_text(shown)
        here.assert_accessible()
        here.assert_fits()
        here.shoot(f"dead-letters-{shown.replace('/', '-').replace(' ', '-')}")
    page = here.open(f"{product.admin}/dead-letters")
    page.get_by_role("button", name="Replay all").click()
    expect(page.get_by_role("button", name="Replay 13")).to_be_visible()
    here.assert_accessible()
    here.assert_fits()
    here.shoot("dead-letters-dialog")
