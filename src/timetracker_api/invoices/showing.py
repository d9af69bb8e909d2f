"""How invoices and their lines are shown."""

from decimal import Decimal

from sqlalchemy import bindparam, case, inspect, select, type_coerce
from sqlalchemy.ext.asyncio import AsyncSession

from timetracker_api.clients.models import Client
from timetracker_api.db.types import Money
from timetracker_api.entities import Representation, Values
from timetracker_api.invoices.amounts import Taxed, taxes
from timetracker_api.invoices.models import Invoice, InvoiceLine

_left = case((Invoice.status == "void", Decimal(0)), else_=Invoice.total - Invoice.paid)

INVOICES = Representation(
    Invoice,
    select(
        Invoice.id,
        Client.id.label("client__id"),
        Client.name.label("client__name"),
        Invoice.number,
        Invoice.status,
        Invoice.currency,
        Invoice.issued_on,
        Invoice.due_on,
        Invoice.payment_days,
        Invoice.reference,
        Invoice.notes,
        Invoice.terms,
        Invoice.discount_percent,
        Invoice.discount_amount,
        Invoice.subtotal,
        Invoice.discount,
        Invoice.tax,
        Invoice.total,
        Invoice.paid,
        type_coerce(_left, Money).label("outstanding"),
        Invoice.bill_to_name.label("bill_to__name"),
        Invoice.bill_to_address.label("bill_to__address"),
        Invoice.issued_at,
        Invoice.voided_at,
        Invoice.void_reason,
        Invoice.custom_fields,
        Invoice.version,
        Invoice.created_at,
        Invoice.updated_at,
    ).join(Client, Client.id == Invoice.client_id),
)

LINES = Representation(InvoiceLine, select(*inspect(InvoiceLine).columns))

_OF_INVOICE = LINES.statement.where(InvoiceLine.invoice_id == bindparam("invoice_id")).order_by(
    InvoiceLine.position, InvoiceLine.id
)


async def whole(session: AsyncSession, id: int) -> Values:
    """Return an invoice with its lines, and with what each rate of tax comes to."""
    row = await INVOICES.one(session, id)
    lines = await LINES.rows(session, _OF_INVOICE, {"invoice_id": id})
    taxed = [Taxed(line["tax_rate"], line["amount"]) for line in lines]
    row["lines"] = lines
    row["taxes"] = [each._asdict() for each in taxes(taxed, row["discount"], row["currency"])]
    return row
