"""Where invoices are kept."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any, ClassVar, Literal

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey
from sqlalchemy.orm import Mapped, declared_attr, mapped_column

from timetracker_api.custom_fields import HasCustomFields
from timetracker_api.db.base import Base, Entity
from timetracker_api.db.naming import Searchable
from timetracker_api.db.types import BigKey, OrderedText

Status = Literal["draft", "issued", "partly_paid", "paid", "void"]

NONE = Decimal(0)


class Invoice(Entity, HasCustomFields, Searchable):
    """What a client is billed: a draft until it is issued, and then as it is for ever."""

    __tablename__ = "invoices"
    entity_type: ClassVar[str] = "invoice"
    searched = ("number", "reference", "notes")

    client_id: Mapped[int] = mapped_column(ForeignKey("clients.id"), index=True)
    number: Mapped[str | None] = mapped_column(OrderedText, unique=True)
    """Of a draft none: it is given when the invoice is issued."""
    status: Mapped[str] = mapped_column(default="draft", index=True)
    currency: Mapped[str]
    issued_on: Mapped[date | None] = mapped_column(index=True)
    due_on: Mapped[date | None]
    payment_days: Mapped[int | None]
    reference: Mapped[str | None]
    notes: Mapped[str | None]
    terms: Mapped[str | None]
    discount_percent: Mapped[Decimal | None]
    discount_amount: Mapped[Decimal | None]
    subtotal: Mapped[Decimal] = mapped_column(default=NONE)
    discount: Mapped[Decimal] = mapped_column(default=NONE)
    tax: Mapped[Decimal] = mapped_column(default=NONE)
    total: Mapped[Decimal] = mapped_column(default=NONE)
    paid: Mapped[Decimal] = mapped_column(default=NONE)
    """The sum of its payments; like the totals, kept so that lists can be sorted by it."""
    bill_to_name: Mapped[str | None]
    bill_to_address: Mapped[str | None]
    """What the client was called, and where they were, when it was issued."""
    issued_at: Mapped[datetime | None]
    voided_at: Mapped[datetime | None]
    void_reason: Mapped[str | None]

    @declared_attr.directive
    @classmethod
    def __table_args__(cls) -> tuple[Any, ...]:
        return (
            CheckConstraint(
                "status IN ('draft', 'issued', 'partly_paid', 'paid', 'void')", name="status"
            ),
            CheckConstraint("(number IS NULL) = (status = 'draft')", name="numbered_when_issued"),
            CheckConstraint(
                "discount_percent IS NULL OR discount_amount IS NULL", name="one_discount"
            ),
            *cls.rules(),
        )


class InvoiceLine(Entity):
    """Something that is billed."""

    __tablename__ = "invoice_lines"
    entity_type: ClassVar[str] = "invoice_line"

    invoice_id: Mapped[int] = mapped_column(
        ForeignKey("invoices.id", ondelete="CASCADE"), index=True
    )
    position: Mapped[int]
    description: Mapped[str]
    quantity: Mapped[Decimal]
    """Of time, the hours, as they are shown; the amount follows from the seconds."""
    unit_price: Mapped[Decimal]
    tax_rate: Mapped[Decimal]
    amount: Mapped[Decimal]
    seconds: Mapped[int | None] = mapped_column(BigInteger)
    """Of time, what was recorded."""
    billed_seconds: Mapped[int | None] = mapped_column(BigInteger)
    """Of time, what is billed of it."""


class InvoiceEntry(Base):
    """Has an entry on an invoice. The primary key allows it on one; void invoices have none."""

    __tablename__ = "invoice_entries"

    entry_id: Mapped[int] = mapped_column(
        BigKey, ForeignKey("time_entries.id"), primary_key=True, autoincrement=False
    )
    invoice_id: Mapped[int] = mapped_column(
        ForeignKey("invoices.id", ondelete="CASCADE"), index=True
    )
    line_id: Mapped[int] = mapped_column(
        ForeignKey("invoice_lines.id", ondelete="CASCADE"), index=True
    )


class InvoiceCounter(Base):
    """The last number that was given in a year; in the year 0 where years do not count."""

    __tablename__ = "invoice_counters"

    year: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    last: Mapped[int]
