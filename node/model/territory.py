"""Country names as people and programs write them → ISO 3166-1 alpha-2. It decides nothing about places inside a country."""

from functools import cache

_ISO_LETTERS = 2
_LANGUAGES = ("en", "de", "es", "fr", "it", "pt", "nl", "sv", "da", "nb", "fi", "pl")
_SPOKEN = {
    "uk": "GB",
    "england": "GB",
    "scotland": "GB",
    "wales": "GB",
    "northern ireland": "GB",
    "great britain": "GB",
    "u.s.a.": "US",
    "u.s.": "US",
    "united states of america": "US",
    "holland": "NL",
    "the netherlands": "NL",
    "turkey": "TR",
    "czech republic": "CZ",
}


def alpha2(country: str) -> str:
    """The code for a country's name in a common language, its alpha-2 or alpha-3 code; "" where it is none of them."""
    name = country.strip().casefold()
    if not name:
        return ""
    if len(name) == _ISO_LETTERS and name.upper() in _codes():
        return name.upper()
    return _SPOKEN.get(name) or _aliases().get(name) or next((names[name] for names in map(_names, _LANGUAGES) if name in names), "")


@cache
def _codes() -> frozenset[str]:
    return frozenset(_names("en").values())


@cache
def _names(language: str) -> dict[str, str]:
    from babel import Locale  # tables of some size: read only where an address has a country

    found = Locale(language).territories
    return {str(name).casefold(): code for code, name in found.items() if len(code) == _ISO_LETTERS and code.isalpha() and code != "ZZ"}


@cache
def _aliases() -> dict[str, str]:
    from babel.core import get_global

    known = _codes()
    table = get_global("territory_aliases")
    return {alias.casefold(): codes[0] for alias, codes in table.items() if len(alias) == 3 and alias.isalpha() and codes[0] in known}
