"""Custom field definitions as the API takes and shows them."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any, Literal, TypeVar

from pydantic import AfterValidator, Field, JsonValue, WithJsonSchema
from pydantic_core import PydanticCustomError
from sqlalchemy import ColumnElement

from timetracker_api.auth.scopes import Role
from timetracker_api.custom_fields.indexes import IndexState
from timetracker_api.custom_fields.kinds.choices import LONGEST_CHOICE
from timetracker_api.custom_fields.kinds.numbers import MOST_DECIMALS
from timetracker_api.custom_fields.kinds.texts import LONGEST_LONG_TEXT
from timetracker_api.custom_fields.models import CustomFieldDefinition
from timetracker_api.custom_fields.patterns import LONGEST_PATTERN
from timetracker_api.db.json.keys import KEY, LONGEST_KEY, HasItem
from timetracker_api.schema import Body, Line, Name, Patch, Resource, Schema, Text
from timetracker_api.web.pagination import Listing
from timetracker_api.web.parameters import Search

T = TypeVar("T")

EntityType = Literal["client", "project", "task", "time_entry", "invoice"]
"""What can have custom fields. A test holds it against the entities that do."""

KindName = Literal[
    "text",
    "long_text",
    "integer",
    "decimal",
    "boolean",
    "date",
    "datetime",
    "url",
    "email",
    "phone",
    "choice",
    "multi_choice",
    "user",
    "duration",
]


def _once(names: list[T]) -> list[T]:
    return list(dict.fromkeys(names))


EntityTypes = Annotated[
    list[EntityType],
    Field(
        min_length=1,
        max_length=10,
        examples=[["client", "project", "task", "time_entry", "invoice"]],
    ),
    AfterValidator(_once),
]
Key = Annotated[
    str, Field(pattern=rf"^{KEY.pattern}$", max_length=LONGEST_KEY, examples=["debtor_number"])
]
MOST_VALUES = 400
"""In one body: a record may have values of inactive fields as well."""
CustomFields = Annotated[
    dict[str, JsonValue], Field(max_length=MOST_VALUES, examples=[{"debtor_number": "10042"}])
]
"""Values by the keys of their definitions, as records take them."""
CustomValues = Annotated[dict[str, JsonValue], Field(examples=[{"debtor_number": "10042"}])]
"""Values by the keys of their definitions, as records show them."""
Roles = Annotated[
    list[Annotated[Role, Field(strict=False)]],
    Field(max_length=len(Role), examples=[[]]),
    AfterValidator(_once),
]
Length = Annotated[int, Field(ge=0, le=LONGEST_LONG_TEXT)]

Scale = Annotated[int, Field(ge=0, le=MOST_DECIMALS)]
Schemes = Annotated[
    list[Literal["https", "http", "mailto", "tel"]], Field(min_length=1, max_length=4)
]


def _number_or_text(value: object) -> object:
    if value is None or (isinstance(value, int | float | str) and not isinstance(value, bool)):
        return value
    raise PydanticCustomError("type", "Must be a number or text.")


Bound = Annotated[
    Any,
    AfterValidator(_number_or_text),
    WithJsonSchema({"anyOf": [{"type": "number"}, {"type": "string"}, {"type": "null"}]}),
]


class Choice(Body):
    """One value that a choice field offers."""

    value: Annotated[Line, Field(min_length=1, max_length=LONGEST_CHOICE, examples=["gold"])]
    """What is stored. It cannot be changed; the label can."""
    label: Annotated[Name, Field(examples=["Gold"])]
    """What people see."""
    color: Annotated[str, Field(pattern=r"^#[0-9a-fA-F]{6}$", examples=["#ffd700"])] | None = None
    """For badges, as `#rrggbb`."""
    is_active: bool = True
    """Whether it is offered. Records that have it keep it."""


class DefinitionCreate(Body):
    """A field that every record of some types is to have."""

    key: Key
    """What values are stored and filtered under. It cannot be changed; the label can."""
    label: Annotated[Name, Field(examples=["Debtor number"])]
    """What people see."""
    description: Annotated[Text, Field(max_length=2000, examples=["As in the ERP."])] | None = None
    """Help for whoever fills it in."""
    placeholder: Annotated[Line, Field(max_length=200, examples=["10042"])] | None = None
    """Shown in an empty input."""
    group: Annotated[Name, Field(examples=["Accounting"])] | None = None
    """The heading it stands under in forms."""
    kind: KindName
    """What it holds. To change it, convert the field."""
    applies_to: EntityTypes = ["client"]
    """The types of records that have it."""
    is_mandatory: bool = False
    """Whether new records must have a value, and records that have one must keep one."""
    is_active: bool = True
    """Inactive fields are not shown and not checked; their values are kept."""
    default: Annotated[Any, Field(examples=[None])] = None
    """The value of new records that are created without one."""
    position: Annotated[int, Field(ge=-1_000_000, le=1_000_000, examples=[10])] = 0
    """The order in forms; the label decides between equals."""
    min_length: Annotated[Length, Field(examples=[4])] | None = None
    """Fewest characters. For `text` and `long_text`."""
    max_length: Annotated[Length, Field(ge=1, examples=[10])] | None = None
    """Most characters. For `text` (by default 255) and `long_text` (by default 65536);
    with a pattern at most 2000."""
    pattern: (
        Annotated[Line, Field(min_length=1, max_length=LONGEST_PATTERN, examples=["[0-9]{4,10}"])]
        | None
    ) = None
    """A regular expression the whole value must match; no look-around, no back-references.
    For `text` and `long_text`."""
    minimum: Annotated[Bound, Field(examples=[None])] = None
    """The least value. For `integer`, `decimal`, `date` and `duration`."""
    maximum: Annotated[Bound, Field(examples=[None])] = None
    """The greatest value. For `integer`, `decimal`, `date` and `duration`."""
    scale: Annotated[Scale | None, Field(examples=[None])] = None
    """Decimals of a `decimal`, by default 2."""
    schemes: Annotated[Schemes | None, Field(examples=[None])] = None
    """What a `url` may begin with, by default `https` and `http`."""
    choices: Annotated[list[Choice], Field(examples=[[]])] = []
    """What a `choice` or `multi_choice` offers."""
    is_unique: bool = False
    """Whether no two records of a type may have the same value, whatever its case and spacing.
    Not for `boolean` and `multi_choice`."""
    is_indexed: bool = False
    """Whether comparing and sorting by it is to be fast on large lists. Not for `multi_choice`."""
    read_roles: Roles = []
    """Who sees the field and its values; empty for everybody. Whoever may define fields sees all
    of them."""
    write_roles: Roles = []
    """Who of those may give it values; empty for whoever may write the record."""


class DefinitionUpdate(Patch, DefinitionCreate):
    """Any of the fields of a definition; the rest stay as they are. `key` and `kind` may be sent
    along, but not changed.
    """


class ChoiceRead(Schema):
    """One value that a choice field offers."""

    value: Annotated[str, Field(examples=["gold"])]
    """What is stored."""
    label: Annotated[str, Field(examples=["Gold"])]
    """What people see."""
    color: Annotated[str | None, Field(examples=["#ffd700"])]
    """For badges, as `#rrggbb`."""
    is_active: Annotated[bool, Field(examples=[True])]
    """Whether it is offered."""


class DefinitionRead(Resource):
    """A field that every record of some types has."""

    key: Annotated[str, Field(examples=["debtor_number"])]
    """What values are stored and filtered under."""
    label: Annotated[str, Field(examples=["Debtor number"])]
    """What people see."""
    description: Annotated[str | None, Field(examples=["As in the ERP."])]
    """Help for whoever fills it in."""
    placeholder: Annotated[str | None, Field(examples=["10042"])]
    """Shown in an empty input."""
    group: Annotated[str | None, Field(examples=["Accounting"])]
    """The heading it stands under in forms."""
    kind: KindName
    """What it holds."""
    applies_to: Annotated[list[str], Field(examples=[["client"]])]
    """The types of records that have it."""
    is_mandatory: Annotated[bool, Field(examples=[True])]
    """Whether new records must have a value, and records that have one must keep one."""
    is_active: Annotated[bool, Field(examples=[True])]
    """Inactive fields are not shown and not checked; their values are kept."""
    default: Annotated[Any, Field(examples=[None])]
    """The value of new records that are created without one."""
    position: Annotated[int, Field(examples=[10])]
    """The order in forms; the label decides between equals."""
    min_length: Annotated[int | None, Field(examples=[4])]
    """Fewest characters."""
    max_length: Annotated[int | None, Field(examples=[10])]
    """Most characters."""
    pattern: Annotated[str | None, Field(examples=["[0-9]{4,10}"])]
    """A regular expression the whole value must match."""
    minimum: Annotated[int | str | None, Field(examples=[None])]
    """The least value, in the form values have."""
    maximum: Annotated[int | str | None, Field(examples=[None])]
    """The greatest value, in the form values have."""
    scale: Annotated[int | None, Field(examples=[None])]
    """Decimals of a `decimal`."""
    schemes: Annotated[list[str] | None, Field(examples=[None])]
    """What a `url` may begin with."""
    choices: Annotated[list[ChoiceRead], Field(examples=[[]])]
    """What a `choice` or `multi_choice` offers."""
    is_unique: Annotated[bool, Field(examples=[False])]
    """Whether no two records of a type may have the same value."""
    is_indexed: Annotated[bool, Field(examples=[False])]
    """Whether comparing and sorting by it is to be fast on large lists."""
    index_state: IndexState
    """`none` where no index is wanted. Otherwise how far that has come: `pending`, `building`,
    `ready`, or `failed`, for which the log has the reason."""
    read_roles: Annotated[list[str], Field(examples=[[]])]
    """Who sees the field and its values; empty for everybody."""
    write_roles: Annotated[list[str], Field(examples=[[]])]
    """Who of those may give it values; empty for whoever may write the record."""
    created_by_id: Annotated[int | None, Field(examples=[1])]
    """The user who defined it."""
    version: Annotated[int, Field(examples=[1])]
    """1 when created; one more with every change."""


class DefinitionListing(Listing, frozen=True):
    """How to list definitions."""

    search: Search | None = None
    """Only those whose key contains this."""
    kind: KindName | None = None
    """Only those of this kind."""
    applies_to: EntityType | None = None
    """Only those that records of this type have."""
    is_active: bool | None = None
    """Only the active, or only the inactive ones."""
    is_mandatory: bool | None = None
    """Only the mandatory, or only the optional ones."""
    sort: Literal["position", "-position", "key", "-key", "created_at", "-created_at"] = "position"
    """The order; with `-` in front, the other way round."""

    def where(self) -> Iterator[ColumnElement[bool]]:
        """Give the conditions that follow from the parameters."""
        definition = CustomFieldDefinition
        if self.search:
            yield definition.key.contains(self.search.casefold(), autoescape=True)
        if self.kind:
            yield definition.kind == self.kind
        if self.applies_to:
            yield HasItem(definition.applies_to, self.applies_to)
        if self.is_active is not None:
            yield definition.is_active.is_(self.is_active)
        if self.is_mandatory is not None:
            yield definition.is_mandatory.is_(self.is_mandatory)

    def order(self) -> Mapping[str, Any]:
        """Give the column behind each value of ``sort``."""
        return {
            name: getattr(CustomFieldDefinition, name) for name in ("position", "key", "created_at")
        }

    def ties(self) -> Sequence[Any]:
        """Give the column that decides between equals."""
        return (CustomFieldDefinition.label,)
