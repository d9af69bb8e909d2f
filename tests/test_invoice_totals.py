"""What invoices come to, against sums that are made in another way: in whole units, by hand."""

from collections import defaultdict
from decimal import ROUND_HALF_EVEN, Context, Decimal
from itertools import pairwise
from typing import Any

import pytest
from httpx import AsyncClient
from hypothesis import given as drawn
from hypothesis import settings
from hypothesis import strategies as st

from given import Given
from timetracker_api.invoices.amounts import Discount, Taxed, priced, taxes, totals, worth

EXACT = Context(prec=200, rounding=ROUND_HALF_EVEN)
UNITS = {"EUR": Decimal("0.01"), "JPY": Decimal(1), "KWD": Decimal("0.001")}

currencies = st.sampled_from(sorted(UNITS))
prices = st.decimals(0, 9_999_999_999, places=4)
percents = st.one_of(
    st.sampled_from([Decimal(rate) for rate in (0, 6, 12, 21, 100)]), st.decimals(0, 100, places=4)
)
quantities = st.decimals(0, 999_999, places=4)


def half_even(exact: Decimal, currency: str) -> Decimal:
    return exact.quantize(UNITS[currency], context=EXACT)


@st.composite
def invoices(draw: st.DrawFn) -> tuple[str, list[Taxed], Discount]:
    currency = draw(currencies)
    amounts = st.integers(0, 10**12).map(lambda units: units * UNITS[currency])
    lines = draw(st.lists(st.builds(Taxed, percents, amounts), max_size=12))
    discount = st.one_of(
        st.just(Discount(None, None)),
        st.builds(Discount, percents, st.none()),
        st.builds(Discount, st.none(), prices),
    )
    return currency, lines, draw(discount)


@drawn(quantities, prices, currencies)
def test_a_line_is_rounded_once(quantity: Decimal, price: Decimal, currency: str):
    assert priced(quantity, price, currency) == half_even(EXACT.multiply(quantity, price), currency)


@drawn(st.integers(0, 10**10), prices, currencies)
def test_time_is_rounded_once(seconds: int, rate: Decimal, currency: str):
    exact = EXACT.divide(EXACT.multiply(Decimal(seconds), rate), Decimal(3600))
    assert worth(seconds, rate, currency) == half_even(exact, currency)


def test_halves_go_to_the_even_neighbour():
    halves = {"0.125": "0.12", "0.135": "0.14", "0.1250": "0.12", "0.1251": "0.13"}
    assert {p: str(priced(Decimal(1), Decimal(p), "EUR")) for p in halves} == halves
    # A third of an hour and a sixth: neither can be written as a decimal.
    assert worth(1200, Decimal(100), "EUR") == Decimal("33.33")
    assert worth(600, Decimal("0.03"), "EUR") == Decimal("0.00")
    assert worth(1800, Decimal("0.03"), "EUR") == Decimal("0.02")


@settings(max_examples=200)
@drawn(invoices())
def test_totals_are_sums_of_what_is_shown(invoice: tuple[str, list[Taxed], Discount]):
    currency, lines, discount = invoice
    found = totals(lines, discount, currency)
    subtotal = sum((line.amount for line in lines), Decimal(0))
    off = discount.amount or Decimal(0)
    if discount.percent is not None:
        off = EXACT.multiply(subtotal, discount.percent) / 100
    off = min(half_even(off, currency), subtotal)
    shown = taxes(lines, found.discount, currency)

    assert (found.subtotal, found.discount) == (subtotal, off)
    assert sum(each.net for each in shown) == subtotal - off
    assert found.tax == sum(each.tax for each in shown)
    assert found.total == subtotal - off + found.tax
    for each in shown:
        exact = EXACT.divide(EXACT.multiply(each.net, each.rate), Decimal(100))
        assert each.tax == half_even(exact, currency)


