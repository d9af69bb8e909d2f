"""The answers of this package as the document describes them."""

from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field

from timetracker_api.schema import Schema


class CustomFieldsSchema(Schema):
    """A JSON Schema, draft 2020-12, of an object with the values of custom fields."""

    model_config = ConfigDict(serialize_by_alias=True)

    dialect: Annotated[
        Literal["https://json-schema.org/draft/2020-12/schema"], Field(alias="$schema")
    ]
    """The dialect it is written in."""
    identity: Annotated[
        str,
        Field(
            alias="$id",
            examples=["/api/v1/custom-fields/schema/client?for=create&version=17"],
        ),
    ]
    """Its name. Another one after every change of definitions."""
    title: Annotated[str, Field(examples=["Custom fields of a new client"])]
    """What it is about."""
    type: Literal["object"]
    """The values come as one object."""
    properties: Annotated[
        dict[str, Any],
        Field(examples=[{"debtor_number": {"type": "string", "title": "Debtor number"}}]),
    ]
    """What each value must be like, by key, in the order of forms."""
    required: Annotated[list[str], Field(examples=[["debtor_number"]])] = []
    """The keys that a new record must have. Only `for=create`."""
    additional_properties: Annotated[bool, Field(alias="additionalProperties", examples=[False])]
    """Whether other keys may occur: on records that are read, what an older system left behind."""


class FormLayout(Schema):
    """How the fields of a form are arranged, in the format that was asked for."""

    model_config = ConfigDict(
        extra="allow",
        json_schema_extra={
            "examples": [
                {
                    "type": "VerticalLayout",
                    "elements": [{"type": "Control", "scope": "#/properties/debtor_number"}],
                }
            ]
        },
    )
