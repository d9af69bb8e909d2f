"""``python -m timetracker_api`` is the command line."""

from timetracker_api.cli import app

app()
