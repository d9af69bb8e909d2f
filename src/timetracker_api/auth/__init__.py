"""Who is asking, and what they may. Importing it keeps rates from who may not see them."""

from timetracker_api.auth import rates

__all__ = ["rates"]
