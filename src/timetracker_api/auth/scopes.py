"""What can be allowed, and the roles that allow it."""

from collections.abc import Mapping
from enum import StrEnum


class Scope(StrEnum):
    """One permission. A request may do what both its user's role and its token allow."""

    CLIENTS_READ = "clients:read"
    CLIENTS_WRITE = "clients:write"
    PROJECTS_READ = "projects:read"
    PROJECTS_WRITE = "projects:write"
    TASKS_READ = "tasks:read"
    TASKS_WRITE = "tasks:write"
    TIME_ENTRIES_READ = "time_entries:read"
    TIME_ENTRIES_WRITE = "time_entries:write"
    TIME_ENTRIES_OTHERS = "time_entries:others"
    TIME_ENTRIES_UNLOCK = "time_entries:unlock"
    TAGS_READ = "tags:read"
    TAGS_WRITE = "tags:write"
    REPORTS_READ = "reports:read"
    RATES_READ = "rates:read"
    INVOICES_READ = "invoices:read"
    INVOICES_WRITE = "invoices:write"
    PAYMENTS_READ = "payments:read"
    PAYMENTS_WRITE = "payments:write"
    SETTINGS_READ = "settings:read"
    SETTINGS_WRITE = "settings:write"
    EVENTS_READ = "events:read"
    CUSTOM_FIELDS_READ = "custom_fields:read"
    CUSTOM_FIELDS_WRITE = "custom_fields:write"
    LINK_TEMPLATES_READ = "link_templates:read"
    LINK_TEMPLATES_WRITE = "link_templates:write"
    USERS_READ = "users:read"
    USERS_WRITE = "users:write"
    TOKENS_READ = "tokens:read"
    TOKENS_WRITE = "tokens:write"


EVERYTHING = "*"
"""On a token: all that its user's role allows, also what later versions add."""


class Role(StrEnum):
    """A named set of scopes that a user has."""

    ADMIN = "admin"
    MANAGER = "manager"
    MEMBER = "member"
    VIEWER = "viewer"


_VIEWER = frozenset(
    {
        Scope.CLIENTS_READ,
        Scope.PROJECTS_READ,
        Scope.TASKS_READ,
        Scope.TIME_ENTRIES_READ,
        Scope.TAGS_READ,
        Scope.REPORTS_READ,
        Scope.SETTINGS_READ,
        Scope.CUSTOM_FIELDS_READ,
        Scope.LINK_TEMPLATES_READ,
        Scope.TOKENS_READ,
        Scope.TOKENS_WRITE,
    }
)

SCOPES: Mapping[Role, frozenset[Scope]] = {
    Role.ADMIN: frozenset(Scope),
    Role.MANAGER: _VIEWER
    | {
        Scope.CLIENTS_WRITE,
        Scope.PROJECTS_WRITE,
        Scope.TASKS_WRITE,
        Scope.TIME_ENTRIES_WRITE,
        Scope.TIME_ENTRIES_OTHERS,
        Scope.TIME_ENTRIES_UNLOCK,
        Scope.TAGS_WRITE,
        Scope.RATES_READ,
        Scope.INVOICES_READ,
        Scope.INVOICES_WRITE,
        Scope.PAYMENTS_READ,
        Scope.PAYMENTS_WRITE,
        Scope.USERS_READ,
        Scope.EVENTS_READ,
    },
    Role.MEMBER: _VIEWER | {Scope.TIME_ENTRIES_WRITE},
    Role.VIEWER: _VIEWER | {Scope.TIME_ENTRIES_OTHERS},
}
"""What each role allows."""

DESCRIPTIONS: Mapping[Scope, str] = {
    Scope.CLIENTS_READ: "See clients.",
    Scope.CLIENTS_WRITE: "Create, change, archive and delete clients.",
    Scope.PROJECTS_READ: "See projects.",
    Scope.PROJECTS_WRITE: "Create, change, archive and delete projects.",
    Scope.TASKS_READ: "See tasks.",
    Scope.TASKS_WRITE: "Create, change, archive and delete tasks.",
    Scope.TIME_ENTRIES_READ: "See one's own time entries.",
    Scope.TIME_ENTRIES_WRITE: "Record, change and delete one's own time entries.",
    Scope.TIME_ENTRIES_OTHERS: "Do with everybody's time entries what one may do with one's own.",
    Scope.TIME_ENTRIES_UNLOCK: "Change time entries in closed periods.",
    Scope.TAGS_READ: "See the tags of the time entries one may see.",
    Scope.TAGS_WRITE: "Rename and merge tags.",
    Scope.REPORTS_READ: "See reports on the time entries one may see.",
    Scope.RATES_READ: "See and set hourly rates and amounts.",
    Scope.INVOICES_READ: "See invoices, with all their amounts.",
    Scope.INVOICES_WRITE: "Create, change, issue and void invoices; bill the time one may see.",
    Scope.PAYMENTS_READ: "See payments.",
    Scope.PAYMENTS_WRITE: "Record, change and delete payments.",
    Scope.SETTINGS_READ: "See the organisation's settings.",
    Scope.SETTINGS_WRITE: "Change the organisation's settings.",
    Scope.EVENTS_READ: "See who changed what.",
    Scope.CUSTOM_FIELDS_READ: "See which custom fields there are.",
    Scope.CUSTOM_FIELDS_WRITE: "Define custom fields.",
    Scope.LINK_TEMPLATES_READ: "See link templates.",
    Scope.LINK_TEMPLATES_WRITE: "Define link templates.",
    Scope.USERS_READ: "See all users.",
    Scope.USERS_WRITE: "Create, change, archive and delete users.",
    Scope.TOKENS_READ: "See one's own API tokens.",
    Scope.TOKENS_WRITE: "Create and revoke one's own API tokens.",
}
"""What each scope allows, for the OpenAPI document."""
