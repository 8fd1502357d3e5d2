"""Who may see the page's data: login, the token in the address, a token that may only read, foreign callers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from playwright.sync_api import Page, expect

from browser import LOOKS, NewTab, Tab
from product.conftest import HOST, Product, granted
from rig import until

pytestmark = pytest.mark.needs_browser

ACTION = re.compile("replay|test|retry|try", re.IGNORECASE)
TOKEN, READER = "t0ken-of-the-admin", "t0ken-of-a-reader"


@pytest.fixture
def guarded(product: Product, tmp_path: Path) -> Product:
    """A product that asks for a token, and knows one that may only read."""
    (tmp_path / "token").write_text(TOKEN)
    (tmp_path / "reader").write_text(READER)
    product.http.headers["authorization"] = f"Bearer {TOKEN}"
    return product.start(
        "--admin-token-file", str(tmp_path / "token"), ADMIN_READ_TOKEN_FILE=str(tmp_path / "reader")
    )


def sign_in(page: Page, token: str) -> None:
    """Fill in the form."""
    page.get_by_role("textbox", name="Admin token").fill(token)
    page.get_by_role("button", name="Sign in").click()


def kept(here: Tab) -> str:
    """All that the browser keeps but for the tab's own storage, as text."""
    return str(here.context.cookies()) + str(
        here.page.evaluate("JSON.stringify(localStorage) + document.cookie + location")
    )


@pytest.mark.parametrize(("width", "scheme"), LOOKS)
def test_without_a_token_there_is_the_login_and_no_data(
    guarded: Product, tab: NewTab, width: int, scheme: str
) -> None:
    """Nothing but the shell and who we are has been asked for; the form is accessible and says nothing in the console."""
    here = tab(width=width, scheme=scheme)
    page = here.open(f"{guarded.admin}/dead-letters")
    expect(page.get_by_role("textbox", name="Admin token")).to_be_focused()
    expect(page.get_by_role("navigation")).to_have_count(0)
    assert {each.partition("/admin/v1")[2] for each in here.requests if "/admin/" in each} == {"/session"}
    here.assert_accessible()
    here.assert_fits()
    here.shoot("login")


def test_a_wrong_token_is_refused_and_the_right_one_leads_on(guarded: Product, tab: NewTab) -> None:
    """To where the address pointed; it is kept in this tab only, for as long as that is open."""
    here = tab()
    page = here.open(f"{guarded.admin}/dead-letters?reason=Gone")
    for wrong in ("wrong", "with blank", "naïve"):
        sign_in(page, wrong)
        expect(page.get_by_role("alert")).to_contain_text("not taken")
        expect(page.get_by_role("textbox", name="Admin token")).to_have_attribute("aria-invalid", "true")
    sign_in(page, TOKEN)
    expect(page.get_by_role("heading", level=1)).to_have_text("Dead letters")
    expect(page).to_have_url(f"{guarded.admin}/dead-letters?reason=Gone")
    assert TOKEN not in kept(here)
    assert here.context.cookies() == []
    page.reload()
    expect(page.get_by_role("heading", level=1)).to_have_text("Dead letters")
    other = here.context.new_page()
    other.goto(guarded.admin)
    expect(other.get_by_role("textbox", name="Admin token")).to_be_visible()


def test_a_token_in_the_fragment_signs_in_and_is_gone(guarded: Product, tab: NewTab) -> None:
    """`hookwright open` leads there; no server sees it, and neither address nor history keep it."""
    here = tab()
    page = here.open(f"{guarded.admin}/invocations?result=Gone#token={TOKEN}")
    expect(page.get_by_role("heading", level=1)).to_have_text("Invocations")
    expect(page).to_have_url(f"{guarded.admin}/invocations?result=Gone")
    assert TOKEN not in kept(here) + str(here.requests)
    page.get_by_role("navigation", name="Main").get_by_role("link", name="Webhooks").click()
    page.go_back()
    expect(page).to_have_url(f"{guarded.admin}/invocations?result=Gone")


