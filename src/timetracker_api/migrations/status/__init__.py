"""All that a person wants to know of a database before migrating it, or when something is wrong."""

from timetracker_api.migrations.status.examining import Report, examine
from timetracker_api.migrations.status.findings import Finding

__all__ = ["Finding", "Report", "examine"]
