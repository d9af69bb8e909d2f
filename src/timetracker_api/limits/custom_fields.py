"""Limits of custom fields, and of the links that their values become."""

from typing import Annotated

from pydantic import Field

from timetracker_api.custom_fields.finding import filters, operators
from timetracker_api.custom_fields.kinds.choices import LONGEST_CHOICE, LONGEST_LIST
from timetracker_api.custom_fields.kinds.numbers import MOST_DECIMALS
from timetracker_api.custom_fields.kinds.texts import LONGEST_LONG_TEXT, LONGEST_TEXT, USUAL_TEXT
from timetracker_api.custom_fields.patterns import LONGEST_PATTERN
from timetracker_api.custom_fields.schemas import MOST_VALUES
from timetracker_api.db.json.comparing import DECIMAL_DIGITS, LONGEST_COMPARED
from timetracker_api.db.json.keys import LONGEST_KEY
from timetracker_api.limits.group import Group
from timetracker_api.link_templates import resolving, schemas
from timetracker_api.link_templates.template import MAX_TEMPLATE
from timetracker_api.urls import MAX_URL


class CustomFieldLimits(Group):
    """Of custom fields."""

    definitions: Annotated[int, Field(examples=[200])]
    """Active definitions per type of record."""
    choices: Annotated[int, Field(examples=[1000])]
    """Choices of one field."""
    values_bytes: Annotated[int, Field(examples=[65_536])]
    """Bytes of JSON that all values of one record take."""
    values: int = MOST_VALUES
    """Values in the `custom_fields` of one body."""
    key_characters: int = LONGEST_KEY
    """Characters of a key."""
    choice_characters: int = LONGEST_CHOICE
    """Characters of what is stored of a choice."""
    text_characters: int = LONGEST_TEXT
    """Characters of a `text`, a `url`, or a `long_text` with a pattern."""
    text_characters_usually: int = USUAL_TEXT
    """Characters of a `text` where its definition has no `max_length`."""
    long_text_characters: int = LONGEST_LONG_TEXT
    """Characters of a `long_text` without a pattern."""
    items: int = LONGEST_LIST
    """Choices in one value of a `multi_choice`."""
    pattern_characters: int = LONGEST_PATTERN
    """Characters of a pattern."""
    digits: int = DECIMAL_DIGITS
    """Digits of a `decimal`, before and behind the point together."""
    decimals: int = MOST_DECIMALS
    """Digits of a `decimal` behind the point: the greatest `scale`."""
    filters: int = filters.MOST_FILTERS
    """Conditions on custom fields in one request."""
    values_per_filter: int = operators.MOST_VALUES
    """Values in one condition."""
    sorted_characters: int = LONGEST_COMPARED
    """Characters of a text that sorting and comparing look at."""


class LinkTemplateLimits(Group):
    """Of link templates."""

    templates: Annotated[int, Field(examples=[20])]
    """Templates per field."""
    template_characters: int = MAX_TEMPLATE
    """Characters of a template."""
    url_characters: int = MAX_URL
    """Characters of a link. Where one would be longer, there is none."""
    previewed_records: int = schemas.MOST_RECORDS
    """Records that a template is tried on at once."""
    previewed_values: int = schemas.MOST_VALUES
    """Values that can be made up to try a template on."""
    resolved_records: int = resolving.MOST_FOUND
    """Records that are found by one link."""
