"""Languages by their BCP 47 tag, as far as texts for people need them: language, script, region, in the case that RFC 5646 recommends.

One language has one spelling here, so that two texts in it are seen to be two. It knows no names of languages.
"""

import re

from .errors import Malformed

LONGEST = 12
_TAG = re.compile(r"[a-z]{2,3}(-[A-Z][a-z]{3})?(-([A-Z]{2}|[0-9]{3}))?")


def check_language(tag: str) -> None:
    """Raises Malformed `language`."""
    if not _TAG.fullmatch(tag):
        raise Malformed(f"{tag!r} is no language tag such as de, de-CH or zh-Hant", code="language")
