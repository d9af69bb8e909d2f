"""Payments."""

from typing import Annotated

from fastapi import Depends, status

from timetracker_api.db.session import Reading, Writing
from timetracker_api.entities import Values
from timetracker_api.payments import service
from timetracker_api.payments.listing import PaymentListing
from timetracker_api.payments.models import Payment
from timetracker_api.payments.schemas import (
    PaymentCreate,
    PaymentRead,
    PaymentUpdate,
)
from timetracker_api.payments.service import PAYMENTS
from timetracker_api.web.pagination import Page
from timetracker_api.web.routing import Id, ResourceRouter, for_writing

router = ResourceRouter("payments")

PaymentToChange = Annotated[Payment, for_writing(Payment)]


@router.get("", response_model=Page[PaymentRead])
async def list_payments(
    session: Reading, listing: Annotated[PaymentListing, Depends(PaymentListing.from_query)]
) -> Values:
    """Payments, the latest first unless asked otherwise."""
    return await listing.page(session, PAYMENTS)


@router.post("", response_model=PaymentRead, status_code=status.HTTP_201_CREATED)
async def create_payment(session: Writing, data: PaymentCreate) -> Values:
    """Record a payment for an issued invoice. The status of the invoice follows."""
    return await PAYMENTS.after(session, service.create(session, data.whole()))


@router.get("/{id}", response_model=PaymentRead)
async def get_payment(session: Reading, id: Id) -> Values:
    """One payment."""
    return await PAYMENTS.one(session, id)


@router.patch("/{id}", response_model=PaymentRead)
async def update_payment(session: Writing, payment: PaymentToChange, data: PaymentUpdate) -> Values:
    """Change some of a payment's fields. The status of the invoice follows."""
    return await PAYMENTS.after(session, service.update(session, payment, data.given()))


@router.delete("/{id}", status_code=status.HTTP_204_NO_CONTENT)
async def delete_payment(session: Writing, payment: PaymentToChange) -> None:
    """Delete a payment. The status of the invoice follows."""
    await service.delete(session, payment)
