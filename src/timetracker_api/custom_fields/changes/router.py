"""What there is of a custom field, and changes that reach its values."""

from typing import Annotated

from fastapi import Depends, Path

from timetracker_api.custom_fields.changes import backfilling, converting, replacing, usage
from timetracker_api.custom_fields.changes.rehearsing import DryRun
from timetracker_api.custom_fields.changes.schemas import (
    Backfill,
    ChoiceReplacement,
    Conversion,
    Impact,
    Usage,
    Violation,
)
from timetracker_api.custom_fields.changes.violations import ViolationFeed
from timetracker_api.custom_fields.kinds.choices import LONGEST_CHOICE
from timetracker_api.custom_fields.models import CustomFieldDefinition
from timetracker_api.db.session import Reading, Writing
from timetracker_api.entities import Values
from timetracker_api.web.feeds import Portion
from timetracker_api.web.routing import Id, ResourceRouter, for_writing

router = ResourceRouter("custom-field-definitions", scope="custom_fields", for_writers=True)

DefinitionToChange = Annotated[CustomFieldDefinition, for_writing(CustomFieldDefinition)]
ChoiceValue = Annotated[
    str,
    Path(max_length=LONGEST_CHOICE, description="What is stored of the choice.", examples=["tin"]),
]


@router.get("/{id}/usage", response_model=Usage)
async def get_custom_field_usage(session: Reading, id: Id) -> Values:
    """How many records have a value, how many different ones there are, and how many break the
    rules as they are now.
    """
    return await usage.usage(session, id)


@router.get("/{id}/violations", response_model=Portion[Violation])
async def list_custom_field_violations(
    session: Reading, id: Id, feed: Annotated[ViolationFeed, Depends(ViolationFeed.from_query)]
) -> Values:
    """The records that break the rules as they are now, by type and id."""
    return await feed.found(session, id)


@router.post("/{id}/backfill", response_model=Impact)
async def backfill_custom_field(
    session: Writing, definition: DefinitionToChange, data: Backfill, *, dry_run: DryRun = False
) -> Values:
    """Give a value to all records that have none: the same one, or what another field holds.
    Records that it does not fit stay without, and are counted as violations.
    """
    return await backfilling.backfill(session, definition, data, dry_run=dry_run)


@router.post("/{id}/convert", response_model=Impact)
async def convert_custom_field(
    session: Writing, definition: DefinitionToChange, data: Conversion, *, dry_run: DryRun = False
) -> Values:
    """Give the field another kind, and convert all its values. Where one does not fit, nothing
    is changed.
    """
    return await converting.convert(session, definition, data, dry_run=dry_run)


@router.post("/{id}/choices/{value:path}/replace", response_model=Impact)
async def replace_custom_field_choice(
    session: Writing,
    definition: DefinitionToChange,
    value: ChoiceValue,
    data: ChoiceReplacement,
    *,
    dry_run: DryRun = False,
) -> Values:
    """Give records that have a choice another one, or none, and remove the choice."""
    return await replacing.replace_choice(session, definition, value, data.with_, dry_run=dry_run)
