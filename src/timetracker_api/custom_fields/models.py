"""Where definitions and values are kept."""

from typing import Any, ClassVar

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, false, text
from sqlalchemy.orm import Mapped, declared_attr, mapped_column

from timetracker_api.db.base import Base, Entity
from timetracker_api.db.schema_version import ChangesSchema
from timetracker_api.db.types import BigKey, JSONDocument, OrderedText


class HasCustomFields:
    """Gives an entity values for the fields that are defined for its type.

    One JSON object keyed by the definitions' keys. A field without a value has no key in it:
    never null, never an empty text, never a default that nobody set.
    """

    entity_type: ClassVar[str]
    may_wait: ClassVar[bool] = False
    """Whether a record that is still in the making, a running timer, may lack what is mandatory.
    Its attribute ``complete`` then says whether it does."""

    def is_in_the_making(self, _values: dict[str, Any]) -> bool:
        """Return whether the record, with these new values, is such a one."""
        return False

    custom_fields: Mapped[dict[str, Any]] = mapped_column(
        default=dict, server_default=text("'{}'"), sort_order=80
    )

    @declared_attr.directive
    @classmethod
    def __table_args__(cls) -> tuple[Any, ...]:
        return cls.rules()

    @classmethod
    def rules(cls) -> tuple[Any, ...]:
        """Return the constraint and the index; a class with others of its own adds these."""
        return (
            CheckConstraint("CAST(custom_fields AS TEXT) LIKE '{%'", name="custom_fields_object"),
            Index(
                None,
                "custom_fields",
                postgresql_using="gin",
                postgresql_ops={"custom_fields": "jsonb_path_ops"},
            ).ddl_if(dialect="postgresql"),
        )


class CustomFieldDefinition(Entity, ChangesSchema):
    """A field that every record of some entity types has, or must have."""

    __tablename__ = "custom_field_definitions"
    entity_type: ClassVar[str] = "custom_field_definition"

    key: Mapped[str] = mapped_column(OrderedText, unique=True)
    label: Mapped[str] = mapped_column(OrderedText)
    description: Mapped[str | None]
    placeholder: Mapped[str | None]
    group: Mapped[str | None]
    kind: Mapped[str]
    applies_to: Mapped[list[str]]
    is_mandatory: Mapped[bool]
    is_active: Mapped[bool]
    default: Mapped[Any | None] = mapped_column(JSONDocument)
    position: Mapped[int]
    min_length: Mapped[int | None]
    max_length: Mapped[int | None]
    pattern: Mapped[str | None]
    minimum: Mapped[Any | None] = mapped_column(JSONDocument)
    maximum: Mapped[Any | None] = mapped_column(JSONDocument)
    scale: Mapped[int | None]
    schemes: Mapped[list[str] | None] = mapped_column(JSONDocument)
    choices: Mapped[list[dict[str, Any]]]
    is_unique: Mapped[bool] = mapped_column(server_default=false())
    is_indexed: Mapped[bool] = mapped_column(server_default=false())
    read_roles: Mapped[list[str]] = mapped_column(server_default=text("'[]'"))
    """Who sees the field, besides those who may define fields; empty for everybody."""
    write_roles: Mapped[list[str]] = mapped_column(server_default=text("'[]'"))
    """Who of those may give it values; empty for whoever may write the record."""
    created_by_id: Mapped[int | None] = mapped_column(BigKey)
    """The user who defined it. Not a foreign key: a definition outlives its author."""


class UniqueValue(Base):
    """A value that one record of a type has, of a field in which no two may have the same.

    Kept in the transaction that writes the record. The primary key decides races, on both
    databases; a look before writing would not.
    """

    __tablename__ = "custom_field_unique_values"

    definition_id: Mapped[int] = mapped_column(
        BigKey, ForeignKey("custom_field_definitions.id", ondelete="CASCADE"), primary_key=True
    )
    entity_type: Mapped[str] = mapped_column(primary_key=True)
    digest: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    """Of what all spellings of the value have in common."""


def entities_with_custom_fields() -> dict[str, type[HasCustomFields]]:
    """Return the classes whose records have custom fields, by entity type."""
    found = {kind.entity_type: kind for kind in HasCustomFields.__subclasses__()}
    if not found:
        raise RuntimeError("import timetracker_api.models first: no entity is known yet")
    return found
