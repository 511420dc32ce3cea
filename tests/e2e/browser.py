"""Chromium as the tests drive it."""

import contextlib
import os
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, async_playwright

CHROMIUM = shutil.which("chromium") or "/usr/bin/chromium"
ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
SHOTS = Path(__file__).resolve().parents[2] / "build" / "shots"
PHOTOGRAPHED = "GEMSTRA_SHOTS" in os.environ  # `make shots`: pictures are for people, no test reads one
AXE = (Path(__file__).parent / "vendor" / "axe-4.14.1.min.js").read_text("utf-8")

needs_chromium = pytest.mark.skipif(
    not Path(CHROMIUM).exists() and "GEMSTRA_REQUIRE_BROWSER" not in os.environ,
    reason="CHROMIUM IS ABSENT: no page was looked at. Install it: apt-get install chromium",
)


@contextlib.asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    """One headless browser; ends with the block."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        try:
            yield browser
        finally:
            await browser.close()


async def axe(page: Page) -> list[str]:
    """Violations of WCAG 2.2 A and AA on the page, one line each. Runs past the page's policy through the debugger."""
    result = await page.evaluate(
        AXE + "; axe.run(document, {runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']})"
    )
    return [
        f"{entry['id']}: {node['html'][:160]} {node['failureSummary'][:160]}" for entry in result["violations"] for node in entry["nodes"]
    ]
