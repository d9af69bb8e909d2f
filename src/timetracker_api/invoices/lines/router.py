"""The lines of invoices."""

from typing import Annotated

from fastapi import Depends, Path, Query, status

from timetracker_api.db.session import Reading, Writing
from timetracker_api.entities import Values
from timetracker_api.invoices.lines import service
from timetracker_api.invoices.lines.billed import TimeBilled
from timetracker_api.invoices.lines.billing import bill
from timetracker_api.invoices.lines.choosing import TimeToBill
from timetracker_api.invoices.lines.schemas import (
    LineCreate,
    LineOrder,
    LineRead,
    LineUpdate,
)
from timetracker_api.invoices.models import Invoice, InvoiceLine
from timetracker_api.invoices.router import InvoiceToChange
from timetracker_api.invoices.schemas import InvoiceRead
from timetracker_api.invoices.showing import LINES
from timetracker_api.schema import LARGEST_ID
from timetracker_api.web import caching
from timetracker_api.web.routing import Id, ResourceRouter

router = ResourceRouter("invoices")

LineId = Annotated[int, Path(ge=1, le=LARGEST_ID, description="The line's number.", examples=[7])]
DryRun = Annotated[bool, Query(description="Only say what it would come to; change nothing.")]


async def _line(
    session: Writing, id: Id, line_id: LineId, if_match: caching.IfMatch = None
) -> tuple[Invoice, InvoiceLine]:
    return await service.line_of(session, id, line_id, if_match)


LineToChange = Annotated[tuple[Invoice, InvoiceLine], Depends(_line)]


@router.post("/{id}/lines", response_model=LineRead, status_code=status.HTTP_201_CREATED)
async def create_invoice_line(
    session: Writing, invoice: InvoiceToChange, data: LineCreate
) -> Values:
    """Write a line at the end of a draft."""
    return await LINES.after(session, service.add(session, invoice, data.whole()))


@router.post("/{id}/lines/from-time", response_model=TimeBilled)
async def bill_time(
    session: Writing,
    id: Id,
    data: TimeToBill,
    *,
    dry_run: DryRun = False,
    if_match: caching.IfMatch = None,
) -> Values:
    """Put the client's time on a draft: what is billable, has ended, is complete, has a rate in
    the invoice's currency, and is on no other invoice. The answer also says what was left out.
    """
    return await bill(session, id, data, dry_run=dry_run, if_match=if_match)


@router.post("/{id}/lines/order", response_model=InvoiceRead)
async def order_invoice_lines(
    session: Writing, invoice: InvoiceToChange, data: LineOrder
) -> Values:
    """Put the lines of a draft into another order."""
    return await service.reorder(session, invoice, data.line_ids)


@router.get("/{id}/lines/{line_id:number}", response_model=LineRead)
async def get_invoice_line(session: Reading, id: Id, line_id: LineId) -> Values:
    """One line of an invoice."""
    return await LINES.one(session, line_id, InvoiceLine.invoice_id == id)


@router.patch("/{id}/lines/{line_id:number}", response_model=LineRead)
async def update_invoice_line(session: Writing, line: LineToChange, data: LineUpdate) -> Values:
    """Change some of the fields of a line of a draft."""
    return await service.change(session, *line, data.given())


@router.delete("/{id}/lines/{line_id:number}", status_code=status.HTTP_204_NO_CONTENT)
async def delete_invoice_line(session: Writing, line: LineToChange) -> None:
    """Take a line off a draft. The time on it can be billed again."""
    await service.remove(session, *line)
