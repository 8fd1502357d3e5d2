"""A real Chromium at the page: tabs whose console and requests are watched, and what every view must hold.

Must not: wait for anything but what can be seen or has been asked for.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Browser, BrowserContext, Page, Playwright

ROOT = Path(__file__).parents[1]
CHROMIUM = os.environ.get("HOOKWRIGHT_CHROMIUM", "/usr/bin/chromium")
SHOTS = os.environ.get("HOOKWRIGHT_SHOTS")
"""A folder for pictures of what the tests saw; none are taken without it."""
LOOKS = [(width, scheme) for width in (1600, 360) for scheme in ("light", "dark")]
"""Widths and colour schemes that every view must hold at."""
AXE = """axe.run(document, {resultTypes: ["violations"]}).then((found) => found.violations.map(({id, impact, nodes}) =>
    ({id, impact, nodes: nodes.map((node) => node.html + " " + node.failureSummary)})))"""
SERIOUS = ("serious", "critical")


@contextmanager
def chromium(playwright: Playwright) -> Iterator[Browser]:
    """A browser process."""
    browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
    try:
        yield browser
    finally:
        browser.close()


@dataclass
class Tab:
    """One tab with storage of its own. `console` holds what a person would see there in red or otherwise."""

    page: Page
    context: BrowserContext
    console: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.on("console", lambda message: self.console.append(f"{message.type}: {message.text}"))
        self.page.on("pageerror", lambda error: self.console.append(f"error: {error}"))
        self.page.on("dialog", lambda dialog: self.console.append(f"dialog: {dialog.message}"))
        self.page.on("request", lambda request: self.requests.append(request.url))

    def open(self, address: str) -> Page:
        """Load an address, and wait for the view's heading."""
        self.page.goto(address)
        self.page.get_by_role("heading", level=1).wait_for()
        return self.page

    def assert_clean(self) -> None:
        """Nothing was said in the console, and nobody else was asked for anything."""
        assert self.console == []
        hosts = {urlsplit(address).netloc for address in self.requests if not address.startswith("data:")}
        assert hosts <= {urlsplit(self.page.url).netloc}

    def assert_accessible(self) -> None:
        """axe has no finding that is serious or worse (WCAG 2.2 A and AA, best practice)."""
        assert [each for each in self.findings() if each["impact"] in SERIOUS] == []

    def findings(self) -> list[dict[str, Any]]:
        """What axe finds: rule, impact and the elements. It comes by the debugger, as the page takes no foreign script."""
        devtools = self.context.new_cdp_session(self.page)
        source = (ROOT / "page/node_modules/axe-core/axe.min.js").read_text(encoding="utf-8")
        devtools.send("Runtime.evaluate", {"expression": source})
        answer = devtools.send(
            "Runtime.evaluate", {"expression": AXE, "awaitPromise": True, "returnByValue": True}
        )
        devtools.detach()
        found: list[dict[str, Any]] = answer["result"]["value"]
        return found

    def assert_fits(self) -> None:
        """The page cannot be scrolled sideways."""
        width = self.page.viewport_size
        assert width is not None
        assert self.page.evaluate("document.documentElement.scrollWidth") <= width["width"]

    def shoot(self, name: str) -> None:
        """A picture for people, where they asked for some."""
        if SHOTS:
            size = self.page.viewport_size
            assert size is not None
            scheme = (
                "dark"
                if self.page.evaluate("matchMedia('(prefers-color-scheme: dark)').matches")
                else "light"
            )
            self.page.screenshot(path=f"{SHOTS}/{name}-{size['width']}-{scheme}.png")


NewTab = Callable[..., Tab]
"""The fixture `tab` of tests/page."""
