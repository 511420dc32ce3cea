"""Words for a product file on the page: what becomes of a product, and what a batch did."""

from node.services.catalog_batches import BatchView
from node.services.catalog_imports import ProductImportView
from node.services.runs import ProgressView

DIALECTS = {
    "shopify": "Shopify", "woocommerce": "WooCommerce", "google-xml": "a Google feed (XML)", "google-table": "a Google feed (table)",
    "json-ld": "schema.org (JSON-LD)", "gemstra-products": "Gemstra", "csv": "a table",
}  # fmt: skip
FORMS = {
    "shopify": "Shopify (CSV)", "woocommerce": "WooCommerce (CSV)", "google-xml": "Google Merchant (XML)",
    "google-table": "Google Merchant (table)",
    "json-ld": "schema.org (JSON-LD)", "json-lines": "Gemstra (JSON lines)",
}  # fmt: skip
OUTCOMES = {
    "new": ("New", "done"),
    "price": ("Price changes", "active"),
    "stock": ("Stock changes", "active"),
    "changed": ("Changed", "active"),
    "withdrawn": ("Withdrawn", "attention"),
    "same": ("Unchanged", "waiting"),
    "error": ("Not sold", "stopped"),
}
HOW = {"hand": "by hand", "clock": "at its planned time, planned", "place": "by a watched place"}
PHASES = {
    "reading": "Reading the file",
    "mapping": "Reading the columns anew",
    "matching": "Comparing with your catalog",
    "writing": "Signing the changes",
}
_PLURALS = (("new", "new"), ("price", "price changes"), ("stock", "stock changes"), ("changed", "changed"), ("withdrawn", "withdrawn"))


def counted(counts: dict[str, int]) -> str:
    """“12 new, 3 price changes, 1 withdrawn”."""
    parts = [f"{counts[name]:,} {_one(words, counts[name])}" for name, words in _PLURALS if counts.get(name)]
    return ", ".join(parts) or "nothing"


def _one(words: str, count: int) -> str:
    return words.removesuffix("s") if count == 1 else words


def summary(file: ProductImportView) -> str:
    """What confirming would do, in one line."""
    text = counted({name: getattr(file, name) for name, _ in _PLURALS})
    return f"{text}, {file.promotions:,} {_one('promotions', file.promotions)} new" if file.promotions else text


def state_of(file: ProductImportView) -> str:
    """How far a file is."""
    if file.state == "columns":
        return "Waits for its columns"
    if file.state == "reading":
        return "Being read"
    return f"{summary(file).capitalize()} would be signed" if file.writes else "Nothing would change"


def batch_words(batch: BatchView) -> str:
    """What a batch did, in one line."""
    if batch.kind == "rollback":
        return f"Took a batch back: {batch.counts.get('restored', 0):,} products as before"
    return counted(batch.counts)


def who_words(batch: BatchView) -> str:
    """Which device had it signed, and how."""
    return " ".join(part for part in (HOW[batch.how], f"on {batch.device}" if batch.device else "") if part)


def phase_of(progress: ProgressView) -> dict[str, object] | None:
    """How far what is under way is; None while it rests."""
    if not progress.phase:
        return None
    return {"text": PHASES[progress.phase], "done": progress.done, "total": progress.total}
