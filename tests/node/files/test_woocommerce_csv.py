"""WooCommerce's export: types, visibility, sales with dates, variations in any order, translated headers."""

import pytest

from node.errors import UserError

from .makers import WOO, read, reasons, skus, table, woo

PARENT = {
    "id": "10",
    "type": "variable",
    "sku": "tee",
    "name": "Tee",
    "Attribute 1 name": "Size",
    "Attribute 1 value(s)": "S, M",
    "Stock": "7",
}


def variation(**cells):
    return {"type": "variation", "parent": "tee", "price": "20", "Attribute 1 name": "Size", **cells}


def test_simple_products_with_everything():
    found = woo(
        {
            "id": "1", "type": "simple, downloadable, virtual", "sku": "A-1", "name": "Album", "price": "15", "Description": r"Two\nlines",
            "Categories": r"Music > Folk\, Jazz, Other", "Tags": "a, b", "Images": "https://x.example/1.png, https://x.example/2.png", "Stock": "3",
            "Weight (kg)": "0.5", "GTIN, UPC, EAN, or ISBN": "4006381333931", "Tax status": "none",
        }
    )  # fmt: skip
    (product,) = found.products
    assert (product.handle, product.title, product.category, product.tags) == ("a-1", "Album", "Music > Folk, Jazz", ("a", "b"))
    assert product.description == "Two\nlines"
    assert product.images == ("https://x.example/1.png", "https://x.example/2.png")
    (variant,) = product.variants
    assert (variant.sku, variant.price_minor, variant.stock, variant.weight_grams, variant.gtin) == ("A-1", 1500, 3, 500, "4006381333931")
    assert variant.taxable is False


@pytest.mark.parametrize(
    ("cells", "words"),
    [
        ({"type": "grouped"}, "grouped"),
        ({"type": "external"}, "external"),
        ({"type": "subscription"}, "subscription"),
        ({"Published": "-1"}, "draft"),
        ({"Published": "0"}, "not published"),
        ({"Visibility in catalog": "hidden"}, "hidden"),
        ({"name": ""}, "no name"),
        ({"price": ""}, "no regular price"),
        ({"price": "", "sale": "5"}, "no regular price"),
        ({"price": "abc"}, "not a number"),
        ({"sale": "abc"}, "not a number"),
    ],
)
def test_what_is_not_sold_is_skipped_with_its_reason(cells, words):
    good = {"sku": "A", "name": "A", "price": "1"}
    assert skus(woo(good)) == ["A"]  # control
    found = woo(good | cells)
    assert found.products == ()
    assert [(skip.row, skip.sku) for skip in found.skipped] == [(2, "A")]
    assert words in found.skipped[0].reason


@pytest.mark.parametrize("visibility", ["visible", "catalog", "search", ""])
def test_only_hidden_is_hidden(visibility):
    assert skus(woo({"sku": "A", "name": "A", "price": "1", "Visibility in catalog": visibility})) == ["A"]


@pytest.mark.parametrize(
    ("starts", "ends", "sale", "price"),
    [
        ("", "", "8", 800),
        ("", "", "12", 1000),  # dearer than without the sale
        ("2027-01-15", "2027-01-15", "8", 800),  # the last day counts whole
        ("2027-01-16", "", "8", 1000),
        ("", "2027-01-14", "8", 1000),
        ("2027-01-15 08:00:00", "2027-01-15 08:00:00", "8", 800),
        ("2027-01-15 08:00:01", "", "8", 1000),
        ("", "2027-01-15 7:59:59", "8", 1000),
    ],
)
def test_the_sale_price_counts_while_it_is_on(starts, ends, sale, price):
    cells = {"Date sale price starts": starts, "Date sale price ends": ends, "sale": sale}
    (variant,) = woo({"sku": "A", "name": "A", "price": "10", **cells}).products[0].variants
    assert (variant.price_minor, variant.compare_at_minor) == (price, 1000 if price < 1000 else None)


def test_dates_that_cannot_be_read_are_not_guessed():
    found = woo({"sku": "A", "name": "A", "price": "10", "sale": "8", "Date sale price ends": "31/12/2030"})
    assert "31/12/2030" in reasons(found)[2]


@pytest.mark.parametrize("parent", ["tee", "id:10"])
@pytest.mark.parametrize("parent_first", [True, False])
def test_variations_find_their_product(parent, parent_first):
    variations = [
        variation(
            id="11", sku="tee-s", parent=parent, **{"Attribute 1 value(s)": "S", "Stock": "parent", "Images": "https://x.example/s.png"}
        ),
        variation(id="12", parent=parent, price="20,00", sale="15.00", **{"Attribute 1 value(s)": "M", "In stock?": "0", "Stock": "0"}),
    ]
    found = woo(*([PARENT, *variations] if parent_first else [*variations, PARENT]))
    (product,) = found.products
    assert [(option.name, option.values) for option in product.options] == [("Size", ("S", "M"))]
    assert [(v.sku, v.title, v.price_minor, v.stock, v.in_stock, v.image) for v in product.variants] == [
        ("tee-s", "S", 2000, 7, True, "https://x.example/s.png"),
        ("tee-12", "M", 1500, 0, False, ""),  # no SKU of its own: the product's and its ID
    ]
    assert found.skipped == ()