def test_a_token_that_is_changed_asks_for_the_new_one(guarded: Product, tab: NewTab, tmp_path: Path) -> None:
    """Whoever was signed in sees the login with the reason, and no data."""
    here = tab()
    page = here.open(f"{guarded.admin}/#token={TOKEN}")
    expect(page.get_by_text("0 waiting · 0 under way")).to_be_visible()
    (tmp_path / "token").write_text("the-next-one")
    expect(page.get_by_role("alert")).to_contain_text("not taken any more")
    sign_in(page, "the-next-one")
    expect(page.get_by_text("0 waiting · 0 under way")).to_be_visible()
    assert all("401" in said for said in here.console)
    here.console.clear()


def test_a_token_to_read_shows_all_and_no_action(guarded: Product, tab: NewTab) -> None:
    """Nothing can be sent, replayed or tried with it, and no view says anything in the console for that."""
    guarded.webhook("bad", f"  url: https://{HOST}/-/status/422\n  triggers: [RequestGranted]\n")
    guarded.loaded("default/bad")
    (delivery,) = guarded.accepted(granted())
    until(guarded.dead_letters)
    page = tab().open(f"{guarded.admin}/#token={READER}")
    expect(page.get_by_text("Read only")).to_be_visible()
    webhook = f"{guarded.admin}/webhooks/default/bad"
    for address, seen in {
        f"{guarded.admin}/dead-letters": page.get_by_text("default/bad").first,
        f"{guarded.admin}/dead-letters?webhook=default/bad&reason=Rejected": page.get_by_text(delivery).first,
        f"{webhook}/invocations/{delivery}.1": page.get_by_role("region", name="Request"),
        f"{webhook}/workbench": page.get_by_text("This token may only read."),
        f"{webhook}/definition": page.get_by_text("422").first,
    }.items():
        page.goto(address)
        expect(seen).to_be_visible()
        expect(page.get_by_role("button", name=ACTION)).to_have_count(0)


EVIL = b"""<!doctype html><title>Evil</title><h1>Evil</h1><script type="module">
const wait = (make) => new Promise((done) => { const it = make(done); document.body.append(it); });
const at = "http://127.0.0.1:" + location.hash.slice(1);
const element = (name, address) => (done) => Object.assign(document.createElement(name), {
  src: address, onload: () => done(name + " loaded"), onerror: () => done(name + " refused")});
const session = await fetch(at + "/admin/v1/session").then(() => "read", () => "refused");
const icon = await wait(element("img", at + "/assets/" + location.search.slice(1)));
await wait(element("iframe", at + "/"));
document.body.append(Object.assign(document.createElement("p"), {textContent: `session ${session}, ${icon}`}));
</script><a href="#">x</a>"""


class Evil(BaseHTTPRequestHandler):
    """A page of somebody else."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("content-type", "text/html")
        self.end_headers()
        self.wfile.write(EVIL)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing."""


@pytest.fixture
def evil() -> Iterator[str]:
    """The address of such a page, on another site than the product."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Evil) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield f"http://localhost:{server.server_port}"
        server.shutdown()
        thread.join()


def test_a_page_of_somebody_else_gets_nothing(guarded: Product, tab: NewTab, evil: str) -> None:
    """It can neither read an answer, nor show a file of ours, nor put the page into a frame of its own."""
    here = tab()
    here.open(guarded.admin)
    icon = here.page.evaluate("document.querySelector('link[rel=icon]').href").rpartition("/")[2]
    page = here.open(f"{evil}/?{icon}#{guarded.admin.rpartition(':')[2]}")
    expect(page.get_by_text("session refused, img refused")).to_be_visible()
    expect(page.frame_locator("iframe").get_by_role("textbox", name="Admin token")).to_have_count(0)
    here.console.clear()
    here.requests.clear()
