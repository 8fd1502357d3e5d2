"""The frame around every view: navigation, keyboard, theme, live updates, and what it weighs."""

from __future__ import annotations

import signal

import pytest
from playwright.sync_api import expect

from browser import LOOKS, NewTab, Tab
from hookwright.dispatcher.ports.page import BUILT
from product.conftest import HOST, Product, granted

pytestmark = pytest.mark.needs_browser

PATHS = {
    "/": "Webhooks",
    "/invocations": "Invocations",
    "/dead-letters": "Dead letters",
    "/nowhere": "Nothing here",
}
TRANSFERRED = """performance.getEntriesByType("resource").filter((entry) => /[.](js|css)$/.test(entry.name))
    .map((entry) => entry.transferSize)"""
WEBHOOK = f"  url: https://{HOST}/hook\n  triggers: [RequestGranted]\n"


@pytest.fixture
def running(product: Product) -> Product:
    """A product with one webhook."""
    product.webhook("slack", WEBHOOK)
    return product.start()


@pytest.mark.parametrize(("width", "scheme"), LOOKS)
def test_each_place_is_accessible_and_fits(running: Product, tab: NewTab, width: int, scheme: str) -> None:
    """axe finds nothing serious, nothing scrolls sideways, the console stays empty, and nobody else is asked."""
    here = tab(width=width, scheme=scheme)
    for path, heading in PATHS.items():
        page = here.open(running.admin + path)
        expect(page.get_by_role("heading", level=1)).to_have_text(heading)
        here.assert_accessible()
        here.assert_fits()
        here.shoot(f"frame{path.replace('/', '-')}")


def test_navigation_goes_without_loading_anew(running: Product, tab: NewTab) -> None:
    """A link changes view, title and address and moves the focus to the heading; Back leads back."""
    here = tab()
    page = here.open(running.admin)
    page.evaluate("window.stayed = true")
    navigation = page.get_by_role("navigation", name="Main")
    navigation.get_by_role("link", name="Dead letters").click()
    heading = page.get_by_role("heading", level=1, name="Dead letters")
    expect(heading).to_be_focused()
    expect(page).to_have_title("Dead letters · Hookwright")
    expect(page).to_have_url(f"{running.admin}/dead-letters")
    expect(navigation.get_by_role("link", name="Dead letters")).to_have_attribute("aria-current", "page")
    page.go_back()
    expect(page.get_by_role("heading", level=1, name="Webhooks")).to_be_visible()
    assert page.evaluate("window.stayed")


def test_skip_link_leads_to_the_content(running: Product, tab: NewTab) -> None:
    """It is the first Tab stop, is seen then, and passes the navigation over."""
    page = tab().open(running.admin)
    page.keyboard.press("Tab")
    skip = page.get_by_role("link", name="Skip to content")
    expect(skip).to_be_focused()
    expect(skip).to_be_in_viewport(ratio=1)
    page.keyboard.press("Enter")
    expect(page.get_by_role("main")).to_be_focused()
    expect(page).to_have_url(f"{running.admin}/")


def test_navigation_stands_at_the_bottom_of_a_phone(running: Product, tab: NewTab) -> None:
    """At 360 px all three are seen at the lower edge, and the content can be scrolled clear of them."""
    page = tab(width=360, height=780).open(running.admin)
    for name in ("Webhooks", "Invocations", "Dead letters"):
        place = page.get_by_role("navigation", name="Main").get_by_role("link", name=name)
        expect(place).to_be_in_viewport(ratio=1)
        box = place.bounding_box()
        assert box is not None
        assert box["y"] > 700


