"""Proof that somebody signed two things where one belongs. Times in milliseconds UTC."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Evidence:
    """Two raw envelopes by one writer for one place of a log. `identity` is whose log it is."""

    id: bytes
    identity: bytes
    log: bytes
    seq: int
    first: bytes
    second: bytes
    found_at: int
