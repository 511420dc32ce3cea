"""Two people meet by clicking: real nodes, real pages, from the first page to a membership, then lock and unlock."""

from pathlib import Path

import pytest

from tests.e2e.browser import chromium, needs_chromium
from tests.e2e.desks import PASSPHRASE, Desk, desk

pytestmark = [pytest.mark.browser, pytest.mark.slow, needs_chromium]


async def code_on(page_of: Desk) -> str:
    """The six digits on a screen, once they are there."""
    code = page_of.page.locator("span.code")
    await page_of.see(code)
    return "".join((await code.inner_text()).split())


async def pair(host: Desk, guest: Desk, *, look: bool = False) -> None:
    """`host` invites, `guest` opens the link; both compare and confirm."""
    await host.goto("/peers")
    await host.press("Make an invite")
    link = await host.page.get_by_role("textbox", name="Invite link").input_value()
    if look:
        await host.look("invite")
    await guest.goto("/peers")
    await guest.page.get_by_label("Invite link").fill(f"  {link[:40]}\n{link[40:]} ")
    await guest.press("Connect")
    assert await code_on(guest) == await code_on(host)  # the host's screen came to it by itself
    if look:
        await guest.look("compare")
    await guest.press("It is the same")
    await guest.see(guest.page.get_by_text("Waiting for").first)
    await host.press("It is the same")
    for one in (host, guest):
        await one.see(one.page.get_by_text("You are connected to").first)


@pytest.mark.asyncio
async def test_a_seller_and_a_shop_meet_by_clicking(tmp_path: Path) -> None:
    async with chromium() as browser, desk(browser, tmp_path, "lumen") as lumen, desk(browser, tmp_path, "ana") as ana:
        await lumen.set_up("I run a shop that others sell for")
        await ana.set_up("I sell to people I know", look=True)
        await ana.look("today-new")
        await ana.goto("/peers")
        await ana.look("peers-empty")
        await pair(lumen, ana, look=True)
        await ana.look("connected")

        await ana.page.get_by_role("link", name="Go to Lumen").click()
        await ana.look("peer")
        await lumen.goto("/")
        await ana.press("Ask to sell for it")
        await ana.heading("Team")
        await lumen.page.get_by_text("Ana wants to sell for you").wait_for()  # nobody reloaded the page
        await lumen.look("today-asked")
        await lumen.page.get_by_role("link", name="Ana wants to sell for you").click()
        await lumen.look("members")
        await lumen.press("Accept")
        await lumen.page.get_by_text("Ana sells for you now").wait_for()
        await ana.page.get_by_text("Accepted", exact=True).wait_for()
        await ana.look("team")
        await ana.goto("/peers")
        await ana.look("peers")

        await ana.press("Lock page")
        await ana.heading("This page is locked")
        await ana.page.get_by_label("Passphrase").fill("something else")
        await ana.press("Unlock")
        await ana.page.get_by_text("doesn't open this vault").first.wait_for()
        await ana.look("unlock-wrong")
        await ana.page.get_by_label("Passphrase").fill(PASSPHRASE)
        await ana.press("Unlock")
        await ana.heading("Hello, Ana")

        await ana.goto("/keys")
        await ana.look("keys")
        await ana.page.get_by_text("Lock vault now").click()
        await ana.press("Lock vault")
        await ana.heading("Your desk is locked")
        await ana.page.get_by_label("Passphrase").fill(PASSPHRASE)
        await ana.press("Unlock")
        await ana.heading("Hello, Ana")
        assert ana.wrong == []
        assert lumen.wrong == []


@pytest.mark.asyncio
async def test_all_of_it_works_with_scripts_off_and_a_used_invite_is_told(tmp_path: Path) -> None:
    async with chromium() as browser, desk(browser, tmp_path, "ben", scripts=False) as ben, desk(browser, tmp_path, "cleo") as cleo:
        for one in (ben, cleo):
            await one.set_up("I sell to people I know")
        await pair(ben, cleo)
        await pair(cleo, ben)  # once more, the other way round: the pairing is renewed
        await ben.goto("/peers")
        await ben.page.get_by_label("Invite link").fill("gemstra://pair?i=broken")
        await ben.press("Connect")
        await ben.page.get_by_text("The invite link is damaged").first.wait_for()
        await ben.press("Lock page")
        await ben.page.get_by_label("Passphrase").fill(PASSPHRASE)
        await ben.press("Unlock")
        await ben.heading("Hello, Ben")
        assert (ben.wrong, cleo.wrong) == ([], [])
