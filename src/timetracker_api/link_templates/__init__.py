"""Values as links. Importing this package adds links to every record with custom fields."""

from timetracker_api.link_templates import links

__all__ = ["links"]
