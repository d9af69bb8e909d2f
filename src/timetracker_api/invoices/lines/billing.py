"""Putting time on an invoice.

Entries are locked before the invoice, which is the order in which changes of custom fields lock.
"""

from decimal import Decimal

from sqlalchemy import bindparam, select
from sqlalchemy.ext.asyncio import AsyncSession

from timetracker_api import entities
from timetracker_api.auth.principal import require
from timetracker_api.auth.scopes import Scope
from timetracker_api.db.session import context
from timetracker_api.entities import Values
from timetracker_api.invoices.amounts import worth
from timetracker_api.invoices.entries import bind
from timetracker_api.invoices.lines.choosing import TimeToBill
from timetracker_api.invoices.lines.grouping import Group, grouped
from timetracker_api.invoices.lines.service import MOST, append, next_place
from timetracker_api.invoices.lines.time import find
from timetracker_api.invoices.models import Invoice
from timetracker_api.invoices.rules import refuse_issued
from timetracker_api.organization.service import policy
from timetracker_api.problems import Invalid, fault
from timetracker_api.web import caching

_WHOSE = select(Invoice.client_id, Invoice.currency).where(Invoice.id == bindparam("id"))


async def bill(
    session: AsyncSession,
    id: int,
    data: TimeToBill,
    *,
    dry_run: bool = False,
    if_match: str | None = None,
) -> Values:
    """Put a client's time on a draft; say what is on it now, and what was left out."""
    known = context(session)
    if known.actor_id is not None:
        require(known, [Scope.TIME_ENTRIES_READ])
    whose = (await session.execute(_WHOSE, {"id": id})).one_or_none()
    if whose is None:
        raise entities.missing(Invoice, id)
    client_id, currency = whose
    found = await find(session, client_id, currency, data, hold=not dry_run)
    invoice = await entities.locked(session, Invoice, id)
    caching.check_unchanged(invoice, if_match)
    refuse_issued(invoice)
    groups = grouped(found.entries, data.group_by, (await policy(session)).rounded)
    lines = [group.line(data.tax_rate) for group in groups]
    told = [_told(*each, currency) for each in zip(groups, lines, strict=True)]
    if dry_run:
        await next_place(session, invoice, len(lines))
    elif lines:
        added = await append(session, invoice, lines)
        await bind(session, invoice, [*zip(added, (group.ids for group in groups), strict=True)])
        for each, line in zip(told, added, strict=True):
            each["id"] = line.id
    amount = sum((each["amount"] for each in told), Decimal(0))
    return {"dry_run": dry_run, "lines": told, "amount": amount, "left_out": found.told}


def _told(group: Group, line: Values, currency: str) -> Values:
    amount = worth(group.billed_seconds, group.rate, currency)
    if amount > MOST:
        raise Invalid(fault("group_by", "maximum", f"A line would come to more than {MOST}."))
    return {**line, "id": None, "amount": amount, "entry_count": len(group.ids)}
