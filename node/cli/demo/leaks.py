"""Whether any file the processes wrote holds a customer's data in the clear. The files are looked at as raw bytes."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from node.canary import scan_files

LEAST = 8


def secrets_of(customers: Iterable[Mapping[str, Any]]) -> list[str]:
    """Names, streets, e-mails and phones of 8 or more characters or digits."""
    found: set[str] = set()
    for customer in customers:
        written = customer["details"]
        phones = [number for phone in written["phones"] for number in (phone["value"], phone["whole"])]
        digits = ["".join(letter for letter in phone if letter.isdigit()) for phone in phones]
        streets = [line for address in written["addresses"] for line in address["street"].split("\n")]
        emails = [email["value"] for email in written["emails"]]
        found |= {text.strip() for text in (customer["name"], *phones, *digits, *streets, *emails) if len(text.strip()) >= LEAST}
    return sorted(found)


def hits(root: Path, secrets: Iterable[str]) -> int:
    """How often any of `secrets` stands in a file below `root`, in any usual encoding."""
    files = [path for path in root.rglob("*") if path.is_file() and not path.is_symlink()]
    return len(scan_files(files, list(secrets)))
