"""Products whose rows are still coming. It decides how many are held at a time: a file of any size is read in little memory."""

from collections.abc import Iterator

from node.model.listing import ProductRow, Skipped, VariantRow

from .bounds import MOST_VARIANTS
from .listing import Assembly, Draft

MOST_OPEN = 1000
_MOST_IMAGES = 100
_LONGEST_ADDRESS = 2000


class Gathering:
    """Drafts by their key (a handle, a group) in the order of the file; the oldest is finished once too many are open."""

    def __init__(self, assembly: Assembly | None = None) -> None:
        self._assembly = assembly or Assembly()
        self._open: dict[str, Draft] = {}
        self._closed: set[str] = set()

    def find(self, key: str) -> Draft | None:
        """The product of this key, while its rows are awaited."""
        return self._open.get(key)

    def closed(self, key: str) -> bool:
        """Whether the product of this key was finished: its rows do not stand together."""
        return key in self._closed

    def add(self, key: str, draft: Draft) -> Iterator[ProductRow | Skipped]:
        """Begin a product, and give what had to be finished for it."""
        self._open[key] = draft
        if len(self._open) > MOST_OPEN:
            oldest = next(iter(self._open))
            yield from self._assembly.finished(self._open.pop(oldest))
            self._closed.add(oldest)

    def rest(self) -> Iterator[ProductRow | Skipped]:
        """What is open at the end of the file."""
        for draft in self._open.values():
            yield from self._assembly.finished(draft)
        self._open.clear()


def apart(row: int, sku: str, name: str, key: str, column: str) -> Skipped:
    """A row that comes long after its product."""
    reason = f"The rows of “{key[:80]}” do not stand together. Sort the file by the column “{column}” and import it again."
    return Skipped(row, reason, sku, name, code="rows-apart")


def take_variant(draft: Draft, variant: VariantRow) -> Skipped | None:
    """Add it to the draft; a reason where that has all it can hold."""
    if len(draft.variants) >= MOST_VARIANTS:
        reason = f"One product holds {MOST_VARIANTS} variants or 60 kB of texts. Divide it into several products."
        return Skipped(variant.row, reason, variant.sku, draft.title, code="too-large")
    draft.variants.append(variant)
    return None


def take_image(draft: Draft, address: str) -> None:
    """Add a picture's address, as far as a product can hold them."""
    if address and len(address) <= _LONGEST_ADDRESS and len(draft.images) < _MOST_IMAGES:
        draft.images.append(address)


def take_skipped(draft: Draft, row: int, reason: str, sku: str, code: str, *, aside: bool = False) -> Skipped:
    """A row of the draft that is not sold; `aside`: the shop has put the whole product aside."""
    draft.told = draft.told or row == draft.row
    return Skipped(row, reason, sku, draft.title, draft.handle if aside else "", code)
