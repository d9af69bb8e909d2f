"""Logins, and tokens for programs."""

from collections.abc import AsyncGenerator
from typing import Annotated

from fastapi import Depends, Request, status

from timetracker_api.auth.models import Token
from timetracker_api.auth.throttling import Throttle, client_address
from timetracker_api.db.base import fold
from timetracker_api.db.session import Reading, Writing
from timetracker_api.entities import Values
from timetracker_api.problems import Unauthenticated
from timetracker_api.sessions import service
from timetracker_api.sessions.schemas import (
    Credentials,
    SessionCreated,
    SessionRead,
    TokenCreate,
    TokenCreated,
    TokenListing,
    TokenRead,
)
from timetracker_api.sessions.service import TOKENS, visible
from timetracker_api.web.pagination import Page
from timetracker_api.web.routing import SECRET, Id, ResourceRouter, answers, for_writing

login = ResourceRouter("sessions", public=True)
current = ResourceRouter("sessions/current", scope=None, tag="sessions")
router = ResourceRouter("tokens")

TokenToChange = Annotated[Token, for_writing(Token)]


async def throttled(request: Request, data: Credentials) -> AsyncGenerator[Credentials]:
    """Count the attempt before anything is compared; forgive somebody who knew the password."""
    throttle: Throttle = request.app.state.throttle
    address, account = client_address(request), fold(data.username)
    await throttle.login(address, account)
    yield data
    await throttle.forgive(address, account)


@login.post(
    "",
    response_model=SessionCreated,
    status_code=status.HTTP_201_CREATED,
    responses=answers(Unauthenticated),
    openapi_extra={SECRET: True},
)
async def sign_in(
    session: Writing, credentials: Annotated[Credentials, Depends(throttled, scope="function")]
) -> Values:
    """Sign in. The token expires when it is not used for some hours."""
    return await service.sign_in(session, credentials)


@current.get("", response_model=SessionRead)
async def get_session(session: Reading) -> Values:
    """The login, or API token, that the request came with."""
    return await service.current(session)


@current.delete("", status_code=status.HTTP_204_NO_CONTENT)
async def sign_out(session: Writing) -> None:
    """Sign out: the token is refused from now on."""
    await service.sign_out(session)


@router.get("", response_model=Page[TokenRead])
async def list_tokens(
    session: Reading, listing: Annotated[TokenListing, Depends(TokenListing.from_query)]
) -> Values:
    """Your own tokens and logins, newest first."""
    return await listing.page(session, TOKENS, *visible(session))


@router.post(
    "",
    response_model=TokenCreated,
    status_code=status.HTTP_201_CREATED,
    openapi_extra={SECRET: True},
)
async def create_token(session: Writing, data: TokenCreate) -> Values:
    """Make a token for a program. The answer is the only place where it can be read."""
    return await service.create_token(session, data)


@router.get("/{id}", response_model=TokenRead)
async def get_token(session: Reading, id: Id) -> Values:
    """One of your own tokens."""
    return await TOKENS.one(session, id, *visible(session))


@router.delete("/{id}", status_code=status.HTTP_204_NO_CONTENT)
async def revoke_token(session: Writing, token: TokenToChange) -> None:
    """Revoke one of your tokens: it is refused from now on."""
    await service.revoke(session, token)
