"""The command line: serve, migrate, and let the first people in."""

import typer

from timetracker_api.cli import custom_fields, db, demo, document, people, serving

app = typer.Typer(
    help="Time tracking as an API.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
app.command("serve")(serving.serve)
app.command("demo")(demo.demo)
app.command("openapi")(document.openapi)
app.add_typer(db.app, name="db")
app.add_typer(custom_fields.app, name="custom-fields")
app.add_typer(people.users, name="users")
app.add_typer(people.tokens, name="tokens")
