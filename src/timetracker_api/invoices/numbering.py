"""Numbers without gaps: counted in the transaction that issues, and given back with it."""

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession

from timetracker_api.db.session import dialect
from timetracker_api.invoices.models import Invoice, InvoiceCounter
from timetracker_api.organization.numbering import counts_by_year, written

EVER = 0
"""The year that numbers are counted in where years do not count."""


async def next_number(session: AsyncSession, pattern: str, year: int) -> str:
    """Return the number of the next invoice.

    The counter stays ours until the transaction ends. Numbers that invoices have from a pattern
    before this one, or from another program, are passed over.
    """
    counted = year if counts_by_year(pattern) else EVER
    while True:
        number = written(pattern, year, await _count(session, counted))
        if await session.scalar(select(Invoice.id).where(Invoice.number == number)) is None:
            return number


async def _count(session: AsyncSession, year: int) -> int:
    insert = postgresql.insert if dialect(session) == "postgresql" else sqlite.insert
    first = insert(InvoiceCounter).values(year=year, last=1)
    statement = first.on_conflict_do_update(
        index_elements=[InvoiceCounter.year], set_={"last": InvoiceCounter.last + 1}
    ).returning(InvoiceCounter.last)
    return (await session.execute(statement)).scalar_one()
