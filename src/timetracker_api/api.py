"""Version 1 of the API: one line per noun, in reading order."""

from fastapi import FastAPI

from timetracker_api.clients.router import router as clients
from timetracker_api.custom_fields.changes.router import router as custom_field_changes
from timetracker_api.custom_fields.forms.router import router as forms
from timetracker_api.custom_fields.router import router as custom_field_definitions
from timetracker_api.events.router import router as events
from timetracker_api.invoices.lines.router import router as invoice_lines
from timetracker_api.invoices.router import router as invoices
from timetracker_api.link_templates.router import for_definers as link_template_usage
from timetracker_api.link_templates.router import router as link_templates
from timetracker_api.organization.router import router as settings
from timetracker_api.payments.router import router as payments
from timetracker_api.projects.router import router as projects
from timetracker_api.reports.router import router as reports
from timetracker_api.sessions.router import current as current_session
from timetracker_api.sessions.router import login as sessions
from timetracker_api.sessions.router import router as tokens
from timetracker_api.tags.router import router as tags
from timetracker_api.tasks.router import router as tasks
from timetracker_api.time_entries.router import router as time_entries
from timetracker_api.timer.router import router as timer
from timetracker_api.users.router import me
from timetracker_api.users.router import router as users

PREFIX = "/api/v1"

TAGS = {
    "time-entries": "Time that was spent.",
    "timer": "Time that is being spent.",
    "reports": "Time, summed up.",
    "clients": "Those the work is done for.",
    "projects": "Work for a client that time is recorded on.",
    "tasks": "The pieces of a project's work.",
    "invoices": "What clients are billed.",
    "payments": "What clients have paid.",
    "tags": "Words to find time entries by.",
    "custom-field-definitions": "Fields people define once; every record is checked against them.",
    "forms": "What to build forms for custom fields from.",
    "link-templates": "How the values of custom fields become links.",
    "users": "People.",
    "sessions": "Signing in and out.",
    "tokens": "Tokens for programs.",
    "events": "Who changed what.",
    "settings": "What holds for everybody.",
    "service": "The service itself.",
}
"""The nouns, in the order of the docs page."""


def include_routers(app: FastAPI) -> None:
    """Add every operation.

    The busiest first: every router is tried in turn, and each miss costs time.
    """
    for router in (
        time_entries,
        timer,
        clients,
        projects,
        tasks,
        tags,
        reports,
        invoices,
        invoice_lines,
        payments,
        custom_field_definitions,
        custom_field_changes,
        forms,
        link_templates,
        link_template_usage,
        me,
        users,
        sessions,
        current_session,
        tokens,
        events,
        settings,
    ):
        app.include_router(router, prefix=PREFIX)
