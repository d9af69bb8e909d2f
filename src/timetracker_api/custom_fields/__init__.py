"""Fields people define themselves. Importing this package makes every entity check them."""

from timetracker_api.custom_fields import showing, validation
from timetracker_api.custom_fields.models import HasCustomFields

__all__ = ["HasCustomFields", "showing", "validation"]
