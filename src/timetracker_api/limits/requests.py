"""Limits of requests, of signing in, and of lists."""

from typing import Annotated

from pydantic import Field

from timetracker_api.auth import passwords
from timetracker_api.limits.group import Group
from timetracker_api.users.schemas import LONGEST_USERNAME
from timetracker_api.web import body, caching, feeds, idempotency, pagination, parameters


class RequestLimits(Group):
    """Of one request, and of many."""

    body_bytes: Annotated[int, Field(examples=[1_048_576])]
    """Bytes of a body."""
    body_levels: int = body.DEEPEST
    """Levels of nesting in a body."""
    per_minute: Annotated[int | None, Field(examples=[6000])]
    """Requests per minute and token; null without limit. Every process counts for itself."""
    idempotency_key_characters: int = idempotency.LONGEST_KEY
    """Characters of an `Idempotency-Key`."""
    idempotency_seconds: int = int(idempotency.KEPT_FOR.total_seconds())
    """Seconds during which a request with the same key is answered as the first time."""
    etags_characters: int = caching.LONGEST_TAGS
    """Characters of the tags in an `If-Match`."""


class LoginLimits(Group):
    """Of signing in."""

    attempts_per_minute_and_account: Annotated[int, Field(examples=[10])]
    """Attempts per minute for one account from one address. Every process counts for itself."""
    attempts_per_minute_and_address: Annotated[int, Field(examples=[50])]
    """Attempts per minute from one address over all accounts."""
    unused_hours: Annotated[int, Field(examples=[12])]
    """Hours until a login expires that is not used."""
    username_characters: int = LONGEST_USERNAME
    """Characters of a username."""
    password_characters_at_least: int = passwords.SHORTEST
    """Characters that a password has at least."""
    password_characters: int = passwords.LONGEST
    """Characters of a password."""


class ListLimits(Group):
    """Of lists, and of what one can look for in them."""

    page_items: int = parameters.MOST_ON_A_PAGE
    """Records on one page: the greatest `limit`."""
    page_items_usually: int = parameters.USUALLY_ON_A_PAGE
    """Records on one page where there is no `limit`."""
    offset: int = pagination.GREATEST_OFFSET
    """Records that can be skipped: the greatest `offset`."""
    counted: int = feeds.MOST_COUNTED
    """Records that `include=total` counts up to."""
    cursor_characters: int = feeds.LONGEST_CURSOR
    """Characters of a `cursor`."""
    ids: int = parameters.MOST_IDS
    """Ids in one filter."""
    search_characters: int = parameters.LONGEST_SEARCH
    """Characters of `search`."""
