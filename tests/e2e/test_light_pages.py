"""Every sample page and /design in Chromium, in the light theme, narrow and wide."""

import pytest

from tests.e2e.browser import needs_chromium
from tests.e2e.looks import look_at_all

pytestmark = [pytest.mark.browser, needs_chromium]


@pytest.mark.asyncio
async def test_pages_hold_in_the_light_theme() -> None:
    await look_at_all("light")
