"""Entries that are on an invoice: such time is as it was billed, until the invoice lets it go."""

from collections.abc import Collection, Mapping

from sqlalchemy import BigInteger, ColumnElement, String, bindparam, column, exists, select, table
from sqlalchemy.ext.asyncio import AsyncSession

from timetracker_api.entities import Values
from timetracker_api.problems import Conflict
from timetracker_api.time_entries.models import TimeEntry

# Invoices belong to a slice above this one, which imports it: here their tables go by name.
LINKS = table("invoice_entries", column("entry_id", BigInteger), column("invoice_id", BigInteger))
INVOICES = table("invoices", column("id", BigInteger), column("number", String), column("status"))

_OTHERS = LINKS.alias("links")
"""The same beside the one that entries are shown with, which a condition would be about."""
_ON = (
    select(LINKS.c.entry_id, INVOICES.c.id, INVOICES.c.number, INVOICES.c.status)
    .join(INVOICES, INVOICES.c.id == LINKS.c.invoice_id)
    .where(LINKS.c.entry_id.in_(bindparam("ids", expanding=True)))
)


class Invoiced(Conflict):
    """The entry is on an invoice, which `invoice` names: a draft, whose line has to be removed, or
    an issued one, which has to be voided, before the entry can be changed or deleted.
    """

    title = "It is on an invoice"


async def on_invoices(session: AsyncSession, ids: Collection[int]) -> Mapping[int, Values]:
    """Return the invoices that entries are on, by the ids of the entries.

    Asked after the entries are locked, this stays true: whoever bills them locks them as well.
    """
    if not ids:
        return {}
    rows = await session.execute(_ON, {"ids": list(ids)})
    return {row.pop("entry_id"): row for row in map(dict, rows.mappings())}


def refuse_invoiced(invoice: Values | None) -> None:
    """Raise `Invoiced` for an entry that is on this invoice."""
    if invoice is not None:
        found = lock(invoice)
        raise Invoiced(found["reason"], invoice=invoice, locks=[found])


def lock(invoice: Values) -> Values:
    """Return why an entry that is on this invoice cannot be changed."""
    named = f"invoice {invoice['number']}" if invoice["number"] else f"draft {invoice['id']}"
    return {"kind": "invoice", "reason": f"It is on the {named}."}


def is_invoiced() -> ColumnElement[bool]:
    """Return the condition for entries that are on an invoice."""
    return exists(select(_OTHERS.c.entry_id).where(_OTHERS.c.entry_id == TimeEntry.id))


def on_one_of(invoice_ids: Collection[int]) -> ColumnElement[bool]:
    """Return the condition for entries that are on one of these invoices."""
    return TimeEntry.id.in_(select(_OTHERS.c.entry_id).where(_OTHERS.c.invoice_id.in_(invoice_ids)))
