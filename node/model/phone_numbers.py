"""A phone number as it was written → E.164, by phonenumbers; plain ones by the same tables without its many steps. And E.164 → for people.

Only what can be read in one way is read quickly: digits and simple separators, a length that is whole in its country, no leading
zero, nothing that a trunk prefix, a carrier code or the country's own code could be. All else goes to phonenumbers itself.
"""

import re
from dataclasses import dataclass
from functools import cache

_PLAIN = re.compile(r"(\+?)(\d[\d .\-]*|\(\d{1,4}\)[\d .\-]*)(?<=\d)\Z", re.ASCII)
_SEPARATORS = str.maketrans("", "", " .-()")
_LONGEST_CODE = 3
_WHOLE = re.compile(r"\+\d{4,15}\Z", re.ASCII)


@dataclass(frozen=True, slots=True)
class _Plan:
    """What a country's numbers look like. `own`: what a number of it may begin with that is no part of it."""

    code: str
    own: re.Pattern[str]
    abroad: re.Pattern[str]
    lengths: frozenset[int]

    def takes(self, number: str) -> bool:
        """Whether `number` is a whole national number that can be read in no other way."""
        return len(number) in self.lengths and number[0] != "0" and not self.own.match(number)


@cache
def _plan(region: str) -> _Plan | None:
    from phonenumbers import PhoneMetadata, region_code_for_country_code

    found = PhoneMetadata.metadata_for_region(region, None)
    if found is None or found.general_desc is None or found.country_code is None:
        return None
    main = PhoneMetadata.metadata_for_region(region_code_for_country_code(found.country_code), None)
    if main is None or main.general_desc is None:
        return None
    lengths = set(found.general_desc.possible_length) & set(main.general_desc.possible_length)
    local = {*found.general_desc.possible_length_local_only, *main.general_desc.possible_length_local_only}
    own = "|".join(prefix for prefix in (found.national_prefix_for_parsing, main.national_prefix_for_parsing) if prefix)
    return _Plan(
        str(found.country_code),
        re.compile(own or r"(?!)"),
        re.compile(found.international_prefix or r"(?!)"),
        frozenset(lengths - local),
    )


@cache
def _plan_of_code(code: str) -> _Plan | None:
    from phonenumbers import COUNTRY_CODE_TO_REGION_CODE

    regions = COUNTRY_CODE_TO_REGION_CODE.get(int(code), ())
    return _plan(regions[0]) if regions and regions[0] != "001" else None


def _quick(raw: str, region: str) -> str | None:
    match = _PLAIN.match(raw)
    if match is None:
        return None
    digits = match[2].translate(_SEPARATORS)
    if match[1]:
        for size in range(1, _LONGEST_CODE + 1):  # no country's code is the beginning of another's
            plan = _plan_of_code(digits[:size]) if digits[0] != "0" else None
            if plan is not None:
                number = digits[size:]
                return f"+{digits}" if number and plan.takes(number) else None
        return None
    plan = _plan(region)
    if plan is None or digits.startswith(plan.code) or plan.abroad.match(digits) or not plan.takes(digits):
        return None
    return f"+{plan.code}{digits}"


def e164(raw: str, region: str) -> str | None:
    """The whole number that `raw` is, dialled in `region` (two capitals); None where it is none."""
    return _quick(raw, region) or slow_e164(raw, region)


def slow_e164(raw: str, region: str) -> str | None:
    """What phonenumbers makes of `raw`: the reference for the quick way."""
    import phonenumbers  # a large table: read only when there are numbers

    try:
        number = phonenumbers.parse(raw[:250], region)
    except phonenumbers.NumberParseException:
        return None
    if phonenumbers.is_possible_number_with_reason(number) != phonenumbers.ValidationResult.IS_POSSIBLE:
        return None
    number.extension = None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def readable(number: str) -> str:
    """An E.164 number as people read it, with its country's spaces; one that is none stays as it was written."""
    if not _WHOLE.match(number):
        return number
    import phonenumbers

    try:
        return phonenumbers.format_number(phonenumbers.parse(number), phonenumbers.PhoneNumberFormat.INTERNATIONAL)
    except phonenumbers.NumberParseException:  # a code of no country, from a record written elsewhere
        return number
