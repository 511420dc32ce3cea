"""Real desks: one `gemstra run` process each on loopback, opened in Chromium by the link that `gemstra open` prints."""

import contextlib
import re
import subprocess
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

from playwright.async_api import Browser, Locator, Page

from node.cli.client import Client
from node.errors import Unavailable
from tests.e2e.browser import PHOTOGRAPHED, SHOTS, axe
from tests.patience import PATIENCE

PASSPHRASE = "orange timber velvet moon"
PATIENCE_MS = int(PATIENCE * 1000)
RELOADS = 100


@dataclass
class Desk:
    """A node, its page, and whatever went wrong on it."""

    name: str
    client: Client
    page: Page
    scripts: bool = True
    series: str = "real"
    wrong: list[str] = field(default_factory=list)

    @property
    def origin(self) -> str:
        return str(self.client.get("/status")["page"])

    async def goto(self, path: str) -> None:
        await self.page.goto(self.origin + path)

    async def enter(self) -> None:
        """By the one-time link; without scripts by typing its code."""
        link = self.client.post_once("/open-link")
        await self.page.goto(link["url"])
        if not self.scripts:
            await self.page.get_by_label("Code").fill(link["code"])
            await self.press("Open")
        await self.page.wait_for_url(lambda url: not url.endswith("/open"))

    async def press(self, label: str) -> None:
        await self.page.get_by_role("button", name=label, exact=True).first.click()

    async def follow(self, text: str) -> None:
        """Click the link whose words begin like this."""
        await self.page.get_by_role("main").get_by_role("link", name=re.compile("^" + re.escape(text))).first.click()

    async def heading(self, text: str) -> None:
        await self.page.get_by_role("heading", level=1, name=text).wait_for()

    async def see(self, locator: Locator) -> None:
        """Wait for something to appear; without scripts the person reloads."""
        for _ in range(1 if self.scripts else RELOADS):
            if not self.scripts and not await locator.is_visible():
                await self.page.reload()
        await locator.wait_for()

    async def look(self, shot: str) -> None:
        """Hold the page to the rules in both themes and widths, photographed where that was asked for: no sideways scroll, axe in each theme and each width."""
        SHOTS.mkdir(parents=True, exist_ok=True)
        await self.page.wait_for_load_state("load")  # styles and all: a page without them is nobody's page
        before = self.page.viewport_size
        for theme, width, judged in (("light", 1280, True), ("light", 320, False), ("dark", 1280, False), ("dark", 320, True)):
            await self.page.emulate_media(color_scheme="dark" if theme == "dark" else "light", reduced_motion="reduce")
            await self.page.set_viewport_size({"width": width, "height": 800})
            if await self.page.evaluate("document.documentElement.scrollWidth > innerWidth"):
                self.wrong.append(f"{shot}: scrolls sideways at {width}")
            if judged:
                self.wrong += [f"{shot} {theme} {width}: {line}" for line in await axe(self.page)]
            if PHOTOGRAPHED:
                await self._photograph(SHOTS / f"{self.series}-{self.name}-{shot}-{theme}-{width}.png", width)
        await self.page.set_viewport_size(before or {"width": 1280, "height": 800})

    async def _photograph(self, path: Path, width: int) -> None:
        """The whole page as on a screen long enough, so that what sticks to the foot of the screen is at the foot of the picture."""
        height = await self.page.evaluate("document.documentElement.scrollHeight")
        await self.page.set_viewport_size({"width": width, "height": max(height, 800)})
        await self.page.evaluate("Promise.all([...document.images].map((image) => image.decode().catch(() => null)))")
        await self.page.screenshot(path=path)

    async def set_up(self, role: str, *, look: bool = False) -> None:
        """From the first page to Today."""
        page = self.page
        await self.heading("Welcome to your desk")
        await page.get_by_label("Your name or shop name").fill(self.name.capitalize())
        await page.get_by_text(role).click()
        if look:
            await self.look("setup-1")
        await self.press("Continue")
        await self.heading("Write down your words")
        words = await page.get_by_role("list", name="Recovery words").get_by_role("listitem").all_text_contents()
        assert len(words) == 24
        if look:
            await self.look("setup-2")
        await self.press("I wrote down both sheets")
        await self.heading("Check your words")
        await self.press("Continue")
        await page.get_by_role("alert").wait_for()
        if look:
            await self.look("setup-3-wrong")
        for box in await page.get_by_role("textbox").all():
            await box.fill(words[int((await box.get_attribute("name") or "").removeprefix("word-")) - 1])
        await self.press("Continue")
        await self.heading("Choose a passphrase")
        await page.get_by_label("Passphrase", exact=True).fill(PASSPHRASE)
        await page.get_by_label("Type it again").fill(PASSPHRASE + "x")
        await self.press("Finish")
        await page.get_by_text("The two are not the same").first.wait_for()
        if look:
            await self.look("setup-4-wrong")
        await page.get_by_label("Passphrase", exact=True).fill(PASSPHRASE)
        await page.get_by_label("Type it again").fill(PASSPHRASE)
        await self.press("Finish")
        await self.heading(f"Hello, {self.name.capitalize()}")


def _watch(desk: Desk) -> None:
    page = desk.page
    page.on("pageerror", lambda error: desk.wrong.append(f"script: {error}"))
    page.on("request", lambda request: desk.wrong.append(f"report: {request.post_data}") if request.url.endswith("/csp-report") else None)
    page.on("console", lambda message: desk.wrong.append(f"console: {message.text}") if _bad(message.type, message.text) else None)


def _bad(kind: str, text: str) -> bool:
    # A refused form answers 422, which Chromium notes as an error of its own.
    return kind in ("error", "warning") and "the server responded with a status of 4" not in text


@contextlib.asynccontextmanager
async def visit(browser: Browser, client: Client, name: str, *, scripts: bool = True, series: str = "real") -> AsyncIterator[Desk]:
    """A page on a running node, let in; it closes with the block."""
    context = await browser.new_context(viewport={"width": 1280, "height": 800}, java_script_enabled=scripts)
    context.set_default_timeout(PATIENCE_MS)
    try:
        made = Desk(name, client, await context.new_page(), scripts, series)
        _watch(made)
        await made.enter()
        yield made
    finally:
        await context.close()


@contextlib.asynccontextmanager
async def desk(browser: Browser, folder: Path, name: str, *, scripts: bool = True) -> AsyncIterator[Desk]:
    """A running node and a page in it, let in; both end with the block."""
    data = folder / name
    process = _start(data, name)
    try:
        client = Client(data, timeout=PATIENCE)
        client.until(lambda: _runs(client), seconds=PATIENCE, what=f"{name} to start")
        async with visit(browser, client, name, scripts=scripts) as made:
            yield made
    finally:
        process.terminate()
        process.wait(PATIENCE)


def _start(data: Path, name: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "node.main", "--data", str(data), "run", "--host-name", f"{name}.localhost", "--die-with-parent"]
    return subprocess.Popen(command)


def _runs(client: Client) -> bool:
    try:
        return bool(client.get("/status")["page"])
    except Unavailable:
        return False
