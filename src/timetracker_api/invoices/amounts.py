"""What lines add up to. Everything is exact until it is shown, and then rounded once.

In this order: the amount of each line; their sum; the discount; what is left of it for each rate
of tax; the tax of each rate; the total. Halves go to the even neighbour.
"""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

SECONDS_PER_HOUR = 3600

WHOLE = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF"
THOUSANDTHS = "BHD IQD JOD KWD LYD OMR TND"
MINOR: Mapping[str, int] = {
    **dict.fromkeys(WHOLE.split(), 0),
    **dict.fromkeys(THOUSANDTHS.split(), 3),
}
"""The decimals of those currencies (ISO 4217) that have not two."""


def decimals(currency: str) -> int:
    """Return how many decimals amounts in a currency have."""
    return MINOR.get(currency, 2)


def rounded(exact: Fraction, places: int) -> Decimal:
    """Return the nearest decimal with so many places, and of two the even one."""
    return Decimal(round(exact * 10**places)).scaleb(-places)


def priced(quantity: Decimal, price: Decimal, currency: str) -> Decimal:
    """Return what so many of something cost."""
    return rounded(Fraction(quantity) * Fraction(price), decimals(currency))


def worth(seconds: int, rate: Decimal, currency: str) -> Decimal:
    """Return what so many seconds cost at an hourly rate."""
    return rounded(Fraction(seconds, SECONDS_PER_HOUR) * Fraction(rate), decimals(currency))


class Discount(NamedTuple):
    """What is taken off, as it was agreed: a part of the sum, or an amount."""

    percent: Decimal | None
    amount: Decimal | None

    def of(self, subtotal: Decimal, currency: str) -> Decimal:
        """Return what it comes to: never more than there is."""
        exact = Fraction(self.amount or 0)
        if self.percent is not None:
            exact = Fraction(subtotal) * Fraction(self.percent) / 100
        return min(rounded(exact, decimals(currency)), subtotal)


class Taxed(NamedTuple):
    """A line, as far as totals go."""

    tax_rate: Decimal
    amount: Decimal


class Tax(NamedTuple):
    """What one rate of tax comes to."""

    rate: Decimal
    net: Decimal
    """What is taxed at this rate, without its share of the discount."""
    tax: Decimal


def taxes(lines: Iterable[Taxed], discount: Decimal, currency: str) -> Sequence[Tax]:
    """Return what each rate comes to, the lowest first.

    The discount is shared out in proportion to what is taxed at each. A share is what the rates up
    to this one have to bear, rounded, less what those before it bear: so all shares are the whole.
    """
    sums: dict[Decimal, Decimal] = {}
    for line in lines:
        sums[line.tax_rate] = sums.get(line.tax_rate, Decimal(0)) + line.amount
    subtotal = sum(sums.values())
    places = decimals(currency)
    found: list[Tax] = []
    seen = borne = Decimal(0)
    for rate in sorted(sums):
        seen += sums[rate]
        upto = rounded(Fraction(discount) * Fraction(seen) / Fraction(subtotal or 1), places)
        net = sums[rate] - (upto - borne)
        borne = upto
        found.append(Tax(rate, net, rounded(Fraction(net) * Fraction(rate) / 100, places)))
    return found


class Totals(NamedTuple):
    """What an invoice comes to."""

    subtotal: Decimal
    discount: Decimal
    tax: Decimal
    total: Decimal


def totals(lines: Sequence[Taxed], discount: Discount, currency: str) -> Totals:
    """Return what lines come to: sums of what is shown of them."""
    subtotal = sum((line.amount for line in lines), Decimal(0))
    off = discount.of(subtotal, currency)
    tax = sum((each.tax for each in taxes(lines, off, currency)), Decimal(0))
    return Totals(subtotal, off, tax, subtotal - off + tax)
