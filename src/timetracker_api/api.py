"""Version 1 of the API: one line per noun, in reading order."""

from fastapi import FastAPI

from timetracker_api.clients.router import router as clients
from timetracker_api.custom_fields.router import router as custom_field_definitions
from timetracker_api.link_templates.router import router as link_templates
from timetracker_api.sessions.router import current as current_session
from timetracker_api.sessions.router import login as sessions
from timetracker_api.sessions.router import router as tokens
from timetracker_api.users.router import me
from timetracker_api.users.router import router as users

PREFIX = "/api/v1"

TAGS = {
    "clients": "Those the work is done for.",
    "custom-field-definitions": "Fields people define once; every record is checked against them.",
    "link-templates": "How the values of custom fields become links.",
    "users": "People.",
    "sessions": "Signing in and out.",
    "tokens": "Tokens for programs.",
    "service": "The service itself.",
}
"""The nouns, in the order of the docs page."""


def include_routers(app: FastAPI) -> None:
    """Add every operation. Flat, and the busiest first: each router before costs a request time."""
    for router in (
        clients,
        custom_field_definitions,
        link_templates,
        me,
        users,
        sessions,
        current_session,
        tokens,
    ):
        app.include_router(router, prefix=PREFIX)
