"""Which time is on which invoice."""

from collections.abc import Collection, Sequence

from sqlalchemy import delete, insert
from sqlalchemy.ext.asyncio import AsyncSession

from timetracker_api.events import record
from timetracker_api.invoices.models import Invoice, InvoiceEntry, InvoiceLine


async def bind(
    session: AsyncSession, invoice: Invoice, bound: Sequence[tuple[InvoiceLine, Collection[int]]]
) -> None:
    """Put entries on an invoice; the database refuses those that are on one."""
    rows = [
        {"invoice_id": invoice.id, "line_id": line.id, "entry_id": id}
        for line, ids in bound
        for id in ids
    ]
    await session.execute(insert(InvoiceEntry), rows)
    ids = sorted(row["entry_id"] for row in rows)
    await record(session, "invoice.time_added", invoice, entry_ids={"old": [], "new": ids})


async def release(session: AsyncSession, invoice: Invoice, line: InvoiceLine | None = None) -> None:
    """Take entries off an invoice, or off one line of it, so that they can be billed again."""
    statement = delete(InvoiceEntry).where(InvoiceEntry.invoice_id == invoice.id)
    if line is not None:
        statement = statement.where(InvoiceEntry.line_id == line.id)
    ids = sorted(await session.scalars(statement.returning(InvoiceEntry.entry_id)))
    if ids:
        await record(session, "invoice.time_removed", invoice, entry_ids={"old": ids, "new": []})
