"""``timetracker-api db``: the revisions of the database, from the command line."""

import json
from collections.abc import Sequence

import typer

from timetracker_api.cli import lazily

HERE = "timetracker_api.cli.db"


def _refused(typed: Sequence[str], problem: str, way_out: str) -> None:
    """Answer programs as well, before people are told."""
    if "--json" not in typed:
        return
    error = {"code": "usage", "message": problem, "way_out": way_out}
    answer = {"command": typed[0], "ok": False, "exit_code": 2, "error": error}
    typer.echo(json.dumps(answer))


app = lazily.group(
    "Move the database along its revisions, and see where it is.",
    {
        "upgrade": f"{HERE}.moving:upgrade",
        "downgrade": f"{HERE}.moving:downgrading",
        "stamp": f"{HERE}.moving:stamp",
        "current": f"{HERE}.looking:current",
        "history": f"{HERE}.looking:history",
        "show": f"{HERE}.looking:show",
        "heads": f"{HERE}.looking:heads",
        "branches": f"{HERE}.looking:branches",
        "check": f"{HERE}.comparing:check",
        "status": f"{HERE}.looking:status",
        "init": f"{HERE}.authoring:init",
        "migrate": f"{HERE}.authoring:migrate",
        "revision": f"{HERE}.authoring:revision",
        "merge": f"{HERE}.authoring:merge",
        "sql": f"{HERE}.authoring:sql",
        "fingerprint": f"{HERE}.fingerprinting:fingerprint",
        "reindex-custom-fields": f"{HERE}.field_indexes:reindex_custom_fields",
        "backup": f"{HERE}.backing_up:backup",
        "restore": f"{HERE}.backing_up:restore",
        "verify": f"{HERE}.backing_up:verify",
        "data": f"{HERE}.data:app",
    },
    refused=_refused,
)
