"""The life of an invoice: drafted, issued, and perhaps voided."""

from datetime import date

from sqlalchemy import ColumnElement, select
from sqlalchemy.ext.asyncio import AsyncSession

from timetracker_api import clock, entities
from timetracker_api.clients.models import Client
from timetracker_api.entities import Values
from timetracker_api.invoices.amounts import Discount, Taxed, totals
from timetracker_api.invoices.entries import release
from timetracker_api.invoices.models import Invoice, InvoiceLine
from timetracker_api.invoices.numbering import next_number
from timetracker_api.invoices.rules import (
    HasPayments,
    NotIssuable,
    check,
    refuse_issued,
    refuse_unissued,
    standing,
)
from timetracker_api.invoices.showing import whole
from timetracker_api.organization.service import policy
from timetracker_api.problems import Archived, Fault, fault
from timetracker_api.schema import plain_amount

AT_ANY_TIME = frozenset({"notes", "custom_fields"})
"""What can change after an invoice is issued: the client has not been sent it."""


async def create(session: AsyncSession, values: Values) -> Values:
    """Draft an invoice for a client that is not archived; return it as it is shown."""
    client = await entities.referred(session, Client, values["client_id"], "client_id")
    if client.archived_at is not None:
        raise Archived(f"The client {client.name} is archived.")
    values["currency"] = client.currency or (await policy(session)).currency
    invoice = Invoice()
    check(invoice, values)
    return await whole(session, (await entities.add(session, invoice, values)).id)


async def update(session: AsyncSession, invoice: Invoice, values: Values) -> Values:
    """Change an invoice; return it as it is shown."""
    changed = {
        name: value
        for name, value in values.items()
        if name == "custom_fields" or value != getattr(invoice, name)
    }
    if fixed := changed.keys() - AT_ANY_TIME:
        message = "It cannot be changed any more."
        refuse_issued(invoice, *(fault(name, "immutable", message) for name in sorted(fixed)))
        check(invoice, changed)
    if changed.keys() & {"discount_percent", "discount_amount"}:
        changed |= await _totals(session, invoice, changed)
    await entities.update(session, invoice, changed)
    return await whole(session, invoice.id)


async def delete(session: AsyncSession, invoice: Invoice) -> None:
    """Remove a draft with its lines; the time on it can be billed again."""
    refuse_issued(invoice)
    await release(session, invoice)
    for line in await session.scalars(select(InvoiceLine).where(_of(invoice))):
        await entities.stage_removal(session, line)
    await session.flush()
    await entities.delete(session, invoice)


async def recount(session: AsyncSession, invoice: Invoice) -> None:
    """Say what an invoice comes to after its lines have changed; a change of it as well."""
    await session.flush()
    values = await _totals(session, invoice, {})
    await entities.update(session, invoice, {**values, "updated_at": clock.now()})


async def issue(session: AsyncSession, invoice: Invoice) -> Values:
    """Give an invoice its number; it stays as it is from now on."""
    refuse_issued(invoice)
    rule = await policy(session)
    issued_on = invoice.issued_on or rule.today()
    due_on = invoice.due_on
    if due_on is None and invoice.payment_days is not None:
        due_on = _later(issued_on, invoice.payment_days)
    if faults := await _lacking(session, invoice, issued_on, due_on):
        raise NotIssuable(None, *faults)
    client = await entities.referred(session, Client, invoice.client_id, "client_id")
    number = await next_number(session, rule.invoice_number_pattern, issued_on.year)
    values: Values = {
        "number": number,
        "status": standing(invoice.total, invoice.paid),
        "issued_on": issued_on,
        "due_on": due_on,
        "issued_at": clock.now(),
        "bill_to_name": client.name,
        "bill_to_address": client.address,
    }
    await entities.update(session, invoice, values)
    return await whole(session, invoice.id)


async def void(session: AsyncSession, invoice: Invoice, reason: str) -> Values:
    """Have an issued invoice count no more. It keeps its number; its time can be billed again."""
    refuse_unissued(invoice)
    if invoice.paid:
        raise HasPayments(
            f"{plain_amount(invoice.paid)} {invoice.currency} are paid on {invoice.number}."
        )
    await release(session, invoice)
    values = {"status": "void", "voided_at": clock.now(), "void_reason": reason}
    await entities.update(session, invoice, values)
    return await whole(session, invoice.id)


async def _lacking(
    session: AsyncSession, invoice: Invoice, issued_on: date, due_on: date | None
) -> list[Fault]:
    """Say what has to be done before an invoice can be issued."""
    faults: list[Fault] = []
    if await session.scalar(select(InvoiceLine.id).where(_of(invoice)).limit(1)) is None:
        faults.append(fault("lines", "required", "It has no lines."))
    if due_on is not None and due_on < issued_on:
        message = f"It would be due on {due_on}, before it is issued on {issued_on}."
        faults.append(fault("due_on", "minimum", message))
    return faults


async def _totals(session: AsyncSession, invoice: Invoice, values: Values) -> Values:
    """Return what an invoice comes to, with these values instead of those it has."""
    names = ("discount_percent", "discount_amount")
    discount = Discount(*(values.get(name, getattr(invoice, name)) for name in names))
    lines = select(InvoiceLine.tax_rate, InvoiceLine.amount).where(_of(invoice))
    taxed = [Taxed(*line) for line in await session.execute(lines)]
    return totals(taxed, discount, invoice.currency)._asdict()


def _of(invoice: Invoice) -> ColumnElement[bool]:
    return InvoiceLine.invoice_id == invoice.id


def _later(day: date, days: int) -> date:
    return date.fromordinal(min(day.toordinal() + days, date.max.toordinal()))
