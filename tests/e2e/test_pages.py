"""What the browser does with our pages: the policy and axe notice what is planted, scripts are ours only, and without them all works."""

import pytest

from tests.e2e.browser import axe, chromium, needs_chromium
from tests.e2e.gallery import gallery
from tests.e2e.looks import enter

pytestmark = [pytest.mark.browser, needs_chromium]


@pytest.mark.asyncio
async def test_controls_a_planted_script_is_reported_and_a_removed_label_is_found() -> None:
    async with gallery() as desk, chromium() as browser:
        page = await enter(desk, browser, "light", 1280)
        async with page.expect_request("**/csp-report"):
            await page.evaluate(
                "document.body.insertAdjacentElement('beforeend', Object.assign(document.createElement('img'), {src: 'https://evil.example/x.png'}))"
            )
        await page.wait_for_function("performance.getEntriesByType('resource').length > 0")
        assert await page.evaluate("(() => { try { document.body.innerHTML = '<b>x</b>'; return false } catch { return true } })()")
        await page.goto(f"{desk.origin}/sample/unlock")
        await page.evaluate("document.querySelector('label').remove()")
        assert any(line.startswith("label") for line in await axe(page))


@pytest.mark.asyncio
async def test_an_injected_htmx_attribute_is_inert_and_ours_work() -> None:
    async with gallery() as desk, chromium() as browser:
        page = await enter(desk, browser, "light", 1280)
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        await page.goto(f"{desk.origin}/sample/customers")
        await page.evaluate("""() => {
            const planted = document.createElement("div");
            planted.setAttribute("hx-get", "/sample/steal"); planted.setAttribute("hx-trigger", "load");
            document.body.append(planted); htmx.process(planted);
        }""")
        async with page.expect_request("**/customers?q=mia"):
            await page.get_by_role("searchbox").press_sequentially("mia")
        assert not any("steal" in url for url in asked)


@pytest.mark.asyncio
async def test_a_desk_without_scripts_opens_and_posts() -> None:
    async with gallery() as desk, chromium() as browser:
        page = await enter(desk, browser, "light", 1280, scripts=False)
        await page.get_by_role("button", name="Dark", exact=True).first.click()
        assert await page.locator("html").get_attribute("data-theme") == "dark"
        await page.get_by_role("button", name="Lock page").first.click()
        await page.wait_for_url("**/unlock")
        await page.get_by_label("Passphrase").fill("anything")
        await page.get_by_role("button", name="Unlock").click()
        await page.wait_for_url("**/sample/today")


@pytest.mark.asyncio
async def test_the_code_leaves_the_address_bar_and_slash_finds_the_search() -> None:
    async with gallery() as desk, chromium() as browser:
        page = await enter(desk, browser, "light", 1280)
        assert "#" not in page.url
        await page.goto(f"{desk.origin}/sample/customers")
        await page.keyboard.press("/")
        assert await page.evaluate("document.activeElement.id") == "q"
        await page.goto(f"{desk.origin}/design")
        assert await page.evaluate("document.activeElement.id") == "errors"
