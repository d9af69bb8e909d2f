"""Limits of what is written into records, of time entries, and of what is made of them."""

from timetracker_api.clients.schemas import LONGEST_ADDRESS, LONGEST_PHONE
from timetracker_api.db.engine import MOST_LASTING
from timetracker_api.invoices.lines.service import MOST_LINES
from timetracker_api.invoices.lines.time import MOST_ENTRIES
from timetracker_api.limits.group import Group
from timetracker_api.projects.schemas import LONGEST_CODE
from timetracker_api.reports.grouping import MOST_DIMENSIONS
from timetracker_api.reports.parameters import MOST_GROUPS
from timetracker_api.schema import LONGEST_DURATION, LONGEST_EMAIL, LONGEST_NAME, LONGEST_PROSE
from timetracker_api.tags.schemas import MOST_MERGED
from timetracker_api.time_entries.bulk import MOST_OPERATIONS
from timetracker_api.time_entries.schemas import LONGEST_TAG, MOST_TAGS
from timetracker_api.web.streaming import PATIENCE_SECONDS


class RecordLimits(Group):
    """Of what is written into records. Those of other fields are in the OpenAPI document."""

    name_characters: int = LONGEST_NAME
    """Characters of a name, whatever it is the name of."""
    description_characters: int = LONGEST_PROSE
    """Characters of the description of a client, project or task."""
    email_characters: int = LONGEST_EMAIL
    """Characters of an email address."""
    phone_characters: int = LONGEST_PHONE
    """Characters of a client's telephone number."""
    address_characters: int = LONGEST_ADDRESS
    """Characters of a client's address."""
    project_code_characters: int = LONGEST_CODE
    """Characters of a project's code."""


class TimeEntryLimits(Group):
    """Of time entries."""

    notes_characters: int = LONGEST_PROSE
    """Characters of notes."""
    tags: int = MOST_TAGS
    """Tags on one entry."""
    tag_characters: int = LONGEST_TAG
    """Characters of a tag."""
    merged_tags: int = MOST_MERGED
    """Tags that are merged at once."""
    duration_seconds: int = LONGEST_DURATION
    """Seconds that an entry takes."""
    bulk_operations: int = MOST_OPERATIONS
    """Operations in one bulk change."""
    exports_at_once: int = MOST_LASTING
    """Exports that each process writes at once. A further one waits, or is answered 503."""
    export_pause_seconds: int = PATIENCE_SECONDS
    """Seconds that whoever reads an export may pause."""


class ReportLimits(Group):
    """Of reports."""

    groups: int = MOST_GROUPS
    """Groups on one page."""
    dimensions: int = MOST_DIMENSIONS
    """What one report is grouped by at once."""


class InvoiceLimits(Group):
    """Of invoices."""

    lines: int = MOST_LINES
    """Lines of one invoice."""
    billed_entries: int = MOST_ENTRIES
    """Time entries that are put on an invoice at once."""
