"""Where link templates are kept."""

from typing import ClassVar

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from timetracker_api.db.base import Entity
from timetracker_api.db.schema_version import ChangesSchema
from timetracker_api.db.types import OrderedText


class LinkTemplate(Entity, ChangesSchema):
    """How the values of a field become links."""

    __tablename__ = "link_templates"
    __table_args__ = (Index(None, "field_key", "name", unique=True),)
    entity_type: ClassVar[str] = "link_template"

    name: Mapped[str] = mapped_column(OrderedText)
    url_template: Mapped[str]
    description: Mapped[str | None]
    icon: Mapped[str | None]
    field_key: Mapped[str] = mapped_column(index=True, info={"refers": True})
    """The key of a definition, or a native attribute such as ``client.id``."""
    applies_to: Mapped[list[str]]
    position: Mapped[int]
    is_active: Mapped[bool]
    open_in_new_tab: Mapped[bool]
