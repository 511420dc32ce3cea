"""Keys by clicking, on a real node: own words, both locks, passphrase, the wallet's words asked for and cancelled, the rotation sheet."""

from pathlib import Path

import pytest

from node.vault import words
from tests.e2e.browser import chromium, needs_chromium
from tests.e2e.desks import PASSPHRASE, Desk, desk

pytestmark = [pytest.mark.browser, pytest.mark.slow, needs_chromium]
FIRST = words.to_words(bytes(range(32)))
SECOND = words.to_words(bytes(range(100, 116)))
OTHER = "another passphrase"


async def look(of: Desk, shot: str) -> None:
    """As `Desk.look`; without scripts nothing can judge the page."""
    if of.scripts:
        await of.look(shot)


async def set_up_with_own_words(of: Desk) -> None:
    page = of.page
    await page.get_by_label("Your name or shop name").fill("Ana")
    await of.press("Continue")
    await of.follow("I have my words already")
    await of.heading("Your own words")
    await page.get_by_label("24 recovery words").fill(FIRST.replace(FIRST.split()[6], "appel", 1))
    await of.press("Continue")
    await page.get_by_text("Word 7, 'appel', is not on the list. Did you mean apple?").first.wait_for()
    assert await page.get_by_label("24 recovery words").input_value() == ""  # what was typed is not sent back
    await look(of, "own-words-wrong")
    await page.get_by_label("24 recovery words").fill("  " + FIRST.upper())
    await page.get_by_label("12 rotation words").fill(SECOND)
    await of.press("Continue")
    await of.heading("Choose a passphrase")
    await page.get_by_label("Passphrase", exact=True).fill(PASSPHRASE)
    await page.get_by_label("Type it again").fill(PASSPHRASE)
    await of.press("Finish")
    await of.heading("Hello, Ana")


async def rotate(of: Desk, passphrase: str) -> None:
    page = of.page
    await of.goto("/keys")
    await of.follow("Somebody has seen my words")
    await page.get_by_label("The 12 words of your second sheet").fill(FIRST)
    await of.press("Continue")
    await page.get_by_text("These are not the words of your rotation sheet").first.wait_for()
    await look(of, "rotate-wrong")
    await page.get_by_label("The 12 words of your second sheet").fill(SECOND)
    await of.press("Continue")
    await of.heading("Write down your fresh second sheet")
    fresh = await page.get_by_role("list", name="Rotation words").get_by_role("listitem").all_text_contents()
    assert len(fresh) == 12
    await look(of, "rotate-sheet")
    await of.follow("I wrote them down")
    boxes = [box for box in await page.get_by_role("textbox").all() if (await box.get_attribute("name") or "").startswith("word-")]
    assert len(boxes) == 3
    await of.press("Take over")
    await page.get_by_role("alert").wait_for()
    for box in await page.get_by_role("textbox").all():
        name = await box.get_attribute("name") or ""
        await box.fill(fresh[int(name.removeprefix("word-")) - 1] if name.startswith("word-") else passphrase)
    await page.get_by_label("Passphrase").fill(passphrase)
    await of.press("Take over")
    await of.heading("Your desk is yours again")
    await look(of, "rotated")
    await of.goto("/keys")
    await page.get_by_text("You rotated once").wait_for()


async def join(of: Desk, passphrase: str) -> None:
    """Words alone sign no device in; with the passphrase there is nothing to join here."""
    page = of.page
    for given, answer in (("not it at all", "That passphrase doesn't open this vault"), (passphrase, "No peer knows of another list")):
        await of.goto("/restored/rejoin")
        await page.get_by_label("Your words").fill(FIRST)
        await page.get_by_label("Passphrase").fill(given)
        await of.press("Join")
        await page.get_by_text(answer).first.wait_for()
    await look(of, "rejoin-wrong")


@pytest.mark.asyncio
@pytest.mark.parametrize("scripts", [True, False])
async def test_keys_by_clicking(tmp_path: Path, scripts: bool) -> None:
    async with chromium() as browser, desk(browser, tmp_path, "ana", scripts=scripts) as ana:
        page = ana.page
        await set_up_with_own_words(ana)
        await ana.goto("/keys")
        await look(ana, "keys")

        await ana.follow("Change the passphrase")
        await page.get_by_label("Passphrase now").fill(PASSPHRASE)
        await page.get_by_label("New passphrase").fill(OTHER)
        await page.get_by_label("Type the new one again").fill(OTHER)
        await ana.press("Change")
        await page.get_by_text("Your passphrase is changed").first.wait_for()

        await ana.follow("Your wallet's words")
        await page.get_by_label("Your words").fill(FIRST)
        await page.get_by_label("Passphrase").fill(OTHER)
        await ana.press("Approve")
        await page.get_by_text("Approved, waiting").wait_for()
        await look(ana, "wallet-words-waiting")
        await ana.goto("/")
        await page.get_by_text("Your wallet's words: waiting").first.wait_for()
        await ana.goto("/keys/wallet-words")
        await ana.press("Cancel it")
        await page.get_by_text("Cancelled. Nothing was shown").wait_for()

        await join(ana, OTHER)
        await rotate(ana, OTHER)

        await ana.press("Lock page now")
        await ana.heading("This page is locked")
        await page.get_by_label("Passphrase").fill(OTHER)
        await ana.press("Unlock")
        await ana.heading("Hello, Ana")
        await ana.goto("/keys")
        await page.get_by_text("Lock vault now").click()
        await ana.press("Lock vault")
        await ana.heading("Your desk is locked")
        await page.get_by_label("Passphrase").fill(OTHER)
        await ana.press("Unlock")
        await ana.heading("Hello, Ana")
        assert ana.wrong == []
