"""Descriptions without their markup, at the price of their length."""

import time

import pytest

from node.files.plain_text import MAX_TEXT, plain_text


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("plain", "plain"),
        ("<p>One</p>\n<p>Two &amp; three</p>", "One\n\nTwo & three"),
        ("<ul><li>a</li><LI class='x'>b</LI></ul>", "• a\n\n• b"),
        ("a<br/>b<br>c", "a\nb\nc"),
        ("1 < 2 and 3 > 2", "1 < 2 and 3 > 2"),
        ("x<script>alert('<p>')</script>y<STYLE>p{}</style>z", "xyz"),
        ("x<!-- <b>no</b> -->y<!doctype html>z", "xyz"),
        ("x<script>never closed", "x"),
        ("&lt;b&gt; &nbsp; &eacute;", "<b> é"),
        (r"one\ntwo", "one\ntwo"),
        ("", ""),
    ],
)
def test_markup(source, text):
    assert plain_text(source) == text


def test_long_text_is_cut_and_says_so():
    assert len(plain_text("word " * 5000)) <= MAX_TEXT
    assert plain_text("word " * 5000).endswith("…")


@pytest.mark.parametrize("piece", ["<", "<p", "<!--", "<script>", "</", "&", "<a b='", "\n", "<p>" * 2])
def test_hostile_markup_takes_no_more_than_its_length(piece):
    start = time.process_time()
    plain_text(piece * (MAX_TEXT * 10 // len(piece)))
    assert time.process_time() - start < 2  # a quadratic pass takes minutes
