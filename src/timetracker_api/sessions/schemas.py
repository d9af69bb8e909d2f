"""Logins and API tokens as the API takes and shows them."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field, SecretStr

from timetracker_api.auth.passwords import LONGEST_TYPED
from timetracker_api.auth.scopes import Scope
from timetracker_api.schema import Body, Line, Moment, Name, Resource, Schema
from timetracker_api.users.schemas import LONGEST_USERNAME, UserRead
from timetracker_api.web.pagination import Listing

TokenText = Annotated[
    str, Field(examples=["tt_0pYh1nYoYtqcM3t2S1Nf3l4bqfUoXzqD2Nr8Wd9ZyQ7kLm0aBcD"])
]
"""Shown once: only a digest of it is kept."""


class Credentials(Body):
    """Who wants to sign in."""

    username: Annotated[Line, Field(min_length=1, max_length=LONGEST_USERNAME, examples=["admin"])]
    """The username, whatever the case."""
    password: Annotated[
        SecretStr,
        Field(min_length=1, max_length=LONGEST_TYPED, examples=["correct-horse-battery-staple"]),
    ]
    """The password."""


class SessionRead(Schema):
    """A login."""

    expires_at: datetime | None
    """When it ends, unless it is used before; null for an API token that does not expire."""
    user: UserRead
    """Who has signed in."""


class SessionCreated(SessionRead):
    """A new login, with the token to send from now on."""

    token: TokenText
    """Send it as `Authorization: Bearer ...`."""


class TokenCreate(Body):
    """A token for a program."""

    name: Annotated[Name, Field(examples=["Nightly export"])]
    """What it is for."""
    scopes: Annotated[
        list[Annotated[Scope, Field(strict=False)]],
        Field(min_length=1, max_length=100, examples=[["clients:read"]]),
    ]
    """What it may do: no more than you may."""
    expires_at: Annotated[Moment, Field(examples=["2099-01-01T00:00:00Z"])] | None = None
    """When it ends; null for never. Not after the token it is made with."""


class TokenRead(Resource):
    """A token for a program, without the secret."""

    name: Annotated[str, Field(examples=["Nightly export"])]
    """What it is for."""
    kind: Annotated[Literal["session", "api"], Field(examples=["api"])]
    """`session` for a login, `api` for a token made for a program."""
    scopes: Annotated[list[str], Field(examples=[["clients:read"]])]
    """What it may do, if the role of its user allows it too; `*` for all of that."""
    expires_at: datetime | None
    """When it ends; null for never."""
    last_used_at: datetime | None
    """When it was last used, to the minute."""


class TokenCreated(TokenRead):
    """A new token; the only answer that holds it."""

    token: TokenText
    """Send it as `Authorization: Bearer ...`."""


class TokenListing(Listing, frozen=True):
    """How to list tokens."""

    sort: Literal["id", "-id"] = "-id"
    """The order; with `-` in front, the other way round."""
