"""People as the API takes and shows them."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import MISSING, Field, SecretStr
from sqlalchemy import ColumnElement

from timetracker_api.auth import passwords
from timetracker_api.auth.models import User
from timetracker_api.auth.scopes import Role
from timetracker_api.db.base import fold
from timetracker_api.schema import Amount, Body, Email, Name, Patch, Resource, TimeZoneName
from timetracker_api.web.pagination import ArchivableListing
from timetracker_api.web.parameters import Search

LONGEST_USERNAME = 100
"""Characters."""

Password = Annotated[
    SecretStr,
    Field(
        max_length=passwords.LONGEST_TYPED,
        examples=["correct-horse-battery-staple"],
        json_schema_extra={"minLength": passwords.SHORTEST, "maxLength": passwords.LONGEST},
    ),
]
"""Hashed with argon2id, and refused when it is short, long or easily guessed."""


class Profile(Body):
    """What people may say about themselves."""

    name: Annotated[Name, Field(examples=["Ada Lovelace"])] | None = None
    """The name others see."""
    email: Annotated[Email, Field(examples=["ada@example.com"])] | None = None
    """Where to reach them."""
    time_zone: TimeZoneName | None = None
    """Their IANA time zone; null for the organisation's."""


class UserCreate(Profile):
    """Somebody who is to sign in."""

    username: Annotated[
        str,
        Field(
            min_length=1,
            max_length=LONGEST_USERNAME,
            pattern=r"^[A-Za-z0-9._@+-]+$",
            examples=["ada"],
        ),
    ]
    """What they sign in with. Unique, whatever the case."""
    role: Annotated[Role, Field(strict=False, examples=["member"])] = Role.MEMBER
    """What they may do."""
    hourly_rate: Amount | None = None
    """What an hour of theirs costs where nothing more specific is agreed. Needs `rates:read`."""
    password: Password | None = None
    """Without one they cannot sign in, but tokens can be made for them."""


class UserUpdate(Patch, UserCreate):
    """Any of the fields of a user; the rest stay as they are. A new password ends all logins."""


class _OwnFields(Profile):
    password: Password
    """The new password. Every other login ends."""
    current_password: Annotated[
        SecretStr, Field(max_length=passwords.LONGEST_TYPED, examples=["old-password"])
    ]
    """Needed for a new password."""


class MeUpdate(Patch, _OwnFields):
    """Any of your own fields; the rest stay as they are."""


class UserRead(Resource):
    """Somebody who can sign in."""

    username: Annotated[str, Field(examples=["ada"])]
    """What they sign in with."""
    name: Annotated[str | None, Field(examples=["Ada Lovelace"])]
    """The name others see."""
    email: Annotated[str | None, Field(examples=["ada@example.com"])]
    """Where to reach them."""
    role: Annotated[Role, Field(examples=["member"])]
    """What they may do."""
    time_zone: Annotated[str | None, Field(examples=["Europe/Brussels"])]
    """Their IANA time zone; null for the organisation's."""
    hourly_rate: Amount | MISSING | None = MISSING
    """What an hour of theirs costs. Left out without `rates:read`."""
    archived_at: datetime | None
    """Since when they can no longer sign in."""


class MeRead(UserRead):
    """Whoever is asking."""

    scopes: Annotated[list[str], Field(examples=[["clients:read"]])]
    """What this request was allowed to do: what both the role and the token allow."""


class UserListing(ArchivableListing, frozen=True):
    """How to list users."""

    search: Search | None = None
    """Only those whose username contains this, whatever the case."""
    role: Role | None = None
    """Only those with this role."""
    sort: Literal[
        "username", "-username", "created_at", "-created_at", "updated_at", "-updated_at"
    ] = "username"
    """The order; with `-` in front, the other way round."""

    def where(self) -> Iterator[ColumnElement[bool]]:
        """Give the conditions that follow from the parameters."""
        if self.search:
            yield User.username_key.contains(fold(self.search), autoescape=True)
        if self.role:
            yield User.role == self.role

    def order(self) -> Mapping[str, Any]:
        """Give the column behind each value of ``sort``."""
        return {
            "username": User.username_key,
            "created_at": User.created_at,
            "updated_at": User.updated_at,
        }
