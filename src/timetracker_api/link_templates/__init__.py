"""Values as links. Importing this package adds links to every record with custom fields."""

from timetracker_api.link_templates import links, usage

__all__ = ["links", "usage"]
