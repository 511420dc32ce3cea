"""A picture of a product of ours that did not come from its address."""

from dataclasses import dataclass

_HOUR = 3_600_000
_LONGEST = 7 * 24 * _HOUR


@dataclass(frozen=True, slots=True)
class PictureFailure:
    """`handle` names the product; `at` is when it was tried last, `again` when it is tried next (ms)."""

    feed: bytes
    handle: str
    url: str
    code: str
    reason: str
    at: int
    tries: int = 1
    again: int = 0


def wait_after(tries: int) -> int:
    """How long to wait after so many tries in vain: an hour, then four times as long each time, a week at most."""
    return min(_HOUR << 2 * min(tries - 1, 8), _LONGEST)
