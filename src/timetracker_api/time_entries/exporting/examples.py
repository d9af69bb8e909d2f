"""What an export looks like, for the OpenAPI document."""

from typing import Any

TABLE = """\
id,user_id,user_name,client_id,client_name,project_id,project_name,task_id,task_name,started_at,\
ended_at,duration_seconds,time_zone,local_date,notes,tags,billable,rate_amount,rate_currency,\
rate_source,source,continues_id,complete,created_at,updated_at,custom.cost_centre\r
7,1,Ada,3,Acme,5,Website,,,2026-11-22T09:30:00Z,\
2026-11-22T11:00:00Z,5400,Europe/Brussels,2026-11-22,Sketches,"meeting, travel",true,95.50,EUR,\
project,manual,,true,2026-11-22T11:00:04Z,2026-11-22T11:00:04Z,CC-12\r
"""

LINES = """\
{"id":7,"user":{"id":1,"name":"Ada"},"client":{"id":3,"name":"Acme"},\
"project":{"id":5,"name":"Website"},"task":null,"started_at":"2026-11-22T09:30:00Z",\
"ended_at":"2026-11-22T11:00:00Z","duration_seconds":5400,"time_zone":"Europe/Brussels",\
"local_date":"2026-11-22","notes":"Sketches","tags":["meeting","travel"],"billable":true,\
"rate":{"amount":"95.50","currency":"EUR","source":"project"},"source":"manual",\
"continues_id":null,"complete":true,"locks":[],"custom_fields":{"cost_centre":"CC-12"},\
"custom_field_links":{},"created_at":"2026-11-22T11:00:04Z","updated_at":"2026-11-22T11:00:04Z"}
"""


def answers(name: str, table: str, lines: str, line: str) -> dict[int | str, dict[str, Any]]:
    """Return the OpenAPI `responses` of what gives a file, with what it is called and holds."""
    return {
        200: {
            "description": "The file",
            "headers": {
                "Content-Disposition": {
                    "description": "The name of the file, with the date.",
                    "schema": {
                        "type": "string",
                        "examples": [f'attachment; filename="{name}-2026-11-22.csv"'],
                    },
                }
            },
            "content": {
                "text/csv": {
                    "schema": {
                        "type": "string",
                        "description": "RFC 4180 in UTF-8 with a header. A text that a spreadsheet "
                        "would compute has an apostrophe in front.",
                    },
                    "example": table,
                },
                "application/jsonl": {
                    "schema": {"type": "string", "description": line},
                    "example": lines,
                },
            },
        }
    }


ANSWERS = answers(
    "time-entries", TABLE, LINES, "On every line an entry, as `GET /time-entries/{id}` shows it."
)
