"""What the company has billed for the work of last week, and what was paid of it."""

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal

from sqlalchemy.ext.asyncio import AsyncSession

from timetracker_api import entities
from timetracker_api.demo.work import Business
from timetracker_api.entities import Values
from timetracker_api.invoices import service as invoices
from timetracker_api.invoices.lines import service as lines
from timetracker_api.invoices.lines.billing import bill
from timetracker_api.invoices.lines.choosing import TimeToBill
from timetracker_api.invoices.lines.schemas import LineCreate
from timetracker_api.invoices.models import Invoice
from timetracker_api.invoices.schemas import InvoiceCreate
from timetracker_api.payments import service as payments
from timetracker_api.payments.schemas import PaymentCreate

A_WEEK = timedelta(days=7)
TAX = "21"
PAID = (None, Decimal(0), Decimal("0.5"), Decimal(1), Decimal("1.1"))
"""What part of their invoice the first clients have paid; the first is a draft still."""


async def bill_last_week(
    session: AsyncSession, businesses: Sequence[Business], today: date
) -> None:
    """Bill the first clients what was done on their first project, and hosting."""
    monday = today - timedelta(days=today.weekday()) - A_WEEK
    for business, part in zip(businesses, PAID, strict=False):
        drafted = await invoices.create(session, _draft(business, monday + A_WEEK))
        invoice = await entities.locked(session, Invoice, drafted["id"])
        hosting = {"description": "Hosting", "unit_price": "25", "tax_rate": TAX}
        await lines.add(session, invoice, LineCreate.model_validate(hosting).whole())
        await bill(session, invoice.id, _time(business, monday))
        if part is not None:
            await invoices.issue(session, invoice)
        if part:
            await _pay(session, invoice, part, today)


def _draft(business: Business, issued_on: date) -> Values:
    data = {
        "client_id": business.client.id,
        "issued_on": issued_on.isoformat(),
        "payment_days": 30,
        "terms": "To be paid within 30 days.",
        "discount_percent": "5" if business.number % 2 else None,
    }
    return InvoiceCreate.model_validate(data).whole()


def _time(business: Business, monday: date) -> TimeToBill:
    return TimeToBill.model_validate(
        {
            "from": monday.isoformat(),
            "to": (monday + A_WEEK - timedelta(days=1)).isoformat(),
            "project_ids": [business.works[0].project.id],
            "group_by": "task",
            "tax_rate": TAX,
        }
    )


async def _pay(session: AsyncSession, invoice: Invoice, part: Decimal, today: date) -> None:
    cents = (invoice.total * part).quantize(Decimal("0.01"))
    data = {
        "invoice_id": invoice.id,
        "amount": str(cents),
        "paid_on": today.isoformat(),
        "method": "bank transfer",
    }
    await payments.create(session, PaymentCreate.model_validate(data).whole())