def test_theme_follows_the_system_until_somebody_chooses(running: Product, tab: NewTab) -> None:
    """Auto, light, dark, and kept over a reload."""
    here = tab(scheme="dark")
    page = here.open(running.admin)

    def background() -> str:
        return str(page.evaluate("getComputedStyle(document.documentElement).backgroundColor"))

    dark = background()
    page.get_by_role("button", name="Theme: auto. Change to light").click()
    light = background()
    assert light != dark
    page.reload()
    expect(page.get_by_role("button", name="Theme: light. Change to dark")).to_be_visible()
    assert background() == light
    page.get_by_role("button", name="Theme: light. Change to dark").click()
    assert background() == dark


def dead_letter(product: Product) -> None:
    """One delivery that is rejected."""
    product.webhook("bad", f"  url: https://{HOST}/-/status/422\n  triggers: [RequestGranted]\n")
    product.loaded("default/bad")
    product.accepted(granted())


def test_counts_follow_by_themselves_unless_paused(running: Product, tab: NewTab) -> None:
    """A dead letter made now is counted without a reload; while paused nothing is asked for; Resume asks at once."""
    here = tab()
    here.page.clock.install()
    page = here.open(running.admin)
    expect(page.get_by_text("0 waiting · 0 under way")).to_be_visible()
    place = page.get_by_role("navigation", name="Main").get_by_role("link", name="Dead letters")
    dead_letter(running)
    expect(place).to_have_text("Dead letters 1")
    expect(place).to_have_accessible_name("Dead letters 1")
    here.assert_accessible()
    page.get_by_role("button", name="Live updates are on. Pause").click()
    resume = page.get_by_role("button", name="Live updates are paused. Resume")
    expect(resume).to_be_visible()
    page.wait_for_load_state("networkidle")
    here.requests.clear()
    page.clock.run_for(60_000)
    assert here.requests == []
    with page.expect_request("**/admin/v1/summary"):
        resume.click()


def test_lost_and_found_again(running: Product, tab: NewTab) -> None:
    """A dispatcher that is gone is told within seconds, what was there stays, and it heals by itself."""
    here = tab()
    page = here.open(running.admin)
    address = running.admin.rpartition(":")[2]
    running.stop(signal.SIGKILL)
    alert = page.get_by_role("alert").filter(has_text="Not up to date")
    expect(alert).to_be_visible(timeout=6_000)
    expect(page.get_by_role("heading", level=1, name="Webhooks")).to_be_visible()
    expect(page.get_by_text("0 waiting · 0 under way")).to_be_visible()
    running.start("--admin", f"127.0.0.1:{address}")
    expect(alert).to_have_count(0)
    assert all("ERR_CONNECTION" in said or "ERR_EMPTY" in said for said in here.console)
    here.console.clear()


def test_a_view_that_could_not_be_loaded_comes_with_the_dispatcher(running: Product, tab: NewTab) -> None:
    """Whoever goes to another view while the dispatcher is gone has it when it is back, without loading anew."""
    here = tab()
    page = here.open(running.admin)
    address = running.admin.rpartition(":")[2]
    running.stop(signal.SIGKILL)
    page.get_by_role("navigation", name="Main").get_by_role("link", name="Invocations").click()
    expect(page.get_by_role("alert").filter(has_text="Not up to date")).to_be_visible(timeout=6_000)
    running.start("--admin", f"127.0.0.1:{address}")
    expect(page.get_by_role("heading", level=1, name="Invocations")).to_be_visible()
    expect(page.get_by_role("alert")).to_have_count(0)
    here.console.clear()


def loaded(here: Tab, address: str) -> list[str]:
    """Names of the built files that a cold browser asks for at a view, once nothing more comes."""
    page = here.open(address)
    page.wait_for_load_state("networkidle")
    return sorted({each.rpartition("/")[2] for each in here.requests if "/assets/" in each})


def packed(names: list[str]) -> int:
    """Their bytes as they are sent to who takes gzip, with those of the shell."""
    return sum(
        (BUILT / name).stat().st_size for name in ("index.html.gz", *(f"assets/{each}.gz" for each in names))
    )


