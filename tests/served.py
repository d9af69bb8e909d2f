"""The service as Schemathesis calls it: furnished, and with a caller who is always let in."""

import sqlite3
from collections.abc import Mapping
from pathlib import Path

from fastapi import FastAPI
from sqlalchemy import select
from starlette.types import Message, Receive, Scope, Send

from callers import Callers
from document import furnish
from timetracker_api import entities
from timetracker_api.app import create_app
from timetracker_api.auth import tokens
from timetracker_api.auth.models import Token, User
from timetracker_api.migrations import commands
from timetracker_api.models import Organization, metadata
from timetracker_api.settings import Settings

WAYS_OUT = ("/users", "/tokens", "/sessions")
"""Where the caller's token, and the user behind it, can be changed."""

EXAMPLE_ID = 7
"""What the examples of the document are called."""


class Furnished:
    """An ASGI application over the service: its start prepares the database.

    Whoever sends ``caller`` is an administrator, also when the request before has revoked the
    token, archived or deleted the user, or taken the role away.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.caller = tokens.mint()
        self.app: FastAPI = create_app(settings)
        self.token = ""
        self._is_in = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._live(receive, send)
            return
        sent = f"Bearer {self.caller}".encode()
        for position, (name, value) in enumerate(scope["headers"]):
            if name == b"authorization" and value == sent:
                if not self._is_in:
                    await self._let_in()
                leaves = any(way in scope["path"] for way in WAYS_OUT)
                self._is_in = scope["method"] == "GET" or not leaves
                scope["headers"][position] = (name, f"Bearer {self.token}".encode())
        await self.app(scope, receive, send)

    async def _live(self, receive: Receive, send: Send) -> None:
        messages: Mapping[str, Message] = {
            "lifespan.startup": {"type": "lifespan.startup.complete"},
            "lifespan.shutdown": {"type": "lifespan.shutdown.complete"},
        }
        await receive()
        await self._prepare()
        await send(messages["lifespan.startup"])
        await receive()
        await self.app.state.database.dispose()
        await send(messages["lifespan.shutdown"])

    async def _prepare(self) -> None:
        await commands.upgrade(self.settings)
        database = self.app.state.database
        callers = Callers(self.app, database)
        _, refused = await furnish(await callers.a("admin"))
        assert not refused
        await callers.leave()
        await database.dispose()
        renumber(Path(str(self.settings.url.database)))
        await self._let_in()

    async def _let_in(self) -> None:
        database = self.app.state.database
        alive = (
            select(Token.id)
            .join(User, User.id == Token.user_id)
            .where(
                Token.digest == tokens.digest(self.token),
                Token.revoked_at.is_(None),
                User.archived_at.is_(None),
                User.role == "admin",
            )
        )
        async with database.read() as session:
            if self.token and await session.scalar(alive):
                return
        async with database.write() as session:
            text = tokens.mint()
            name = f"caller.{text[-12:]}"
            user = await entities.create(session, User, {"username": name, "role": "admin"})
            values = {"user_id": user.id, "kind": "api", "name": "Caller", "scopes": ["*"]}
            await entities.create(session, Token, {**values, "digest": tokens.digest(text)})
        self.token = text


def renumber(file: Path) -> None:
    """Give the first record of everything the id that the examples use."""
    with sqlite3.connect(file) as connection:
        for table in metadata.sorted_tables:
            columns = {key.parent.name for key in table.foreign_keys}
            if "version" in table.c and table.name != Organization.__tablename__:
                columns.add("id")
            for column in columns:
                connection.execute(
                    f"UPDATE {table.name} SET {column} = ? WHERE {column} = 1",  # noqa: S608 - our own
                    (EXAMPLE_ID,),
                )
    connection.close()
