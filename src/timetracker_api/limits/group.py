"""What groups of limits have in common."""

from pydantic import ConfigDict

from timetracker_api.schema import Schema


class Group(Schema):
    """Limits that belong together. What does not depend on the settings has its value here."""

    model_config = ConfigDict(json_schema_serialization_defaults_required=True)
