"""What somebody at the page waits for: each view in a real Chromium, at a dispatcher that has much. Printed, not judged.

Each view is opened anew some times, with nothing kept of the time before: how long until its rows stand there, counted by
the browser from the start of the load, and the slowest of the answers that they came from. `page.py --browser` has the rest.
"""

from __future__ import annotations

import os
import statistics
from typing import Any, Final, NamedTuple

from playwright.async_api import Browser, async_playwright

CHROMIUM: Final = os.environ.get("HOOKWRIGHT_CHROMIUM", "/usr/bin/chromium")
VIEWS: Final = {
    "webhooks": ("/", "tbody tr"),
    "webhooks, searched": ("/?q=other-77", "tbody tr"),
    "webhooks, inactive ones": ("/?state=inactive", ".empty"),
    "webhooks, by host": ("/?sort=host&order=descending", "tbody tr"),
    "one webhook": ("/webhooks/default/other-77", "main li"),
    "its template": ("/webhooks/default/other-77/workbench", ".cm-content, main pre"),
    "all invocations": ("/invocations", "main li"),
    "invocations that were rejected": ("/invocations?result=Rejected", "main li"),
    "invocations of a request": ("/invocations?request=AR-777", "main li"),
    "dead letters": ("/dead-letters", "main table, .empty"),
}
"""View → its address, and what stands there once it has its rows."""
_ANSWERS: Final = """performance.getEntriesByType("resource").filter(({name}) => name.includes("/admin/v1/"))
    .map(({name, requestStart, responseStart}) => [responseStart - requestStart, new URL(name).pathname])"""
LONGEST: Final = 30_000
"""Milliseconds after which a view is given up."""


class Seen(NamedTuple):
    """One view, once."""

    rows: float
    slowest: tuple[float, str]


async def look(admin: int, times: int) -> None:
    """Every view so many times, at the admin port of a dispatcher that asks for no token."""
    print(f"\nViews in Chromium, cold, {times} times: milliseconds")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        for name, (path, what) in VIEWS.items():
            seen = [await _once(browser, f"http://127.0.0.1:{admin}{path}", what) for _ in range(times)]
            rows = [each.rows for each in seen]
            slowest, where = max(each.slowest for each in seen)
            print(
                f"  {name:<32} rows median {statistics.median(rows):6.0f}, worst {max(rows):6.0f}; "
                f"answers median {statistics.median(each.slowest[0] for each in seen):6.1f}, worst {slowest:6.1f} {where}",
                flush=True,
            )
        await browser.close()


async def _once(browser: Browser, address: str, what: str) -> Seen:
    """In a context of its own, so that nothing is cached."""
    context = await browser.new_context(viewport={"width": 1600, "height": 1000})
    page = await context.new_page()
    await page.goto(address, wait_until="commit")
    await page.locator(what).first.wait_for(timeout=LONGEST)
    rows: float = await page.evaluate("performance.now()")
    answers: list[list[Any]] = await page.evaluate(_ANSWERS)
    await context.close()
    return Seen(rows, max((took, path) for took, path in answers))
