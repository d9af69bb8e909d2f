"""Link templates, and the links they make, as the API takes and shows them."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any, Literal

from pydantic import Field, JsonValue
from sqlalchemy import ColumnElement

from timetracker_api.custom_fields.schemas import EntityType, EntityTypes
from timetracker_api.db.json.keys import HasItem
from timetracker_api.link_templates.models import LinkTemplate
from timetracker_api.link_templates.template import MAX_TEMPLATE, Reason
from timetracker_api.schema import Body, IdOf, Line, Name, Patch, Resource, Schema, Text
from timetracker_api.web.pagination import Listing

MOST_RECORDS, MOST_VALUES = 10, 100
"""That one template is tried on at once."""

URL_TEMPLATE = "https://erp.example.com/debtors/{value}"


class Link(Schema):
    """A value as a link."""

    template_id: Annotated[int | None, Field(examples=[3])]
    """The template behind it; null for a field of kind `url`, which is its own link."""
    name: Annotated[str, Field(examples=["Open in ERP"])]
    """What to call it."""
    url: Annotated[str, Field(examples=["https://erp.example.com/debtors/10042"])]
    """Where it leads. Its scheme is safe to put into a page."""
    icon: Annotated[str | None, Field(examples=["external-link"])]
    """The name of an icon."""
    open_in_new_tab: Annotated[bool, Field(examples=[True])]
    """Whether it should open apart; then with `rel="noopener"`."""


Links = Annotated[
    dict[str, list[Link]],
    Field(
        examples=[
            {
                "debtor_number": [
                    {
                        "template_id": 3,
                        "name": "Open in ERP",
                        "url": "https://erp.example.com/debtors/10042",
                        "icon": "external-link",
                        "open_in_new_tab": True,
                    }
                ]
            }
        ]
    ),
]
"""Links, by the field they belong to."""


class LinkTemplateBody(Body):
    """All of a link template but its name."""

    url_template: Annotated[
        str, Field(min_length=1, max_length=MAX_TEMPLATE, examples=[URL_TEMPLATE])
    ]
    """A URL with placeholders: `{value}` or `%value%` for the value itself, `{client.id}`,
    `{client.name}` or `{custom.<key>}` for others of the same record. Scheme and host are fixed;
    every value is percent-encoded."""
    description: (
        Annotated[Text, Field(max_length=2000, examples=["The debtor in the ERP."])] | None
    ) = None
    """What it is for."""
    icon: Annotated[str, Field(pattern=r"^[a-z0-9-]{1,50}$", examples=["external-link"])] | None = (
        None
    )
    """The name of an icon."""
    field_key: Annotated[Line, Field(min_length=1, max_length=80, examples=["debtor_number"])]
    """The key of a custom field, or an attribute: `client.id`, `client.name`."""
    applies_to: EntityTypes | None = None
    """The types of records that show it: some of those that have the field. If left out or null,
    all that the field applies to; for an attribute, the type it belongs to."""
    position: Annotated[int, Field(ge=-1_000_000, le=1_000_000, examples=[10])] = 0
    """The order among the links of a field; the name decides between equals."""
    is_active: bool = True
    """Whether it makes links."""
    open_in_new_tab: bool = True
    """Whether the link should open apart."""


class LinkTemplateCreate(LinkTemplateBody):
    """How the values of a field become links."""

    name: Annotated[Name, Field(examples=["Open in ERP"])]
    """What the link is called."""


class LinkTemplatePreview(LinkTemplateBody):
    """A link template that is not saved, and what to try it on.

    That is the latest records with a value, unless some are named or values are made up.
    """

    name: Annotated[Name, Field(examples=["Open in ERP"])] | None = None
    """What the link would be called; for what it makes, it does not matter."""
    entity_type: Annotated[EntityType, Field(examples=["client"])] | None = None
    """Only records of this type."""
    ids: (
        Annotated[list[IdOf], Field(min_length=1, max_length=MOST_RECORDS, examples=[[7]])] | None
    ) = None
    """The records themselves, of that type. Those that the caller may not see are left out."""
    values: (
        Annotated[
            dict[str, JsonValue], Field(max_length=MOST_VALUES, examples=[{"value": "10042"}])
        ]
        | None
    ) = Field(default=None, examples=[None])
    """The values of a record that does not exist, by the names of placeholders; instead of
    records."""


class PreviewedLink(Schema):
    """What becomes of one value."""

    entity_type: Annotated[EntityType | None, Field(examples=["client"])]
    """The type of the record; null for values that are made up."""
    id: Annotated[int | None, Field(examples=[7])]
    """Its number; null for values that are made up."""
    name: Annotated[str | None, Field(examples=["Acme"])]
    """Its name; null for time entries, which have none, and for values that are made up."""
    value: Annotated[JsonValue, Field(examples=["10042"])]
    """The value of the field, or one of several; null where there is none."""
    url: Annotated[str | None, Field(examples=["https://erp.example.com/debtors/10042"])]
    """The link; null where the value makes none."""
    reason: Annotated[Reason | None, Field(examples=[None])]
    """Why it makes none."""


class Preview(Schema):
    """What a link template makes of some values."""

    items: list[PreviewedLink]
    """One for every value; at most ten records."""


class ResolvedLink(Schema):
    """A record that has the address as a link."""

    entity_type: Annotated[EntityType, Field(examples=["client"])]
    """The type of the record."""
    id: Annotated[int, Field(examples=[7])]
    """Its number."""
    name: Annotated[str | None, Field(examples=["Acme"])]
    """Its name; null for time entries, which have none."""
    template_id: Annotated[int | None, Field(examples=[3])]
    """The template that makes the link; null for a field of kind `url`."""
    template_name: Annotated[str, Field(examples=["Open in ERP"])]
    """What the link is called."""
    field_key: Annotated[str, Field(examples=["debtor_number"])]
    """The field it belongs to."""
    value: Annotated[JsonValue, Field(examples=["10042"])]
    """The value that becomes the link."""


class Resolved(Schema):
    """The records that have an address as a link."""

    items: list[ResolvedLink]
    """At most 50; none where nothing links to it."""


class LinkTemplateUpdate(Patch, LinkTemplateCreate):
    """Any of the fields of a link template; the rest stay as they are."""


class LinkTemplateRead(Resource):
    """How the values of a field become links."""

    name: Annotated[str, Field(examples=["Open in ERP"])]
    """What the link is called."""
    url_template: Annotated[str, Field(examples=[URL_TEMPLATE])]
    """A URL with placeholders."""
    description: Annotated[str | None, Field(examples=["The debtor in the ERP."])]
    """What it is for."""
    icon: Annotated[str | None, Field(examples=["external-link"])]
    """The name of an icon."""
    field_key: Annotated[str, Field(examples=["debtor_number"])]
    """The key of a custom field, or an attribute."""
    applies_to: Annotated[list[str], Field(examples=[["client"]])]
    """The types of records that show it."""
    position: Annotated[int, Field(examples=[10])]
    """The order among the links of a field."""
    is_active: Annotated[bool, Field(examples=[True])]
    """Whether it makes links."""
    open_in_new_tab: Annotated[bool, Field(examples=[True])]
    """Whether the link should open apart."""


class LinkTemplateListing(Listing, frozen=True):
    """How to list link templates."""

    field_key: Annotated[str | None, Field(max_length=80)] = None
    """Only those of this field."""
    applies_to: EntityType | None = None
    """Only those that records of this type show."""
    is_active: bool | None = None
    """Only the active, or only the inactive ones."""
    sort: Literal["position", "-position", "name", "-name", "created_at", "-created_at"] = (
        "position"
    )
    """The order; with `-` in front, the other way round."""

    def where(self) -> Iterator[ColumnElement[bool]]:
        """Give the conditions that follow from the parameters."""
        if self.field_key:
            yield LinkTemplate.field_key == self.field_key
        if self.applies_to:
            yield HasItem(LinkTemplate.applies_to, self.applies_to)
        if self.is_active is not None:
            yield LinkTemplate.is_active.is_(self.is_active)

    def order(self) -> Mapping[str, Any]:
        """Give the column behind each value of ``sort``."""
        return {name: getattr(LinkTemplate, name) for name in ("position", "name", "created_at")}

    def ties(self) -> Sequence[Any]:
        """Give the column that decides between equals."""
        return (LinkTemplate.name,)
