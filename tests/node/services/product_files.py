"""Product files brought in as the node does it, with no thread and no page between."""

import io

from node.files import products
from node.services import catalog_imports
from node.services.catalog_runs import CatalogRuns

HEAD = "Handle,Title,Body (HTML),Vendor,Status,Option1 Name,Option1 Value,Variant SKU,Variant Price,Variant Compare At Price,Variant Inventory Tracker,Variant Inventory Qty,Tags,Image Src\n"


class Files:
    """The readers, at the world's time."""

    def __init__(self, now) -> None:
        self.now = now

    def open(self, source, *, name, currency, progress):
        return products.open_products(source, name=name, currency=currency, now_ms=self.now, progress=progress)

    def rows(self, rows, header, targets, currency):
        return products.read_rows(rows, header, targets, currency, self.now)


def runs(node):
    return CatalogRuns(node.store, Files(node.clock.now))


def line(handle, sku, price, *, title="Soap", option="", status="active", before="", stock="5", tags="", image=""):
    name, value = ("Size", option) if option else ("Title", "Default Title")
    return f"{handle},{title},,Shop,{status},{name},{value},{sku},{price},{before},shopify,{stock},{tags},{image}\n"


def shopify(*lines):
    return (HEAD + "".join(lines)).encode()


def stage(node, data, *, name="shop.csv", currency="USD", withdraw=False):
    """The id of the file that waits."""
    return runs(node).stage_now(io.BytesIO(data), name, currency, withdraw, 0, None)


def counts(node, staged):
    view = node.read(catalog_imports.get_staged, staged=staged)
    return {name: getattr(view, name) for name in ("new", "price", "stock", "changed", "withdrawn", "same", "error") if getattr(view, name)}


def rows(node, staged, outcome=""):
    return node.read(catalog_imports.list_rows, staged=staged, outcome=outcome, limit=200).rows


def apply(node, staged):
    return runs(node).apply_now(staged)


def bring(node, data, **options):
    """Staged and confirmed at once."""
    return apply(node, stage(node, data, **options))
