"""``timetracker-api db``: the revisions of the database, from the command line."""

import typer

from timetracker_api.cli.db import (
    authoring,
    backing_up,
    data,
    field_indexes,
    fingerprinting,
    looking,
    moving,
)

app = typer.Typer(help="Move the database along its revisions, and see where it is.")

app.command()(moving.upgrade)
app.command(context_settings={"ignore_unknown_options": True})(moving.downgrade)  # -1 is no option
app.command()(moving.stamp)
app.command()(looking.current)
app.command()(looking.history)
app.command()(looking.show)
app.command()(looking.heads)
app.command()(looking.branches)
app.command()(looking.check)
app.command()(looking.status)
app.command()(authoring.init)
app.command()(authoring.migrate)
app.command()(authoring.revision)
app.command()(authoring.merge)
app.command()(authoring.sql)
app.command()(fingerprinting.fingerprint)
app.command()(field_indexes.reindex_custom_fields)
app.command()(backing_up.backup)
app.command()(backing_up.restore)
app.command()(backing_up.verify)

changes = typer.Typer(help="Change many rows in batches, as revisions have asked for it.")
changes.command()(data.run)
changes.command()(data.status)
app.add_typer(changes, name="data")
