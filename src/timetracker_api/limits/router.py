"""``GET /limits``."""

from fastapi import APIRouter

from timetracker_api.auth.principal import Caller
from timetracker_api.auth.throttling import attempts_per_address
from timetracker_api.limits.custom_fields import CustomFieldLimits, LinkTemplateLimits
from timetracker_api.limits.records import (
    InvoiceLimits,
    RecordLimits,
    ReportLimits,
    TimeEntryLimits,
)
from timetracker_api.limits.requests import ListLimits, LoginLimits, RequestLimits
from timetracker_api.schema import Schema
from timetracker_api.settings import Settings
from timetracker_api.web.routing import operation_id

router = APIRouter(tags=["service"], generate_unique_id_function=operation_id)


class LimitsRead(Schema):
    """How much of everything there may be; at most, where nothing else is said."""

    requests: RequestLimits
    """What one request may be, and how many there may be."""
    logins: LoginLimits
    """Attempts to sign in, and what one signs in with."""
    lists: ListLimits
    """Pages, and what one can look for."""
    records: RecordLimits
    """Names and other texts."""
    time_entries: TimeEntryLimits
    """Time entries, many of them at once, and exports."""
    reports: ReportLimits
    """Reports."""
    invoices: InvoiceLimits
    """Invoices."""
    custom_fields: CustomFieldLimits
    """Definitions, values, and finding by them."""
    link_templates: LinkTemplateLimits
    """Templates, and the links they make."""


@router.get("/limits")
async def get_limits(known: Caller) -> LimitsRead:
    """Say how much of everything there may be here."""
    return in_force(known.settings)


def in_force(settings: Settings) -> LimitsRead:
    """Return the limits of a service with these settings."""
    return LimitsRead(
        requests=RequestLimits(
            body_bytes=settings.max_body_bytes,
            per_minute=settings.requests_allowed_per_minute or None,
        ),
        logins=LoginLimits(
            attempts_per_minute_and_account=settings.login_attempts_per_minute,
            attempts_per_minute_and_address=attempts_per_address(settings),
            unused_hours=settings.session_hours,
        ),
        lists=ListLimits(),
        records=RecordLimits(),
        time_entries=TimeEntryLimits(),
        reports=ReportLimits(),
        invoices=InvoiceLimits(),
        custom_fields=CustomFieldLimits(
            definitions=settings.limits.definitions,
            choices=settings.limits.choices,
            values_bytes=settings.limits.values_bytes,
        ),
        link_templates=LinkTemplateLimits(templates=settings.limits.templates),
    )