@settings(max_examples=200)
@drawn(invoices())
def test_every_rate_bears_its_share_of_the_discount(invoice: tuple[str, list[Taxed], Discount]):
    currency, lines, discount = invoice
    off = totals(lines, discount, currency).discount
    sums = defaultdict[Decimal, Decimal](Decimal)
    for line in lines:
        sums[line.tax_rate] += line.amount
    subtotal = sum(sums.values())
    shown = taxes(lines, off, currency)
    assert all(one.rate < other.rate for one, other in pairwise(shown))
    assert {each.rate for each in shown} == sums.keys()
    for each in shown:
        share = sums[each.rate] - each.net
        exact = off * sums[each.rate] / subtotal if subtotal else Decimal(0)
        assert abs(share - exact) <= UNITS[currency]
        assert 0 <= each.net <= sums[each.rate]


@pytest.mark.parametrize(
    ("terms", "lines", "expected"),
    [
        (
            {"currency": "EUR", "discount_percent": "10"},
            [("3", "33.335", "21"), ("1", "50", "6"), ("0.5", "19.99", "21")],
            {
                "amounts": ["100.00", "50.00", "10.00"],
                "taxes": [("6.00", "45.00", "2.70"), ("21.00", "99.00", "20.79")],
                "totals": ["160.00", "16.00", "23.49", "167.49"],
            },
        ),
        (
            {"currency": "EUR", "discount_amount": "0.01"},
            [("1", "10", "0"), ("1", "10", "6"), ("1", "10", "21")],
            {
                "amounts": ["10.00", "10.00", "10.00"],
                "taxes": [
                    ("0.00", "10.00", "0.00"),
                    ("6.00", "9.99", "0.60"),
                    ("21.00", "10.00", "2.10"),
                ],
                "totals": ["30.00", "0.01", "2.70", "32.69"],
            },
        ),
        (
            {"currency": "EUR", "discount_amount": "50"},
            [("1", "10", "21")],
            {
                "amounts": ["10.00"],
                "taxes": [("21.00", "0.00", "0.00")],
                "totals": ["10.00", "10.00", "0.00", "0.00"],
            },
        ),
        (
            {"currency": "JPY", "discount_percent": "1"},
            [("1.5", "333", "10"), ("1", "2.5", "10")],
            {
                "amounts": ["500.00", "2.00"],
                "taxes": [("10.00", "497.00", "50.00")],
                "totals": ["502.00", "5.00", "50.00", "547.00"],
            },
        ),
        (
            {"currency": "KWD"},
            [("1", "1.2345", "5")],
            {
                "amounts": ["1.234"],
                "taxes": [("5.00", "1.234", "0.062")],
                "totals": ["1.234", "0.00", "0.062", "1.296"],
            },
        ),
    ],
)
async def test_an_invoice_says_what_it_comes_to(
    api: AsyncClient,
    given: Given,
    terms: dict[str, str],
    lines: list[tuple[str, str, str]],
    expected: dict[str, Any],
):
    client = await given.a_client(currency=terms["currency"])
    discount = {name: value for name, value in terms.items() if name != "currency"}
    invoice = await given.an_invoice(client_id=client["id"], **discount)
    for quantity, price, rate in lines:
        await given.a_line(invoice, price, quantity=quantity, tax_rate=rate)
    found = (await api.get(f"/invoices/{invoice['id']}")).json()
    assert [line["amount"] for line in found["lines"]] == expected["amounts"]
    assert [tuple(each.values()) for each in found["taxes"]] == expected["taxes"]
    names = ("subtotal", "discount", "tax", "total")
    assert [found[name] for name in names] == expected["totals"]
    assert found["outstanding"] == found["total"]


async def test_another_discount_makes_other_totals(api: AsyncClient, given: Given):
    invoice = await given.an_invoice()
    await given.a_line(invoice, "100", tax_rate="20")
    for discount, total in (("10", "108.00"), ("100", "0.00"), (None, "120.00")):
        path = f"/invoices/{invoice['id']}"
        changed = await api.patch(path, json={"discount_percent": discount})
        assert changed.json()["total"] == total
