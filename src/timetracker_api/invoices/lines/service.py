"""What may be done to the lines of a draft."""

from collections.abc import Sequence

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from timetracker_api import entities
from timetracker_api.entities import Values
from timetracker_api.invoices.amounts import priced, worth
from timetracker_api.invoices.entries import release
from timetracker_api.invoices.models import Invoice, InvoiceLine
from timetracker_api.invoices.rules import refuse_issued
from timetracker_api.invoices.service import recount
from timetracker_api.invoices.showing import LINES, whole
from timetracker_api.problems import Conflict, Invalid, fault
from timetracker_api.web import caching

MOST_LINES = 1000
MOST = 9_999_999_999
"""What a line can come to: a thousand of them, with tax, are still an exact number everywhere."""


class TooManyLines(Conflict):
    """An invoice has at most 1000 lines. Group time more coarsely, or draft another invoice."""

    title = "There are too many lines"


async def line_of(
    session: AsyncSession, invoice_id: int, id: int, if_match: str | None
) -> tuple[Invoice, InvoiceLine]:
    """Return an invoice and its line, which nobody else can change before the transaction ends."""
    invoice = await entities.locked(session, Invoice, invoice_id)
    line = await session.scalar(
        select(InvoiceLine).where(InvoiceLine.id == id, InvoiceLine.invoice_id == invoice_id)
    )
    if line is None:
        raise entities.missing(InvoiceLine, id)
    caching.check_unchanged(line, if_match)
    return invoice, line


async def add(session: AsyncSession, invoice: Invoice, values: Values) -> InvoiceLine:
    """Write a line at the end of a draft."""
    (line,) = await append(session, invoice, [values])
    return line


async def append(
    session: AsyncSession, invoice: Invoice, added: Sequence[Values]
) -> Sequence[InvoiceLine]:
    """Put lines at the end of a draft. Lines of time have their seconds already."""
    refuse_issued(invoice)
    lines: list[InvoiceLine] = []
    for position, values in enumerate(added, await next_place(session, invoice, len(added))):
        line = InvoiceLine(invoice_id=invoice.id, position=position)
        lines.append(await _give(session, invoice, line, dict(values)))
    await recount(session, invoice)
    return lines


async def next_place(session: AsyncSession, invoice: Invoice, more: int) -> int:
    """Return the place of the first of so many more lines, or raise `TooManyLines`."""
    mine = InvoiceLine.invoice_id == invoice.id
    counted = select(func.count(), func.coalesce(func.max(InvoiceLine.position), 0)).where(mine)
    count, last = (await session.execute(counted)).one()
    if count + more > MOST_LINES:
        raise TooManyLines(f"There would be {count + more} lines.")
    return last + 1


async def change(
    session: AsyncSession, invoice: Invoice, line: InvoiceLine, values: Values
) -> Values:
    """Change a line of a draft; return it as it is shown."""
    refuse_issued(invoice)
    if line.seconds is not None and values.get("quantity", line.quantity) != line.quantity:
        raise Invalid(fault("quantity", "immutable", "It follows from the time that is billed."))
    await _give(session, invoice, line, values)
    await recount(session, invoice)
    return await LINES.one(session, line.id)


async def remove(session: AsyncSession, invoice: Invoice, line: InvoiceLine) -> None:
    """Take a line off a draft; the time on it can be billed again."""
    refuse_issued(invoice)
    await release(session, invoice, line)
    await entities.delete(session, line)
    await recount(session, invoice)


async def reorder(session: AsyncSession, invoice: Invoice, ids: Sequence[int]) -> Values:
    """Put the lines of a draft into another order; return the invoice."""
    refuse_issued(invoice)
    found = await session.scalars(select(InvoiceLine).where(InvoiceLine.invoice_id == invoice.id))
    lines = {line.id: line for line in found}
    if sorted(ids) != sorted(lines):
        raise Invalid(fault("line_ids", "invalid", "Name every line of the invoice once."))
    for position, id in enumerate(ids, 1):
        await entities.stage(session, lines[id], {"position": position})
    await recount(session, invoice)
    return await whole(session, invoice.id)


async def _give(
    session: AsyncSession, invoice: Invoice, line: InvoiceLine, values: Values
) -> InvoiceLine:
    """Give a line values, and the amount that follows from them."""
    known = {**{name: getattr(line, name) for name in ("quantity", "unit_price")}, **values}
    seconds = values.get("billed_seconds", line.billed_seconds)
    if seconds is None:
        values["amount"] = priced(known["quantity"], known["unit_price"], invoice.currency)
    else:
        values["amount"] = worth(seconds, known["unit_price"], invoice.currency)
    if values["amount"] > MOST:
        raise Invalid(fault("unit_price", "maximum", f"A line comes to at most {MOST}."))
    return await entities.stage(session, line, values)