def test_what_everybody_loads_is_light(running: Product, tab: NewTab) -> None:
    """Shell, scripts, style and icon come packed, to at most 60 KB, and only once."""
    here = tab()
    names = loaded(here, running.admin)
    assert len(names) >= 3
    assert packed(names) <= 60_000
    here.page.reload()
    here.page.get_by_role("heading", level=1).wait_for()
    again = here.page.evaluate(TRANSFERRED)
    assert again
    assert set(again) == {0}


def test_the_editor_comes_where_it_is_used_and_is_light(running: Product, tab: NewTab) -> None:
    """The workbench with all that it needs comes to at most 150 KB; no other view loads the editor."""
    names = loaded(tab(), f"{running.admin}/webhooks/default/slack")
    assert not [each for each in names if "editor" in each]
    here = tab()
    here.open(f"{running.admin}/webhooks/default/slack/workbench")
    here.page.get_by_role("textbox", name="Body template").wait_for()
    names = loaded(here, f"{running.admin}/webhooks/default/slack/workbench")
    assert [each for each in names if "editor" in each]
    assert packed(names) <= 150_000


def test_built_files_are_what_is_served(running: Product, page_build: None) -> None:
    """Every script arrives as it was built, whichever way it was packed."""
    for file in BUILT.glob("assets/*.js"):
        assert running.http.get(f"{running.admin}/assets/{file.name}").content == file.read_bytes()


def test_keyboard_alone_leads_to_a_webhook_and_back(running: Product, tab: NewTab) -> None:
    """From the top to the first row's link in at most 30 Tab stops; Enter opens it, with the focus on its heading."""
    page = tab().open(running.admin)
    link = page.get_by_role("table", name="Webhooks").get_by_role("link").first
    expect(link).to_be_visible()
    address = link.get_attribute("href")
    for _ in range(30):
        page.keyboard.press("Tab")
        if link.evaluate("(link) => link === document.activeElement"):
            break
    expect(link).to_be_focused()
    page.keyboard.press("Enter")
    expect(page).to_have_url(f"{running.admin}{address}")
    expect(page.get_by_role("heading", level=1)).to_be_focused()
    page.go_back()
    expect(page.get_by_role("heading", level=1, name="Webhooks")).to_be_focused()


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/?q=nobody", "Show all"),
        ("/invocations?result=Gone", "Show all"),
        ("/dead-letters?reason=Gone", "Show all"),
    ],
)
def test_a_button_that_did_its_work_leaves_the_focus_to_the_heading(
    running: Product, tab: NewTab, path: str, name: str
) -> None:
    """It is gone then; the keyboard goes on from there and not from the top of the page."""
    page = tab().open(running.admin + path)
    page.locator(".empty").get_by_text(name).press("Enter")
    expect(page.locator(".empty").get_by_text(name)).to_have_count(0)
    expect(page.get_by_role("heading", level=1)).to_be_focused()


def test_a_row_that_is_no_more_leaves_the_focus_to_the_heading(running: Product, tab: NewTab) -> None:
    """Somebody else removed the webhook whose link has the focus."""
    running.webhook("other", WEBHOOK)
    running.loaded("default/other")
    page = tab().open(running.admin)
    link = page.get_by_role("link", name="other", exact=True)
    link.focus()
    (running.manifests / "webhook-default-other.yaml").unlink()
    expect(link).to_have_count(0)
    expect(page.get_by_role("heading", level=1, name="Webhooks")).to_be_focused()


def test_slash_leads_to_the_search_and_is_typed_where_one_types(running: Product, tab: NewTab) -> None:
    """The key / takes nobody's letter: in a field it is a letter."""
    page = tab().open(running.admin)
    search = page.get_by_role("searchbox", name="Search webhooks")
    expect(search).to_be_visible()
    page.keyboard.press("/")
    expect(search).to_be_focused()
    page.keyboard.type("a/b")
    expect(search).to_have_value("a/b")
