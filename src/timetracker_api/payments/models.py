"""Where payments are kept."""

from datetime import date
from decimal import Decimal
from typing import ClassVar

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from timetracker_api.db.base import Entity


class Payment(Entity):
    """Money that a client has paid for an invoice, in the invoice's currency."""

    __tablename__ = "payments"
    __table_args__ = (
        CheckConstraint("amount > 0", name="amount"),
        Index(None, "invoice_id", "paid_on"),
        Index(None, "paid_on"),
    )
    entity_type: ClassVar[str] = "payment"

    invoice_id: Mapped[int] = mapped_column(ForeignKey("invoices.id"))
    amount: Mapped[Decimal]
    paid_on: Mapped[date]
    method: Mapped[str | None]
    reference: Mapped[str | None]
    notes: Mapped[str | None]
