"""The command line: serve, migrate, and let the first people in."""

from timetracker_api.cli import lazily

app = lazily.group(
    "Time tracking as an API.",
    {
        "serve": "timetracker_api.cli.serving:serve",
        "demo": "timetracker_api.cli.demo:demo",
        "openapi": "timetracker_api.cli.document:openapi",
        "db": "timetracker_api.cli.db:app",
        "custom-fields": "timetracker_api.cli.custom_fields:app",
        "users": "timetracker_api.cli.people:users",
        "tokens": "timetracker_api.cli.people:tokens",
    },
)
