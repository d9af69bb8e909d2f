"""What can be allowed, and the roles that allow it."""

from collections.abc import Mapping
from enum import StrEnum


class Scope(StrEnum):
    """One permission. A request may do what both its user's role and its token allow."""

    CLIENTS_READ = "clients:read"
    CLIENTS_WRITE = "clients:write"
    RATES_READ = "rates:read"
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
        Scope.CUSTOM_FIELDS_READ,
        Scope.LINK_TEMPLATES_READ,
        Scope.TOKENS_READ,
        Scope.TOKENS_WRITE,
    }
)

SCOPES: Mapping[Role, frozenset[Scope]] = {
    Role.ADMIN: frozenset(Scope),
    Role.MANAGER: _VIEWER | {Scope.CLIENTS_WRITE, Scope.RATES_READ, Scope.USERS_READ},
    Role.MEMBER: _VIEWER,
    Role.VIEWER: _VIEWER,
}
"""What each role allows."""

DESCRIPTIONS: Mapping[Scope, str] = {
    Scope.CLIENTS_READ: "See clients.",
    Scope.CLIENTS_WRITE: "Create, change, archive and delete clients.",
    Scope.RATES_READ: "See hourly rates and amounts.",
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
