"""Single products of a file left out and taken in again, and the rows that are not sold as a file to mend them by."""

import csv
import io

import pytest

from node.errors import ConflictError, NotFound
from node.model.listing import CODES
from node.services import catalog_imports, product_errors

from .product_files import apply, bring, counts, line, rows, runs, shopify, stage
from .test_catalog_imports import contents


def decide(node, staged, number, *, take):
    return node.write(catalog_imports.decide_row, staged=staged, number=number, take=take)


def handles(node):
    return sorted(name for noun, name in contents(node)[0] if noun == "product")


def test_a_product_that_is_left_out_is_not_signed_and_can_be_taken_in_again(lumen):
    staged = stage(lumen, shopify(line("soap", "S", "5"), line("mug", "M", "7"), line("tee", "T", "9")))
    soap, mug, _ = rows(lumen, staged)
    decide(lumen, staged, soap.number, take=False)
    view = decide(lumen, staged, mug.number, take=False)
    assert (view.new, view.left, view.writes) == (1, 2, 1)
    assert [(row.name, row.left) for row in rows(lumen, staged, "left")] == [("Soap", True), ("Soap", True)]
    decide(lumen, staged, mug.number, take=True)
    assert counts(lumen, staged) == {"new": 2}
    assert apply(lumen, staged).new == 2
    assert handles(lumen) == ["mug", "tee"]


def test_what_is_left_out_stays_so_when_the_file_is_compared_again_and_its_product_stays(lumen):
    bring(lumen, shopify(line("soap", "S", "5"), line("mug", "M", "7"), line("old", "O", "3")))
    staged = stage(lumen, shopify(line("soap", "S", "6"), line("mug", "M", "8")), withdraw=True)
    decide(lumen, staged, 1, take=False)
    runs(lumen).compare_now(staged)
    assert counts(lumen, staged) == {"price": 1, "withdrawn": 1}
    gone = rows(lumen, staged, "withdrawn")[0]
    decide(lumen, staged, gone.number, take=False)
    before = contents(lumen)[0]
    apply(lumen, staged)
    after = contents(lumen)[0]
    assert handles(lumen) == ["mug", "old", "soap"]
    assert {name for slot, record in after.items() if before[slot] != record for name in [slot[1]]} == {"M"}


def test_what_would_not_be_signed_cannot_be_decided(lumen):
    bring(lumen, shopify(line("same", "A", "5")))
    staged = stage(lumen, shopify(line("same", "A", "5"), line("none", "B", "")))
    with pytest.raises(ConflictError, match="no price"):
        decide(lumen, staged, rows(lumen, staged, "error")[0].number, take=True)
    with pytest.raises(ConflictError, match="Nothing of it differs"):
        decide(lumen, staged, rows(lumen, staged, "same")[0].number, take=False)
    with pytest.raises(NotFound):
        decide(lumen, staged, 99, take=False)


def errors(node, staged):
    pieces, after = [], 0
    while True:
        piece = node.read(product_errors.read_errors, staged=staged, after=after)
        pieces.append(piece.text)
        after = piece.cursor
        if not after:
            return piece.name, list(csv.reader(io.StringIO("".join(pieces))))


def test_rows_that_are_not_sold_are_a_table_with_row_field_code_and_reason(lumen):
    staged = stage(
        lumen, shopify(line("soap", "S", "5"), line("mug", "S", "7"), line("tee", "=T", "free"), line("hat", "H", "")), name="shop.csv"
    )
    name, [head, *found] = errors(lumen, staged)
    assert (name, head) == ("shop-errors.csv", ["Row", "Column", "Code", "Message", "SKU", "Name"])
    assert sorted((row[:3], row[4]) for row in found) == [
        (["3", "sku", "sku-taken"], "S"),
        (["4", "price", "bad-price"], "'=T"),  # no cell begins a formula
        (["5", "price", "no-price"], "H"),
    ]
    assert all(code in CODES and message for _, _, code, message, *_ in found)


def test_of_a_table_the_rows_are_there_as_they_stood_and_come_in_again_once_they_are_mended(lumen):
    staged = stage(lumen, b"sku;title;price\nA;Soap;5.00\n\nB;Mug;free\nC;Tee;9.00\n", name="stock.csv")
    runs(lumen)._map(staged, {})
    _, [head, row] = errors(lumen, staged)
    assert (head[4:], row[:3], row[4:]) == (["sku", "title", "price"], ["4", "price", "bad-price"], ["B", "Mug", "free"])
    apply(lumen, staged)
    mended = io.StringIO()
    csv.writer(mended).writerows([head, [*row[:6], "7.00"]])
    again = stage(lumen, mended.getvalue().encode(), name="stock-errors.csv")
    assert [column.field for column in lumen.read(catalog_imports.list_columns, staged=again)] == ["", "", "", "", "sku", "title", "price"]
    runs(lumen)._map(again, {})
    assert counts(lumen, again) == {"new": 1}
    apply(lumen, again)
    assert handles(lumen) == ["a", "b", "c"]


def test_a_long_list_comes_in_pieces(lumen):
    staged = stage(lumen, shopify(*(line(f"p{number}", f"S{number}", "") for number in range(1100))))
    assert len(errors(lumen, staged)[1]) == 1101
