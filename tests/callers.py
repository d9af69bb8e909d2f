"""Who is calling."""

from itertools import count
from typing import Any

from fastapi import FastAPI
from httpx import ASGITransport, AsyncClient

from timetracker_api import entities
from timetracker_api.auth.models import User
from timetracker_api.auth.scopes import EVERYTHING
from timetracker_api.db.session import Database
from timetracker_api.sessions.service import add_token

BASE = "http://test/api/v1"


class Callers:
    """Makes users with tokens, as the command line does, and a client for each."""

    def __init__(self, app: FastAPI, database: Database) -> None:
        self._app = app
        self._database = database
        self._clients: list[AsyncClient] = []
        self._numbers = count(1)

    async def a(self, role: str, *scopes: str, **user: Any) -> AsyncClient:
        """Return a client for a new user with this role, and a token with these scopes."""
        async with self._database.write() as session:
            values = {"username": f"{role}{next(self._numbers)}", "role": role, **user}
            person = await entities.create(session, User, values)
            token = await add_token(
                session,
                user_id=person.id,
                name="Test",
                scopes=list(scopes) or [EVERYTHING],
                expires_at=None,
            )
        return self.with_token(token["token"])

    def with_token(self, token: str) -> AsyncClient:
        """Return a client that sends this token."""
        return self._client({"Authorization": f"Bearer {token}"})

    def nobody(self) -> AsyncClient:
        """Return a client that does not say who it is."""
        return self._client({})

    async def leave(self) -> None:
        """Close all clients."""
        for client in self._clients:
            await client.aclose()

    def _client(self, headers: dict[str, str]) -> AsyncClient:
        client = AsyncClient(transport=ASGITransport(self._app), base_url=BASE, headers=headers)
        self._clients.append(client)
        return client
