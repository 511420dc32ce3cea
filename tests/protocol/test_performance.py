from collections import Counter
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st
from make_brand import REPORT
from parts import named

from protocol.codec import from_bytes, to_bytes
from protocol.country import CODES
from protocol.performance import A_PART, LEAST, MOST_FIGURES, Figure, Performance, RegionFigure, Sale, divide, figures

sales = st.lists(
    st.builds(
        lambda order, seller, country, units, back: Sale(
            "serum", named(f"o{order}"), named(f"s{seller}"), country, units, min(back, units)
        ),
        st.integers(0, 30),
        st.integers(0, 8),
        st.sampled_from(["DE", "AT", "CH", "US", ""]),
        st.integers(1, 9),
        st.sampled_from([0, 0, 0, 1, 9]),
    ),
    max_size=40,
)


@given(sales)
def test_no_figure_tells_of_fewer_than_five_orders(found):
    for figure in figures(found):
        told = {item.country: item.units for item in figure.regions or ()}
        orders = {sale.order for sale in found}
        if len(orders) < LEAST:
            assert figure == Figure("serum")
            continue
        assert figure.units == sum(sale.units for sale in found)
        for country, units in told.items():
            assert len({sale.order for sale in found if sale.country == country}) >= LEAST
            assert units == sum(sale.units for sale in found if sale.country == country)
        rest = [sale for sale in found if sale.country not in told]
        assert not rest or not told or (sum(sale.units for sale in rest) >= LEAST and len({sale.order for sale in rest}) >= LEAST)
        back = [sale for sale in found if sale.returned]
        assert figure.returns is None or len({sale.order for sale in back}) >= LEAST
        assert figure.sellers is None or figure.sellers == len({sale.seller for sale in found}) >= LEAST


@given(sales)
def test_what_is_told_can_be_sent(found):
    report = Performance(REPORT.merchant, REPORT.feed, "2026-11", 1, 1, 1, figures(found))
    assert from_bytes(Performance, to_bytes(report)) == report


def test_the_control_without_leaving_out_a_second_region_the_small_one_could_be_reckoned():
    """What `figures` would tell if it only left out what is small by itself: the rest gives the two orders away."""
    found = [Sale("serum", named(f"{i}"), b"", code, 1) for i, code in enumerate(["DE"] * 7 + ["AT"] * 6 + ["CH"] * 2)]
    by = Counter(sale.country for sale in found)
    naive = sum(count for count in by.values() if count >= LEAST)
    assert 0 < len(found) - naive < LEAST
    [figure] = figures(found)
    assert figure.units is not None
    assert figure.units - sum(item.units for item in figure.regions or ()) >= LEAST


def test_a_long_report_is_divided_and_each_part_fits_a_message():
    empty = Performance(REPORT.merchant, REPORT.feed, "2026-11", 3, 1, 1, ())
    found = tuple(Figure(f"p{i}") for i in range(MOST_FIGURES + 1))
    parts = divide(empty, found)
    assert [part.part for part in parts] == list(range(1, len(parts) + 1))
    assert {part.parts for part in parts} == {len(parts)}
    assert sum((part.figures for part in parts), ()) == found
    widest = Figure("x" * 255, 10**9, 10**8, 10**7, tuple(RegionFigure(code, 10**6) for code in sorted(CODES)[:250]))
    assert len(to_bytes(replace(empty, figures=(widest,)))) * A_PART < 1 << 20
    assert divide(empty, ()) == [empty]
