"""Answers that a test reads piece by piece, as slowly as it wants, and leaves when it wants."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI
from httpx import AsyncClient, Request
from starlette.types import Message

PATIENCE = 30


class Download:
    """One request. The service stands still until what it has sent is taken."""

    def __init__(self, app: FastAPI, request: Request) -> None:
        self._app = app
        self._request = request
        self._sent: asyncio.Queue[Message] = asyncio.Queue()
        self._taken = asyncio.Semaphore(0)
        self._left = asyncio.Event()
        self._asked = False
        self._task = asyncio.create_task(self._run())

    async def _run(self) -> None:
        url = self._request.url
        scope: dict[str, Any] = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": "1.1",
            "method": self._request.method,
            "scheme": url.scheme,
            "path": url.path,
            "raw_path": url.raw_path,
            "query_string": url.query,
            "root_path": "",
            "headers": [(name.lower(), value) for name, value in self._request.headers.raw],
            "client": ("127.0.0.1", 1),
            "server": ("test", 80),
        }
        await self._app(scope, self._receive, self._send)

    async def _receive(self) -> Message:
        if not self._asked:
            self._asked = True
            return {"type": "http.request", "body": b"", "more_body": False}
        await self._left.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: Message) -> None:
        await self._sent.put(message)
        await self._taken.acquire()

    async def start(self) -> int:
        """Take the headers, and return the status."""
        message = await asyncio.wait_for(self._sent.get(), PATIENCE)
        self._taken.release()
        return int(message["status"])

    async def piece(self) -> bytes | None:
        """Take the next piece, or return nothing where the answer is at its proper end."""
        ended = asyncio.create_task(self._sent.get())
        await asyncio.wait(
            {ended, self._task}, timeout=PATIENCE, return_when=asyncio.FIRST_COMPLETED
        )
        if not ended.done():
            ended.cancel()
            raise ConnectionResetError("the answer was broken off")
        message = ended.result()
        self._taken.release()
        return bytes(message["body"]) if message["more_body"] else None

    async def rest(self) -> bytes:
        """Take everything up to the proper end."""
        pieces: list[bytes] = []
        while (piece := await self.piece()) is not None:
            pieces.append(piece)
        return b"".join(pieces)

    async def abandoned(self) -> None:
        """Wait until the service is through with it, without taking anything."""
        await asyncio.wait_for(asyncio.shield(self._task), PATIENCE)

    async def leave(self) -> None:
        """Close the connection, and wait until the service is through with it."""
        self._left.set()
        await asyncio.wait_for(self._task, PATIENCE)


@asynccontextmanager
async def downloading(
    app: FastAPI, caller: AsyncClient, path: str, **query: Any
) -> AsyncGenerator[Download]:
    """Ask for something, and leave at the end."""
    download = Download(app, caller.build_request("GET", path, params=query))
    try:
        yield download
    finally:
        await download.leave()
