"""The commands of product files, over the API of a node's store: looked at, mapped, signed, taken back."""

import json

import pytest

from node.api import catalog, catalog_imports, catalog_sources
from node.app import catalog_exports
from tests.node.cli.serving import Runtime, serving
from tests.node.services.product_files import line, runs, shopify
from tests.node.services.test_catalog_watch import watch


class Importing(Runtime):
    def __init__(self, node) -> None:
        super().__init__(node)
        self.catalog_imports = runs(node)
        self.catalog_watch = watch(node)

    async def export_catalog(self, form, currency):
        return await catalog_exports.begin(self.read, form, currency, self.node.clock.now)


@pytest.fixture
def call(lumen, tmp_path):
    """A `gemstra` at a merchant's node."""
    with serving(Importing(lumen), tmp_path / "data", (*catalog_imports.ROUTES, *catalog_sources.ROUTES, *catalog.ROUTES)) as run:
        yield run


def rows(call, *words):
    return [json.loads(text) for text in call("--json", "catalog", *words).stdout.splitlines()]


def test_a_look_signs_nothing_and_the_file_is_signed_by_its_id(call, tmp_path):
    file = tmp_path / "shop.csv"
    file.write_bytes(shopify(line("a", "A", "5"), line("b", "B", "cheap")))
    found = rows(call, "import", str(file), "--dry-run")
    assert sorted((row["sku"], row["outcome"]) for row in found) == [("A", "new"), ("B", "error")]
    assert "Sign it with" in call("catalog", "import", str(file), "--dry-run").output
    waiting = json.loads(call("--json", "catalog", "waiting").stdout)
    assert [row["new"] for row in waiting] == [1, 1]
    assert json.loads(call("--json", "catalog", "feeds").stdout) == []
    assert "Row 3 is not for sale" in call("catalog", "import", waiting[0]["id"]).output
    assert json.loads(call("--json", "catalog", "feeds").stdout)[0]["products"] == 1
    call("catalog", "import", waiting[1]["id"], code=5)  # the catalog changed since
    call("catalog", "waiting", "--drop", waiting[1]["id"])
    assert json.loads(call("--json", "catalog", "waiting").stdout) == []


def test_a_file_that_changes_nothing_is_not_to_be_signed_and_one_change_is_one(call, tmp_path):
    file = tmp_path / "shop.csv"
    file.write_bytes(shopify(line("a", "A", "5")))
    assert "Take it back with" in call("catalog", "import", str(file)).output
    looked = call("catalog", "import", str(file), "--dry-run").output
    assert "1 unchanged" in looked
    assert "there is nothing to sign" in looked
    assert "Sign it with" not in looked
    assert "nothing-to-do" in call("catalog", "import", str(file), code=5).output
    file.write_bytes(shopify(line("a", "A", "6")))
    looked = call("catalog", "import", str(file), "--dry-run").output
    assert "1 price change. Prices in" in looked
    assert "Sign it with" in looked


def test_columns_are_said_remembered_and_used_again(call, tmp_path):
    file = tmp_path / "list.csv"
    file.write_text("Nummer;Was;Kosten\nA;Seife;4,50\n")
    assert "Its columns are unknown" in call("catalog", "import", str(file), "--dry-run").output
    waiting = json.loads(call("--json", "catalog", "waiting").stdout)[0]["id"]
    columns = json.loads(call("--json", "catalog", "columns", waiting).stdout)
    assert [row["title"] for row in columns] == ["Nummer", "Was", "Kosten"]
    call("catalog", "import", waiting, "--map", "Nummer=sku", "--map", "Was=title", "--map", "Kosten=price")
    (mapping,) = json.loads(call("--json", "catalog", "mappings").stdout)
    file.write_text("Nummer;Was;Kosten\nA;Seife;4,20\n")
    call("catalog", "import", str(file))
    batches = json.loads(call("--json", "catalog", "batches").stdout)
    assert [row["counts"]["price"] for row in batches] == [1, 0]
    call("catalog", "mappings", "--forget", mapping["id"])
    assert json.loads(call("--json", "catalog", "mappings").stdout) == []


def test_a_batch_is_taken_back_and_replace_is_said_for_one_that_waits(call, tmp_path):
    file = tmp_path / "shop.csv"
    file.write_bytes(shopify(line("a", "A", "5"), line("b", "B", "6")))
    call("catalog", "import", str(file))
    file.write_bytes(shopify(line("a", "A", "5")))
    assert [row["outcome"] for row in rows(call, "import", str(file), "--dry-run")] == ["same"]
    waiting = json.loads(call("--json", "catalog", "waiting").stdout)[0]["id"]
    assert [row["outcome"] for row in rows(call, "import", waiting, "--replace", "--dry-run")] == ["same", "withdrawn"]
    done = json.loads(call("--json", "catalog", "import", waiting).stdout)
    assert json.loads(call("--json", "catalog", "feeds").stdout)[0]["products"] == 1
    call("catalog", "rollback", done["batch"])
    assert json.loads(call("--json", "catalog", "feeds").stdout)[0]["products"] == 2
    call("catalog", "rollback", done["batch"], code=5)


def test_the_catalog_is_written_to_a_file_and_never_over_one(call, tmp_path):
    file, out = tmp_path / "shop.csv", tmp_path / "out.xml"
    file.write_bytes(shopify(line("a", "A", "5")))
    call("catalog", "import", str(file))
    call("catalog", "export", str(out), "--format", "google-xml")
    assert b"<g:price>5.00 USD</g:price>" in out.read_bytes()
    call("catalog", "export", str(out), code=5)
    call("catalog", "export", str(out), "--force")
    assert out.read_bytes().startswith(b'{"gemstra":"products"')
    call("catalog", "export", str(tmp_path / "x"), "--format", "papyrus", code=1)
    call("catalog", "export", str(tmp_path / "x"), "--currency", "EUR", code=3)
    assert not (tmp_path / "x").exists()


def test_a_folder_is_watched(call, tmp_path):
    (tmp_path / "exports").mkdir()
    (tmp_path / "exports" / "shop.csv").write_bytes(shopify(line("a", "A", "5")))
    made = json.loads(call("--json", "catalog", "watch", str(tmp_path / "exports"), "--publish").stdout)
    assert (made["kind"], made["publish"], made["every"]) == ("folder", True, 60)
    (looked,) = json.loads(call("--json", "catalog", "places", "--look", made["id"]).stdout)
    assert (looked["error"], looked["taken"] > 0) == ("", True)
    assert json.loads(call("--json", "catalog", "feeds").stdout)[0]["products"] == 1
    call("catalog", "places", "--forget", made["id"])
    assert json.loads(call("--json", "catalog", "places").stdout) == []


def test_a_file_without_a_currency_is_priced_in_that_of_the_desk(call, tmp_path):
    file = tmp_path / "shop.csv"
    file.write_bytes(shopify(line("a", "A", "5")))
    call("catalog", "import", str(file), "--currency", "eur")
    file.write_bytes(shopify(line("a", "A", "6")))
    [changed] = rows(call, "import", str(file), "--dry-run", "--only", "price")
    assert "EUR" in json.dumps(changed)
    place = json.loads(call("--json", "catalog", "watch", str(tmp_path)).stdout)
    assert place["currency"] == "EUR"
