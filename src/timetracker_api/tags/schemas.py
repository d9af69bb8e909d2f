"""Tags as the API takes and shows them."""

from typing import Annotated

from pydantic import Field

from timetracker_api.schema import Body, Schema
from timetracker_api.time_entries.schemas import Tag

MOST_MERGED = 100


class TagRead(Schema):
    """A word that time entries are found by."""

    name: Annotated[str, Field(examples=["meeting"])]
    """The word."""
    count: Annotated[int, Field(examples=[12])]
    """How many of the entries you may see have it."""


class TagList(Schema):
    """All tags."""

    items: list[TagRead]
    """The tags, in alphabetical order."""


class TagRename(Body):
    """What to call a tag from now on."""

    name: Tag
    """The tag."""
    new_name: Tag
    """Its new name, which no tag has."""


class TagMerge(Body):
    """What to make one tag of."""

    names: Annotated[
        list[Tag], Field(min_length=1, max_length=MOST_MERGED, examples=[["mtg", "call"]])
    ]
    """The tags that are to go."""
    into: Tag
    """The tag that takes their place."""


class TagsChanged(Schema):
    """What has changed."""

    entries: Annotated[int, Field(examples=[12])]
    """How many entries were changed."""
