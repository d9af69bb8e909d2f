"""ETag, If-Match and If-None-Match.

A tag is ``"<version>-<digest>"``. The digest is of the whole answer, so that a 304 never hides a
change, also not of a name that was joined in. `If-Match` compares the version alone: an edit is
refused when the record itself has changed, not because a link on it looks different now.
"""

from hashlib import blake2b
from typing import Annotated

from fastapi import Header, Response, status

from timetracker_api.db.base import Entity
from timetracker_api.problems import PreconditionFailed

LONGEST_TAGS = 1000
"""Characters of all tags in one header."""

IfMatch = Annotated[
    str | None,
    Header(
        description="An `ETag` of this record: refused with 412 when it has changed since.",
        max_length=LONGEST_TAGS,
    ),
]

IfNoneMatch = Annotated[
    str | None,
    Header(
        description="An `ETag` you have seen: the answer is 304 when nothing has changed since.",
        max_length=LONGEST_TAGS,
    ),
]


def check_unchanged(entity: Entity, if_match: str | None) -> None:
    """Raise `PreconditionFailed` if the caller has seen another version. Weak tags never match."""
    if if_match is None or if_match.strip() == "*":
        return
    seen = [tag.strip().removeprefix('"').partition("-")[0] for tag in if_match.split(",")]
    if str(entity.version) not in seen:
        raise PreconditionFailed("Read it again, and repeat your change on what it is now.")


def tagged(response: Response, version: int | str, if_none_match: str | None) -> Response:
    """Give an answer its tag; where the caller has that already, the answer is 304."""
    digest = blake2b(bytes(response.body), digest_size=9).hexdigest()
    tag = f'"{version}-{digest}"'
    response.headers["ETag"] = tag
    if is_known(tag, if_none_match):
        return Response(status_code=status.HTTP_304_NOT_MODIFIED, headers={"ETag": tag})
    return response


def is_known(tag: str, if_none_match: str | None) -> bool:
    """Whether the caller has what a tag stands for."""
    if if_none_match is None:
        return False
    known = {candidate.strip().removeprefix("W/") for candidate in if_none_match.split(",")}
    return tag in known or "*" in known
