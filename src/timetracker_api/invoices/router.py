"""Invoices."""

from typing import Annotated

from fastapi import Depends, status

from timetracker_api.custom_fields.showing import include
from timetracker_api.db.session import Reading, Writing
from timetracker_api.entities import Values
from timetracker_api.invoices import service
from timetracker_api.invoices.listing import InvoiceListing
from timetracker_api.invoices.models import Invoice
from timetracker_api.invoices.schemas import (
    InvoiceCreate,
    InvoiceRead,
    InvoiceUpdate,
    InvoiceVoid,
)
from timetracker_api.invoices.showing import INVOICES, whole
from timetracker_api.web.pagination import Page
from timetracker_api.web.routing import Id, ResourceRouter, for_writing

router = ResourceRouter("invoices")

InvoiceToChange = Annotated[Invoice, for_writing(Invoice)]


@router.get("", response_model=Page[InvoiceRead])
async def list_invoices(
    session: Reading, listing: Annotated[InvoiceListing, Depends(InvoiceListing.from_query)]
) -> Values:
    """Invoices, the newest first unless asked otherwise, without their lines.

    `custom.<key>=value` keeps those whose custom field has this value. `custom.<key>.<operator>`
    asks otherwise, with `ne`, `in`, `gt`, `gte`, `lt`, `lte`, `contains`, `starts_with` or
    `is_set`, as far as the kind of the field has them. Several must all hold.
    `client.custom.<key>` asks about who is billed. `sort=custom.<key>` sorts by a field.
    """
    return await listing.page(session, INVOICES)


@router.post("", response_model=InvoiceRead, status_code=status.HTTP_201_CREATED)
async def create_invoice(session: Writing, data: InvoiceCreate) -> Values:
    """Draft an invoice. Lines come next; its number comes when it is issued."""
    return await service.create(session, data.whole())


@router.get("/{id}", response_model=InvoiceRead, dependencies=[Depends(include)])
async def get_invoice(session: Reading, id: Id) -> Values:
    """One invoice, with its lines and taxes."""
    return await whole(session, id)


@router.patch("/{id}", response_model=InvoiceRead)
async def update_invoice(session: Writing, invoice: InvoiceToChange, data: InvoiceUpdate) -> Values:
    """Change some of an invoice's fields, and some of its custom fields: of a draft all, of others
    the notes and the custom fields.
    """
    return await service.update(session, invoice, data.given())


@router.delete("/{id}", status_code=status.HTTP_204_NO_CONTENT)
async def delete_invoice(session: Writing, invoice: InvoiceToChange) -> None:
    """Delete a draft with its lines. The time on it can be billed again."""
    await service.delete(session, invoice)


@router.post("/{id}/issue", response_model=InvoiceRead)
async def issue_invoice(session: Writing, invoice: InvoiceToChange) -> Values:
    """Give a draft the next number, its dates, and the client's name and address as they are now.
    It stays as it is from then on, and so does the time on it.
    """
    return await service.issue(session, invoice)


@router.post("/{id}/void", response_model=InvoiceRead)
async def void_invoice(session: Writing, invoice: InvoiceToChange, data: InvoiceVoid) -> Values:
    """Have an issued invoice count no more. It keeps its number and its lines; the time on it can
    be changed, and billed again.
    """
    return await service.void(session, invoice, data.reason)
