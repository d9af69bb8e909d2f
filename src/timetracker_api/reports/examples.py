"""What an exported report looks like, for the OpenAPI document."""

from timetracker_api.time_entries.exporting.examples import answers

TABLE = """\
client_id,client_name,month_label,month_first_day,month_last_day,seconds,rounded_seconds,\
billable_seconds,count,running,amount,currency\r
7,Acme,2026-11,2026-11-01,2026-11-30,73800,74700,73800,14,0,1981.62,EUR\r
"""

LINES = """\
{"group":{"client":{"id":7,"name":"Acme"},"month":{"label":"2026-11","first_day":"2026-11-01",\
"last_day":"2026-11-30"}},"seconds":73800,"rounded_seconds":74700,"billable_seconds":73800,\
"count":14,"running":0,"amount":{"amount":"1981.62","currency":"EUR"}}
"""

ANSWERS = answers(
    "time-report", TABLE, LINES, "On every line a group, or the part of it that has one currency."
)
