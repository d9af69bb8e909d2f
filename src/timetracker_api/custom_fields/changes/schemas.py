"""What is told of a field before and after its rules change, and what such a change takes."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import MISSING, ConfigDict, Field, JsonValue

from timetracker_api.custom_fields.kinds.choices import LONGEST_CHOICE
from timetracker_api.custom_fields.patterns import LONGEST_PATTERN
from timetracker_api.custom_fields.schemas import (
    Bound,
    Choice,
    DefinitionRead,
    EntityType,
    EntityTypes,
    Key,
    KindName,
    Length,
    Scale,
    Schemes,
)
from timetracker_api.problems import Fault, ProblemDetails
from timetracker_api.schema import Body, Line, Schema

FAULT: Mapping[str, Any] = {
    "pointer": "/custom_fields/tier",
    "source": "body",
    "code": "not_a_choice",
    "message": "Tier must be one of its choices.",
}
Faults = Annotated[list[Fault], Field(examples=[[FAULT]])]
Value = Annotated[JsonValue, Field(examples=["tin"])]


class Sample(Schema):
    """A record whose value is not acceptable."""

    id: Annotated[int, Field(examples=[7])]
    """The record."""
    value: Value
    """What it has; null where there is no value."""
    errors: Faults
    """What is wrong with that."""


class TypeImpact(Schema):
    """What a change means for the records of one type."""

    entity_type: EntityType
    """The type."""
    records: Annotated[int, Field(examples=[1200])]
    """How many records there are."""
    with_value: Annotated[int, Field(examples=[1100])]
    """How many of them have a value, before the change."""
    violations: Annotated[int, Field(examples=[1])]
    """How many lack a value, or have one that is not acceptable."""
    changed: Annotated[int, Field(examples=[0])] | MISSING = MISSING
    """How many get another value, or lose theirs; left out where no values change."""
    samples: list[Sample]
    """Some that are not acceptable, at most ten."""


class Impact(Schema):
    """What a change means for the records there are."""

    dry_run: Annotated[bool, Field(examples=[True])]
    """Whether nothing was changed."""
    definition: DefinitionRead | None
    """The definition as it is, or would be, after the change; null where there is none any more."""
    impact: list[TypeImpact]
    """What it means for each type of record that has the field, or values of it."""
    problem: Annotated[ProblemDetails | MISSING, Field(examples=[])] = MISSING
    """Why the change would be refused as things are; left out where it would not."""


class TypeUsage(Schema):
    """What there is of a field on the records of one type."""

    entity_type: EntityType
    """The type."""
    records: Annotated[int, Field(examples=[1200])]
    """How many records there are."""
    with_value: Annotated[int, Field(examples=[1100])]
    """How many of them have a value."""
    distinct: Annotated[int, Field(examples=[3])]
    """How many different values there are."""
    violations: Annotated[int, Field(examples=[1])]
    """How many lack a value that is mandatory, or have one that would be refused today."""
    samples: list[Sample]
    """Some of those: of every value the first record that has it, and at most ten."""


class BrokenLink(Schema):
    """A record with a value that does not become a link."""

    entity_type: EntityType
    """What it is."""
    id: Annotated[int, Field(examples=[7])]
    """Its number."""
    reason: Annotated[str, Field(examples=["control_characters"])]
    """Why there is no link; or the code of what is wrong with the template."""


class TemplateUsage(Schema):
    """What a link template makes of the values of a field."""

    id: Annotated[int, Field(examples=[1])]
    """The link template."""
    name: Annotated[str, Field(examples=["Open in ERP"])]
    """Its name."""
    links: Annotated[int, Field(examples=[128])]
    """How many records it gives links to."""
    broken: Annotated[int, Field(examples=[2])]
    """How many have a value that does not become a link."""
    samples: list[BrokenLink]
    """Some of those, at most ten."""


class Usage(Schema):
    """What there is of a field."""

    usage: list[TypeUsage]
    """For each type of record that has the field, or values of it."""
    link_templates: list[TemplateUsage] | MISSING = MISSING
    """What the link templates of the field make of its values."""


class Violation(Schema):
    """A record that breaks the rules of a field as they are now."""

    entity_type: EntityType
    """What it is."""
    entity_id: Annotated[int, Field(examples=[7])]
    """The record."""
    value: Value
    """What it has; null where there is no value."""
    errors: Faults
    """What is wrong with that."""


class Backfill(Body):
    """The value for records that have none: one for all, or what each has in another field."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"value": "gold"}]})

    value: Annotated[JsonValue | MISSING, Field(examples=["gold"])] = MISSING
    """The value of all of them."""
    copy_from: Annotated[Key | MISSING, Field(examples=[])] = MISSING
    """The key of the field that each has its value in."""
    entity_types: EntityTypes | MISSING = MISSING
    """Only records of these types; otherwise all that the field applies to."""


class ChoiceReplacement(Body):
    """What records have instead of a choice that is to go."""

    with_: Annotated[Line | None, Field(alias="with", max_length=LONGEST_CHOICE, examples=["gold"])]
    """Another choice; null for none at all."""


class Conversion(Body):
    """Another kind for a field, and the constraints that go with it.

    Those that are left out stay as they are where the new kind has them as well.
    """

    model_config = ConfigDict(json_schema_extra={"examples": [{"kind": "long_text"}]})

    kind: Annotated[KindName, Field(examples=["long_text"])]
    """The new kind."""
    default: Annotated[JsonValue | MISSING, Field(examples=[])] = MISSING
    """The value of new records that are created without one; by default as it was, converted."""
    min_length: Annotated[Length | MISSING | None, Field(examples=[])] = MISSING
    """Fewest characters."""
    max_length: Annotated[Length | MISSING | None, Field(examples=[])] = MISSING
    """Most characters."""
    pattern: Annotated[
        Annotated[Line, Field(min_length=1, max_length=LONGEST_PATTERN)] | MISSING | None,
        Field(examples=[]),
    ] = MISSING
    """A regular expression the whole value must match."""
    minimum: Annotated[Bound | MISSING, Field(examples=[])] = MISSING
    """The least value."""
    maximum: Annotated[Bound | MISSING, Field(examples=[])] = MISSING
    """The greatest value."""
    scale: Annotated[Scale | MISSING | None, Field(examples=[])] = MISSING
    """Decimals of a `decimal`."""
    schemes: Annotated[Schemes | MISSING | None, Field(examples=[])] = MISSING
    """What a `url` may begin with."""
    choices: Annotated[list[Choice] | MISSING, Field(examples=[])] = MISSING
    """What a `choice` or `multi_choice` offers."""
