"""How the browser comes into the gallery, and what is looked for on each of its pages.

The two themes are two files of tests, so that two workers of the suite share what takes longest. Pictures are taken where they are asked for.
"""

from playwright.async_api import Browser, Page

from node.web.page import REPORTS
from tests.e2e.browser import PHOTOGRAPHED, SHOTS, axe, chromium
from tests.e2e.gallery import Gallery, gallery
from tests.e2e.samples import SAMPLES

WIDTHS = (320, 1280)
BOTH_WIDTHS = ("design", "today", "merchant", "brand-home", "unlock")
PATHS = {"design": "/design", **{name: f"/sample/{name}" for name in SAMPLES}}


async def enter(desk: Gallery, browser: Browser, theme: str, width: int, *, scripts: bool = True) -> Page:
    """A page that came in by the link of `gemstra open`, or by typing the code."""
    scheme = "dark" if theme == "dark" else "light"
    context = await browser.new_context(
        viewport={"width": width, "height": 800}, color_scheme=scheme, reduced_motion="reduce", java_script_enabled=scripts
    )
    page = await context.new_page()
    code = desk.sessions.issue_code()
    await page.goto(f"{desk.origin}/open#{code}")
    if not scripts:
        await page.get_by_label("Code").fill(code)
        await page.get_by_role("button", name="Open").click()
    await page.wait_for_url("**/sample/today")
    return page


async def look_at_all(theme: str) -> None:
    """Every sample page and /design: no report against the policy, no sideways scroll at either width, no axe violation at one of them.

    Wide in the light theme, narrow in the dark one: what a page holds is the same at both. What the width alone changes is the frame and the
    components, so a page of each role and /design, which has every component in every state, are judged at both.
    """
    SHOTS.mkdir(parents=True, exist_ok=True)
    wrong: list[str] = []
    first, second = WIDTHS if theme == "dark" else WIDTHS[::-1]
    async with gallery() as desk, chromium() as browser:
        page = await enter(desk, browser, theme, first)
        page.on("pageerror", lambda error: wrong.append(f"script: {error}"))
        page.on("console", lambda message: wrong.append(f"console: {message.text}") if "[hx-csp]" in message.text else None)
        for name, path in PATHS.items():
            await page.set_viewport_size({"width": first, "height": 800})
            await page.goto(desk.origin + path)
            wrong += [f"{name} {first}: {line}" for line in await _seen(page, name, theme, first, judged=True)]
            await page.set_viewport_size({"width": second, "height": 800})
            wrong += [f"{name} {second}: {line}" for line in await _seen(page, name, theme, second, judged=name in BOTH_WIDTHS)]
        assert wrong == [], "\n".join(wrong)
        reports = dict(desk.app[REPORTS].counts)
        assert reports == {}, reports


async def _seen(page: Page, name: str, theme: str, width: int, *, judged: bool) -> list[str]:
    """What is wrong with a page as it stands."""
    wrong = ["scrolls sideways"] if await page.evaluate("document.documentElement.scrollWidth > innerWidth") else []
    if PHOTOGRAPHED:
        await page.screenshot(path=SHOTS / f"{name}-{theme}-{width}.png", full_page=True)
    return wrong + (await axe(page) if judged else [])
