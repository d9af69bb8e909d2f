"""Who is asking, and whether they may."""

from collections.abc import Iterable
from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import APIKeyHeader, HTTPAuthorizationCredentials, HTTPBearer, SecurityScopes

from timetracker_api.auth import tokens
from timetracker_api.auth.scopes import EVERYTHING, SCOPES, Role
from timetracker_api.auth.throttling import Throttle
from timetracker_api.db.session import Context, request_context
from timetracker_api.problems import Forbidden, Unauthenticated

_bearer = HTTPBearer(
    auto_error=False,
    scheme_name="Bearer",
    description="A token from `POST /sessions` or `POST /tokens`.",
)
_api_key = APIKeyHeader(
    name="X-API-Key",
    auto_error=False,
    scheme_name="API key",
    description="The same token, for clients that cannot set `Authorization`.",
)


async def authorize(
    request: Request,
    needed: SecurityScopes,
    bearer: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)],
    api_key: Annotated[str | None, Depends(_api_key)],
) -> Context:
    """Find out who is asking, and refuse what they may not do.

    Raises `Unauthenticated`, `Forbidden` or `TooManyRequests`.
    """
    token = bearer.credentials if bearer is not None else api_key
    if token is None:
        raise Unauthenticated("Send a token: Authorization: Bearer tt_...")
    known = request_context(request)
    found = await tokens.look_up(known, token) if tokens.is_token(token) else None
    if found is None:
        raise Unauthenticated(
            "This token is unknown, expired or revoked.",
            headers={"WWW-Authenticate": 'Bearer error="invalid_token"'},
        )
    throttle: Throttle = request.app.state.throttle
    await throttle.request(found.token_id)
    await tokens.touch(known, found)
    known.actor_id = found.user_id
    known.token_id = found.token_id
    known.time_zone = found.time_zone
    known.schema_version = found.schema_version
    known.role = found.role
    known.scopes = allowed(found.role, found.scopes)
    require(known, needed.scopes)
    return known


async def identify(request: Request, *scopes: str) -> Context:
    """Do the same for one request, where others to the same address may come from anybody."""
    bearer, api_key = await _bearer(request), await _api_key(request)
    return await authorize(request, SecurityScopes(list(scopes)), bearer, api_key)


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
