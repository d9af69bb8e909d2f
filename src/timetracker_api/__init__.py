"""Time tracking as an API, with custom fields that are defined once and enforced everywhere."""

from importlib.metadata import version

__version__ = version("timetracker-api")
