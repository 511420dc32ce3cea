"""Amounts, dates and ids as they read."""

import pytest

from node.web import formats
from node.web.formats import Reader, reader_var

NOW = 1_764_590_400_000


@pytest.fixture(autouse=True)
def _english():
    token = reader_var.set(Reader("en", "Europe/Madrid", NOW))
    yield
    reader_var.reset(token)


def test_money_follows_the_currency_and_the_reader() -> None:
    assert formats.money({"minor": 5200, "currency": "USD"}) == "$52.00"
    assert formats.money((1500, "JPY")) == "¥1,500"
    assert formats.money((-125, "EUR")) == "-€1.25"
    assert formats.money((10**30 + 1, "USD")).endswith("0.01")
    reader_var.set(Reader("de-DE", "UTC", NOW))
    assert formats.money((123456, "EUR")) == "1.234,56\xa0€"


@pytest.mark.parametrize(
    ("base", "shown"),
    [
        (0, "0 GMS"),
        (14_200_000_000_000_000_000, "14.2 GMS"),
        ("1", "< 0.0001 GMS"),
        (-1_250_000_000_000_000_000, "-1.25 GMS"),
        (1_999_999_999_999_999_999, "1.9999 GMS"),
        (10**27, "1,000,000,000 GMS"),
    ],
)
def test_gms_never_shows_more_than_there_is(base: int | str, shown: str) -> None:
    assert formats.gms(base) == shown


def test_gms_exact_keeps_every_digit() -> None:
    assert formats.gms_exact(10**27 + 1) == "1,000,000,000.000000000000000001 GMS"


def test_dates_in_the_readers_zone() -> None:
    assert formats.date(NOW) == "1 December 2025"
    assert formats.datetime_text(NOW) == "1 Dec, 13:00"
    assert formats.datetime_text(NOW - 366 * 86_400_000) == "30 Nov 2024, 13:00"
    assert formats.ago(NOW - 2 * 3_600_000) == "2 hours ago"
    assert formats.ago(NOW + 3 * 86_400_000) == "in 3 days"
    assert formats.ago(NOW - 30 * 86_400_000) == "1 November 2025"
    assert formats.iso(NOW) == "2025-12-01T12:00:00+00:00"


@pytest.mark.parametrize("zone", ["UTC", "Pacific/Kiritimati", "Etc/GMT+12"])
@pytest.mark.parametrize("ms", [-(2**63), -1, 0, 2**53 - 1, 2**63 - 1])
def test_a_peers_date_beyond_the_calendar_is_shown_and_breaks_no_page(ms: int, zone: str) -> None:
    reader_var.set(Reader("en", zone, NOW))
    for show in (formats.date, formats.datetime_text, formats.ago, formats.iso):
        assert ("9999" if ms > 0 else "19") in show(ms)


def test_an_unknown_locale_reads_english() -> None:
    assert Reader("xx-nonsense").language == "en"


@pytest.mark.parametrize("locale", ["de-DE", "ar", "fr_FR", "pt_BR", "ja"])
def test_no_sentence_is_in_two_languages_whatever_the_locale_of_figures(locale: str) -> None:
    reader_var.set(Reader(locale, "Europe/Madrid", NOW))
    assert formats.ago(NOW - 20_000) == "20 seconds ago"
    assert (formats.date(NOW), formats.datetime_text(NOW)) == ("1 December 2025", "1 Dec, 13:00")
    assert (formats.month_name(3), formats.birthday("--10-03")) == ("March", "3 October")
    assert (Reader(locale).language, Reader(locale).direction) == ("en", "ltr")  # what a screen reader goes by


@pytest.mark.parametrize(
    "href", ["javascript:alert(1)", "//evil.example", "/\\evil.example", "https://evil.example", " /x", "", "/a\nb", "data:text/html,x"]
)
def test_only_paths_of_this_desk_are_links(href: str) -> None:
    assert formats.local(href) == "#"


def test_paths_of_this_desk_stay() -> None:
    assert [formats.local(href) for href in ("/", "/orders/1?x=//y", "#top", "?q=1")] == ["/", "/orders/1?x=//y", "#top", "?q=1"]


def test_ids_and_faces() -> None:
    assert formats.short("ab" * 32) == "ababab…abab"
    assert formats.short("LUM-DGS-30") == "LUM-DGS-30"
    assert [formats.initials(name) for name in ("Ana Pérez", "Ben", "  ", "(x)")] == ["AP", "B", "·", "·"]


def test_qr_is_a_scalable_picture_without_inline_style() -> None:
    svg = formats.qr("gemstra:invite:1")
    assert "viewBox" in svg
    assert "style" not in svg
