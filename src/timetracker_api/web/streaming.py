"""Files that are written while they are sent, however long they are."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing

from starlette.responses import StreamingResponse
from starlette.types import Send

from timetracker_api.db.failing import UNREACHABLE, describe
from timetracker_api.web.observability import log

PATIENCE_SECONDS = 60
"""How long whoever reads may take for a piece: a connection of the database is kept meanwhile."""


class Streamed(StreamingResponse):
    """A file to download.

    What fails before the first piece is there is answered with a problem. What fails later ends the
    connection before its time, so that a part of a file never looks like the whole.
    """

    def __init__(self, pieces: AsyncGenerator[bytes], *, media_type: str, filename: str) -> None:
        disposition = f'attachment; filename="{filename}"'
        super().__init__(
            pieces, media_type=media_type, headers={"Content-Disposition": disposition}
        )
        self._pieces = pieces
        self._filename = filename

    async def stream_response(self, send: Send) -> None:
        """Send all pieces; called by the framework, which cancels it when nobody listens."""
        async with aclosing(self._pieces) as pieces:
            piece = await anext(pieces, b"")
            start = {"type": "http.response.start", "headers": self.raw_headers}
            await send({**start, "status": self.status_code})
            try:
                await _send(send, piece)
                async for each in pieces:
                    await _send(send, each)
            except UNREACHABLE as error:
                log.warning("broken off", file=self._filename, reason=describe(error))
                return
        await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _send(send: Send, piece: bytes) -> None:
    async with asyncio.timeout(PATIENCE_SECONDS):
        await send({"type": "http.response.body", "body": piece, "more_body": True})
