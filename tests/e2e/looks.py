"""How the browser comes into the gallery, and what is looked for on each of its pages.

The two themes are two files of tests, so that two workers of the suite share what takes longest.
"""

from playwright.async_api import Browser, Page

from node.web.page import REPORTS
from tests.e2e.browser import SHOTS, axe, chromium
from tests.e2e.gallery import Gallery, gallery
from tests.e2e.samples import SAMPLES

WIDTHS = (320, 1280)
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


async def look_at_all(theme: str, width: int) -> None:
    """Every sample page and /design: no report against the policy, no axe violation, no sideways scroll."""
    SHOTS.mkdir(parents=True, exist_ok=True)
    wrong: list[str] = []
    async with gallery() as desk, chromium() as browser:
        page = await enter(desk, browser, theme, width)
        page.on("pageerror", lambda error: wrong.append(f"script: {error}"))
        page.on("console", lambda message: wrong.append(f"console: {message.text}") if "[hx-csp]" in message.text else None)
        for name, path in PATHS.items():
            await page.goto(desk.origin + path)
            if await page.evaluate("document.documentElement.scrollWidth > innerWidth"):
                wrong.append(f"{name}: scrolls sideways")
            await page.screenshot(path=SHOTS / f"{name}-{theme}-{width}.png", full_page=True)
            wrong += [f"{name}: {line}" for line in await axe(page)]
        assert wrong == [], "\n".join(wrong)
        reports = dict(desk.app[REPORTS].counts)
        assert reports == {}, reports
