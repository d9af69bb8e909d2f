"""Who is asking, and whether they may."""

from collections.abc import Iterable
from typing import Annotated

from fastapi import Depends, Request
from fastapi.openapi.models import HTTPBearer
from fastapi.security import SecurityScopes
from fastapi.security.base import SecurityBase
from fastapi.security.utils import get_authorization_scheme_param

from timetracker_api.auth import tokens
from timetracker_api.auth.scopes import EVERYTHING, SCOPES, Role
from timetracker_api.auth.throttling import Throttle
from timetracker_api.db.session import Context, Reading, request_context
from timetracker_api.problems import Forbidden, Unauthenticated


class Authorize(SecurityBase):
    """Finds out who is asking, and refuses what they may not do.

    It reads both headers by itself: a dependency for each would cost every request as much as a
    small statement does. The document names the second in `openapi.complete`.
    """

    scheme_name = "Bearer"
    model = HTTPBearer(description="A token from `POST /sessions` or `POST /tokens`.")

    async def __call__(self, request: Request, session: Reading, needed: SecurityScopes) -> Context:
        """Return what is known of the request, with its user, role and scopes.

        Raises `Unauthenticated`, `Forbidden` or `TooManyRequests`.
        """
        token = _sent(request)
        if token is None:
            raise Unauthenticated("Send a token: Authorization: Bearer tt_...")
        known = request_context(request)
        found = await tokens.look_up(session, token) if tokens.is_token(token) else None
        if found is None:
            raise Unauthenticated(
                "This token is unknown, expired or revoked.",
                headers={"WWW-Authenticate": 'Bearer error="invalid_token"'},
            )
        throttle: Throttle = request.app.state.throttle
        await throttle.request(found.token_id)
        await tokens.touch(session, found)
        known.actor_id = found.user_id
        known.token_id = found.token_id
        known.time_zone = found.time_zone
        known.schema_version = found.schema_version
        known.role = found.role
        known.scopes = allowed(found.role, found.scopes)
        require(known, needed.scopes)
        return known


authorize = Authorize()

API_KEY = "X-API-Key"
"""The header for clients that cannot set `Authorization`."""


def _sent(request: Request) -> str | None:
    scheme, token = get_authorization_scheme_param(request.headers.get("authorization"))
    if token and scheme.lower() == "bearer":
        return token
    return request.headers.get(API_KEY)


async def identify(request: Request, *scopes: str) -> Context:
    """Do the same for one request, where others to the same address may come from anybody."""
    known = request_context(request)
    async with known.database.read(known) as session:
        return await authorize(request, session, SecurityScopes(list(scopes)))


def allowed(role: str, scopes: Iterable[str]) -> frozenset[str]:
    """Return what both a role and a token allow; ``*`` is all that the role has, now and later."""
    granted = frozenset[str](SCOPES[Role(role)])
    wanted = frozenset(scopes)
    return granted if EVERYTHING in wanted else granted & wanted


def require(known: Context, scopes: Iterable[str]) -> None:
    """Raise `Forbidden` unless the caller has all of these."""
    if lacking := sorted(set(scopes) - known.scopes):
        raise Forbidden(f"This needs the scope {' and '.join(lacking)}.", scopes=lacking)


async def _caller(request: Request) -> Context:
    return request_context(request)


Caller = Annotated[Context, Depends(_caller)]
"""Whoever is asking: ``caller: Caller`` gives an endpoint its user id, scopes and settings.
The router has authorized the request before the endpoint's own dependencies run."""