def test_a_variation_for_any_value_and_options_in_the_order_of_the_product():
    parent = PARENT | {"Attribute 2 name": "Colour", "Attribute 2 value(s)": "Red, Blue"}
    first = variation(sku="a", **{"Attribute 1 name": "Colour", "Attribute 1 value(s)": "Blue"})
    second = variation(sku="b", **{"Attribute 1 value(s)": "", "Attribute 2 name": "Colour", "Attribute 2 value(s)": "Red"})
    (product,) = woo(parent, first, second).products
    assert [(option.name, option.values) for option in product.options] == [("Size", ("S", "M")), ("Colour", ("Blue", "Red"))]
    assert [v.options for v in product.variants] == [("", "Blue"), ("", "Red")]


def test_variations_of_a_skipped_product_go_with_it():
    found = woo(PARENT | {"Published": "-1"}, variation(sku="a"), variation(sku="b"))
    assert list(reasons(found)) == [2]
    assert "2 variations" in reasons(found)[2]


def test_lost_and_switched_off_variations_and_products_left_with_nothing():
    found = woo(
        PARENT,
        variation(sku="a", Published="0"),
        variation(sku="b", parent="no such"),
        variation(sku="c", price="-1"),
        variation(parent=""),
    )
    assert found.products == ()
    assert list(reasons(found)) == [2, 3, 4, 5, 6]
    assert "Nothing of this product" in reasons(found)[2]
    assert "“no such” is not in the file" in reasons(found)[4]


def test_equal_skus_and_products_without_any():
    found = woo(
        {"id": "1", "sku": "A", "name": "One", "price": "1"},
        {"id": "2", "sku": "A", "name": "Two", "price": "2"},
        {"id": "3", "name": "Drei", "price": "3"},
        {"id": "4", "name": "Drei", "price": "4"},
        {"name": "Drei", "price": "5"},
    )
    assert skus(found) == ["A", "drei-3", "drei-4", "drei"]
    assert [product.handle for product in found.products] == ["a", "drei-3", "drei-4", "drei"]
    assert list(reasons(found)) == [3]
    assert "row 2" in reasons(found)[3]


def test_prices_with_a_decimal_comma():
    found = woo(
        {"sku": "A", "name": "A", "price": "1.234,56"},
        {"sku": "B", "name": "B", "price": "1,234.56"},
        {"sku": "C", "name": "C", "price": "18,5"},
    )
    assert [product.variants[0].price_minor for product in found.products] == [123456, 123456, 1850]


TRANSLATED = {
    "German": (
        "ID;Typ;Artikelnummer;Name;Veröffentlicht;Sichtbarkeit im Katalog;Vorrätig?;Lager;Angebotspreis;Regulärer Preis;Kategorien;Bilder;"
        "Übergeordnetes Produkt;Datum, an dem Angebotspreis beginnt;Attribut 1 Name;Attribut 1 Wert(e);Gewicht (g)"
    ),
    "French": (
        "ID;Type;UGS;Nom;Publié;Visibilité dans le catalogue;En stock ?;Stock;Tarif promo;Tarif régulier;Catégories;Images;"
        "Parent;Date de début de promo;Nom de l’attribut 1;Valeur(s) de l’attribut 1;Poids (g)"
    ),
    "Spanish": (
        "ID;Tipo;SKU;Nombre;Publicado;Visibilidad en el catálogo;¿Existencias?;Inventario;Precio rebajado;Precio normal;Categorías;Imágenes;"
        "Superior;Día en que empieza el precio rebajado;Nombre del atributo 1;Valor(es) del atributo 1;Peso (g)"
    ),
}


@pytest.mark.parametrize("language", TRANSLATED)
def test_translated_headers(language):
    rows = (
        "1;variable;tee;T-Shirt;1;visible;1;;;;Mode;;;;Größe;S, M;",
        "2;variation;tee-s;;1;visible;1;4;8,00;10,00;;;tee;;Größe;S;90",
        "3;variation;tee-m;;1;visible;0;0;8,00;10,00;;;id:1;2099-01-01;Größe;M;90",
        "4;simple;cap;Mütze;1;hidden;1;;;5;;;;;;;",
    )
    found = read("\n".join([TRANSLATED[language], *rows]).encode())
    assert [(v.sku, v.price_minor, v.stock, v.in_stock, v.weight_grams) for v in found.products[0].variants] == [
        ("tee-s", 800, 4, True, 90),
        ("tee-m", 1000, 0, False, 90),
    ]
    assert list(reasons(found)) == [5]


@pytest.mark.parametrize("column", ["Type", "SKU", "Name", "Regular price"])
def test_a_missing_column_is_named(column):
    with pytest.raises(UserError, match=column) as refusal:
        read(table([title for title in WOO if title != column], []))
    assert refusal.value.code == "file-column"
