"""The frame around every view: navigation, keyboard, theme, live updates, and what it weighs."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from browser import LOOKS, NewTab
from product.conftest import Product

pytestmark = pytest.mark.needs_browser

PATHS = {
    "/": "Webhooks",
    "/invocations": "Invocations",
    "/dead-letters": "Dead letters",
    "/nowhere": "Nothing here",
}


@pytest.mark.parametrize(("width", "scheme"), LOOKS)
def test_each_place_is_accessible_and_fits(product: Product, tab: NewTab, width: int, scheme: str) -> None:
    """axe finds nothing serious, nothing scrolls sideways, the console stays empty, and nobody else is asked."""
    product.start()
    here = tab(width=width, scheme=scheme)
    for path, heading in PATHS.items():
        page = here.open(product.admin + path)
        expect(page.get_by_role("heading", level=1)).to_have_text(heading)
        here.assert_accessible()
        here.assert_fits()
        here.shoot(f"frame{path.replace('/', '-')}")
