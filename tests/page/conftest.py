"""The page as it is built, in a real browser, at the real product (`product`, of tests/product/conftest.py).

A test takes `tab` and asks it for tabs: `tab(width=360, scheme="dark").open(product.admin + "/")`. When it ends, no tab may
have said anything in its console or asked another origin; a test that provokes that clears `console` first.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect, sync_playwright

import page as builder
from browser import NewTab, Tab, chromium
from product.conftest import product, receiver

WAIT = 30.0
"""Seconds after which what should be seen is taken for missing."""

__all__ = ["product", "receiver"]


@pytest.fixture(scope="session")
def page_build() -> None:
    """The page, built from this checkout."""
    node = builder.find()
    assert node is not None, "Node builds the page: see tools/page.py"
    builder.packages(node, tests=True)  # axe is one of them
    builder.make("build")


@pytest.fixture(scope="session")
def browser(page_build: None) -> Iterator[Browser]:
    """One browser for all tests."""
    expect.set_options(timeout=1000 * WAIT)
    with sync_playwright() as playwright, chromium(playwright) as running:
        yield running


@pytest.fixture
def tab(browser: Browser) -> Iterator[NewTab]:
    """Makes tabs: `tab(width=1600, height=1000, scheme="light")`."""
    tabs: list[Tab] = []

    def new(width: int = 1600, height: int = 1000, scheme: str = "light") -> Tab:
        context = browser.new_context(
            viewport={"width": width, "height": height},
            color_scheme=scheme,  # type: ignore[arg-type]
            permissions=["clipboard-read", "clipboard-write"],
        )
        tabs.append(Tab(context.new_page(), context))
        return tabs[-1]

    yield new
    for each in tabs:
        each.assert_clean()
        each.context.close()
