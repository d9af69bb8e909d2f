"""Documents that follow from the definitions: written once per version of these, and kept."""

from collections.abc import Awaitable, Callable
from hashlib import blake2b
from typing import Any

import orjson
from fastapi import Response, status
from sqlalchemy.ext.asyncio import AsyncSession

from timetracker_api import __version__
from timetracker_api.db.schema_version import Snapshot
from timetracker_api.db.session import context
from timetracker_api.web import caching

Node = dict[str, Any]
Kept = dict[str, bytes]


async def _nothing_yet(_session: AsyncSession) -> Kept:
    return {}


_documents = Snapshot(_nothing_yet)


async def answered(
    session: AsyncSession,
    name: str,
    if_none_match: str | None,
    write: Callable[[], Awaitable[Node]],
) -> Response:
    """Answer with the document of this name as the caller's role sees it, written at most once.

    Whoever has it already is told so without its being written.
    """
    kept = await _documents.current(session)
    known = context(session)
    digest = blake2b(f"{__version__} {known.role} {name}".encode(), digest_size=9).hexdigest()
    tag = f'"{known.schema_version}-{digest}"'
    if caching.is_known(tag, if_none_match):
        return Response(status_code=status.HTTP_304_NOT_MODIFIED, headers={"ETag": tag})
    if digest not in kept:
        kept[digest] = orjson.dumps(await write())
    return Response(kept[digest], media_type="application/json", headers={"ETag": tag})
