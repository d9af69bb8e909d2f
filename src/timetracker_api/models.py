"""Every table there is: importing this module is what makes ``metadata`` complete."""

from timetracker_api.auth.models import Token, User
from timetracker_api.clients.models import Client
from timetracker_api.custom_fields.models import CustomFieldDefinition
from timetracker_api.db.base import Base
from timetracker_api.db.data_migrations import DataMigration
from timetracker_api.db.schema_version import SchemaVersion
from timetracker_api.events.models import Event
from timetracker_api.invoices.models import Invoice, InvoiceCounter, InvoiceEntry, InvoiceLine
from timetracker_api.link_templates.models import LinkTemplate
from timetracker_api.organization.models import Organization
from timetracker_api.payments.models import Payment
from timetracker_api.projects.models import Project
from timetracker_api.tasks.models import Task
from timetracker_api.time_entries.models import TimeEntry
from timetracker_api.web.idempotency import Answer

__all__ = [
    "Answer",
    "Client",
    "CustomFieldDefinition",
    "DataMigration",
    "Event",
    "Invoice",
    "InvoiceCounter",
    "InvoiceEntry",
    "InvoiceLine",
    "LinkTemplate",
    "Organization",
    "Payment",
    "Project",
    "SchemaVersion",
    "Task",
    "TimeEntry",
    "Token",
    "User",
    "metadata",
]

metadata = Base.metadata
