"""Recording payments. What is paid on an invoice, and its status, follow at once."""

from decimal import Decimal
from fractions import Fraction

from sqlalchemy import func, select, type_coerce
from sqlalchemy.ext.asyncio import AsyncSession

from timetracker_api import entities
from timetracker_api.clients.models import Client
from timetracker_api.db.types import Money
from timetracker_api.entities import Representation, Values
from timetracker_api.invoices.amounts import decimals, rounded
from timetracker_api.invoices.models import Invoice
from timetracker_api.invoices.rules import refuse_unissued, standing
from timetracker_api.payments.models import Payment
from timetracker_api.problems import Invalid, fault

PAYMENTS = Representation(
    Payment,
    select(
        Payment.id,
        Invoice.id.label("invoice__id"),
        Invoice.number.label("invoice__number"),
        Client.id.label("client__id"),
        Client.name.label("client__name"),
        Payment.amount,
        Invoice.currency,
        Payment.paid_on,
        Payment.method,
        Payment.reference,
        Payment.notes,
        Payment.version,
        Payment.created_at,
        Payment.updated_at,
    )
    .join(Invoice, Invoice.id == Payment.invoice_id)
    .join(Client, Client.id == Invoice.client_id),
)


async def create(session: AsyncSession, values: Values) -> Payment:
    """Record a payment for an issued invoice."""
    invoice = await _invoice(session, values["invoice_id"])
    if invoice is None:
        raise Invalid(entities.dangling(Invoice, values["invoice_id"], "invoice_id"))
    refuse_unissued(invoice)
    _check(invoice, values)
    payment = await entities.create(session, Payment, values)
    await _settle(session, invoice)
    return payment


async def update(session: AsyncSession, payment: Payment, values: Values) -> Payment:
    """Change a payment."""
    invoice = await entities.locked(session, Invoice, payment.invoice_id)
    _check(invoice, values)
    await entities.update(session, payment, values)
    await _settle(session, invoice)
    return payment


async def delete(session: AsyncSession, payment: Payment) -> None:
    """Remove a payment that was none."""
    invoice = await entities.locked(session, Invoice, payment.invoice_id)
    await entities.delete(session, payment)
    await _settle(session, invoice)


async def _invoice(session: AsyncSession, id: int) -> Invoice | None:
    """Lock an invoice: whoever records, changes or voids comes one after the other."""
    return await session.scalar(select(Invoice).where(Invoice.id == id).with_for_update())


def _check(invoice: Invoice, values: Values) -> None:
    """Raise `Invalid` for an amount that cannot be paid in the invoice's currency."""
    amount: Decimal | None = values.get("amount")
    places = decimals(invoice.currency)
    if amount is not None and rounded(Fraction(amount), places) != amount:
        message = f"Amounts in {invoice.currency} have at most {places} decimals."
        raise Invalid(fault("amount", "scale", message))


async def _settle(session: AsyncSession, invoice: Invoice) -> None:
    """Add up what is paid on an invoice that is locked, and say what that makes of it."""
    amounts = func.coalesce(func.sum(Payment.amount), 0)
    found = select(type_coerce(amounts, Money)).where(Payment.invoice_id == invoice.id)
    paid = await session.scalar(found) or Decimal(0)
    values = {"paid": paid, "status": standing(invoice.total, paid)}
    await entities.update(session, invoice, values)
